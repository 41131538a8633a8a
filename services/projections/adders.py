"""What one event adds to the sums, read from it alone (RULES 3): an adder for each type."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from events import data as d
from events import vocabulary as v
from events.days import Days
from events.money import NO_CURRENCY, to_micros
from events.vocabulary import Event

UNSTATED = "unstated"


class Row(msgspec.Struct, gc=False):
    """One row of the batch: an event's head, or the candidate of a correction.

    The first fields are what the event adds; their defaults are those of an event that is in no
    sum. The last say where it stands, and are set when it has its place. Worker and emitter are
    still text: codes belong to a generation.
    """

    worker: str | None = None
    task: str | None = None
    contract: str | None = None
    residence: str = ""
    task_group: str = UNSTATED
    currency: str = NO_CURRENCY
    rail: str = UNSTATED
    day: date | None = None
    kind: str | None = None
    n: int | None = None
    seconds: int | None = None
    amount: int | None = None
    fee: int | None = None
    tax: int | None = None
    withheld: int | None = None
    net: int | None = None
    reason: str | None = None
    decided_by: str = UNSTATED
    sandbox: bool = False

    event_number: int = 0
    leaf_index: int = 0
    recorded_day: date = date.min
    emitter: str = ""
    type: str = ""
    event_id: str | None = None
    digest: int | None = None
    unstated: str | None = None
    corrects_id: str | None = None
    replaces: str | None = None

    def negative(self) -> "Row":
        """The exact negative, count too."""
        for name in ("n", "seconds", "amount", "fee", "tax", "withheld", "net"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, -value)
        return self


def _micros(amount: str | None) -> int | None:
    return None if amount is None else to_micros(amount)


def _work(data: d.Work, event: Event, days: Days, kind: str, seconds: int | None) -> Row:
    return Row(
        worker=data.worker,
        task=data.task,
        contract=data.contract,
        residence=data.residence or "",
        task_group=data.task_group or UNSTATED,
        day=days.day_of(data.submitted or event.time),
        kind=kind,
        n=1,
        seconds=seconds,
        sandbox=bool(data.sandbox),
    )


def _plain_work(kind: str) -> "Adder":
    def add(data: d.Work, event: Event, days: Days) -> Row:
        return _work(data, event, days, kind, data.seconds)

    return add


def _approval(data: d.Approval, event: Event, days: Days) -> Row:
    kind = "approved-unstated" if data.amount is None else "approved"
    added = _work(data, event, days, kind, data.seconds)
    added.decided_by = data.decided_by or UNSTATED
    if data.amount is not None and data.currency is not None:
        added.amount, added.currency = to_micros(data.amount), data.currency
    return added


def _rejection(data: d.Rejection, event: Event, days: Days) -> Row:
    taken = data.taken_back
    refused = bool(data.pay_refused) or taken is not None
    kind = "rejected-taken-back" if taken else "rejected" if refused else "rejected-paid"
    added = _work(data, event, days, kind, data.seconds if refused else None)
    added.reason, added.decided_by = data.reason_code, data.decided_by or UNSTATED
    if taken:
        added.amount, added.currency = -to_micros(taken.amount), taken.currency
    return added


def _unpaid_time(data: d.UnpaidTime, event: Event, days: Days) -> Row:
    return Row(
        worker=data.worker,
        residence=data.residence or "",
        day=data.day,
        kind=data.kind,
        seconds=data.seconds,
        sandbox=bool(data.sandbox),
    )


def _payment(data: d.Payment, event: Event, days: Days) -> Row:
    return Row(
        worker=data.worker,
        residence=data.residence or "",
        currency=data.currency,
        rail=data.rail or UNSTATED,
        day=days.day_of(data.paid_at or event.time),
        kind="payment",
        n=1,
        amount=to_micros(data.gross),
        fee=_micros(data.fee),
        tax=_micros(data.taxes),
        withheld=_micros(data.contribution_withheld),
        net=_micros(data.net),
        sandbox=bool(data.sandbox),
    )


def _no_sum(data: Any, event: Event, days: Days) -> Row:
    """Kept, counted and shown, but in no sum."""
    of_platform = isinstance(data, d.Data) and type(data).__module__ == d.__name__
    return Row(
        worker=getattr(data, "worker", None) if of_platform else None,
        contract=getattr(data, "contract", None),
        task=getattr(data, "task", None),
        residence=getattr(data, "residence", None) or "",
        sandbox=bool(getattr(data, "sandbox", None)),
    )


Adder = Callable[[Any, Event, Days], Row]


def _negative(adder: Adder) -> Adder:
    def add(data: Any, event: Event, days: Days) -> Row:
        return adder(data, event, days).negative()

    return add


#: How each type adds up.
ADDERS: dict[str, Adder] = {v.type_of(event): _no_sum for event in v.EVENTS} | {
    v.type_of(v.TaskCompleted): _plain_work("completed"),
    v.type_of(v.TaskApproved): _approval,
    v.type_of(v.TaskReturned): _plain_work("returned"),
    v.type_of(v.TaskExpired): _plain_work("expired"),
    v.type_of(v.TaskAborted): _plain_work("aborted"),
    v.type_of(v.TimeReported): _unpaid_time,
    v.type_of(v.RejectionIssued): _rejection,
    v.type_of(v.RejectionWithdrawn): _negative(_rejection),
    v.type_of(v.PaymentMade): _payment,
    v.type_of(v.PaymentReversed): _negative(_payment),
}
