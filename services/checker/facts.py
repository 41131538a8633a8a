"""What one event adds, read from it alone (RULES 3): a pure function of its data.

Durations in seconds, money in integer micro-units; None where nothing is stated.
"""

from collections.abc import Callable
from datetime import date, datetime
from sys import intern
from typing import Any, NamedTuple

from events.money import NO_CURRENCY, to_micros
from services.checker.reading import Object, moment
from services.checker.shape import declared, is_act

UNSTATED = "unstated"
_OF_REJECTIONS = ("rejected", "rejected-taken-back", "rejected-paid")
#: Gives the day of a moment in the registry's time zone.
DayOf = Callable[[datetime], date]


class Values(NamedTuple):
    """What stands for an event, named and ordered as in the view `fact`."""

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

    def negative(self) -> "Values":
        """The exact negative: every number turned, all else as it stands."""
        return self._replace(
            n=_minus(self.n),
            seconds=_minus(self.seconds),
            amount=_minus(self.amount),
            fee=_minus(self.fee),
            tax=_minus(self.tax),
            withheld=_minus(self.withheld),
            net=_minus(self.net),
        )


def _minus(number: int | None) -> int | None:
    return None if number is None else -number


def values_of(event_type: str, data: Object, time: str, day_of: DayOf) -> Values:
    """What an event of this type, data and `time` adds."""
    special = _FAMILIES.get(event_type)
    if special is None:
        return _other(event_type, data)
    return special(data, time, day_of)


def _other(event_type: str, data: Object) -> Values:
    """Families that are in no sum still say who and what they are about.

    An act is about somebody else's worker, so it names none of its own emitter. A contract's
    task group is a term, kept in `told`: groups in facts are those of work.
    """
    if is_act(event_type):
        return Values()
    names = declared(event_type)
    said = {name: data.get(name) for name in _ABOUT if name in names}
    return Values(
        worker=said.get("worker"),
        task=said.get("task"),
        contract=said.get("contract"),
        residence=said.get("residence") or "",
        sandbox=said.get("sandbox") is True,
    )


_ABOUT = ("worker", "task", "contract", "residence", "sandbox")


def _work(data: Object, time: str, day_of: DayOf, kind: str, **more: Any) -> Values:
    contract = data.get("contract")
    return Values(
        # Equal texts are kept once, so that millions of events fit into memory.
        worker=intern(data["worker"]),
        task=data["task"],
        contract=intern(contract) if contract else None,
        residence=data.get("residence") or "",
        task_group=data.get("task_group") or UNSTATED,
        day=day_of(moment(data.get("submitted") or time)),
        kind=kind,
        n=1,
        sandbox=data.get("sandbox") is True,
        **more,
    )


def _completed(data: Object, time: str, day_of: DayOf) -> Values:
    return _work(data, time, day_of, "completed", seconds=_seconds(data))


def _approved(data: Object, time: str, day_of: DayOf) -> Values:
    decided_by = data.get("decided_by") or UNSTATED
    seconds, amount = _seconds(data), _micros(data.get("amount"))
    if amount is None:
        kind = "approved-unstated"
        return _work(data, time, day_of, kind, seconds=seconds, decided_by=decided_by)
    return _work(
        data,
        time,
        day_of,
        "approved",
        seconds=seconds,
        amount=amount,
        currency=data["currency"],
        decided_by=decided_by,
    )


def _returned(data: Object, time: str, day_of: DayOf) -> Values:
    return _work(data, time, day_of, "returned", seconds=_seconds(data))


def _expired(data: Object, time: str, day_of: DayOf) -> Values:
    return _work(data, time, day_of, "expired", seconds=_seconds(data))


def _aborted(data: Object, time: str, day_of: DayOf) -> Values:
    return _work(data, time, day_of, "aborted", seconds=_seconds(data))


def _rejected(data: Object, time: str, day_of: DayOf) -> Values:
    said = {
        "reason": data.get("reason_code"),
        "decided_by": data.get("decided_by") or UNSTATED,
    }
    back = data.get("taken_back")
    if back is not None:
        said |= {"amount": -to_micros(back["amount"]), "currency": back["currency"]}
        kind = "rejected-taken-back"
        return _work(data, time, day_of, kind, seconds=_seconds(data), **said)
    if data.get("pay_refused") is True:
        return _work(data, time, day_of, "rejected", seconds=_seconds(data), **said)
    return _work(data, time, day_of, "rejected-paid", **said)


def _rejection_withdrawn(data: Object, time: str, day_of: DayOf) -> Values:
    return _rejected(data, time, day_of).negative()


def _time_reported(data: Object, time: str, day_of: DayOf) -> Values:
    return Values(
        worker=intern(data["worker"]),
        residence=data.get("residence") or "",
        day=date.fromisoformat(data["day"]),
        kind=data["kind"],
        seconds=_seconds(data),
        sandbox=data.get("sandbox") is True,
    )


def _paid(data: Object, time: str, day_of: DayOf) -> Values:
    return Values(
        worker=intern(data["worker"]),
        residence=data.get("residence") or "",
        currency=data["currency"],
        rail=data.get("rail") or UNSTATED,
        day=day_of(moment(data.get("paid_at") or time)),
        kind="payment",
        n=1,
        amount=_micros(data["gross"]),
        fee=_micros(data.get("fee")),
        tax=_micros(data.get("taxes")),
        withheld=_micros(data.get("contribution_withheld")),
        net=_micros(data.get("net")),
        sandbox=data.get("sandbox") is True,
    )


def _payment_reversed(data: Object, time: str, day_of: DayOf) -> Values:
    return _paid(data, time, day_of).negative()


def _seconds(data: Object) -> int | None:
    seconds: int | None = data.get("seconds")
    return seconds


def _micros(amount: str | None) -> int | None:
    return None if amount is None else to_micros(amount)


_FAMILIES: dict[str, Callable[[Object, str, DayOf], Values]] = {
    "task.completed.v1": _completed,
    "task.approved.v1": _approved,
    "task.returned.v1": _returned,
    "task.expired.v1": _expired,
    "task.aborted.v1": _aborted,
    "rejection.issued.v1": _rejected,
    "rejection.withdrawn.v1": _rejection_withdrawn,
    "time.reported.v1": _time_reported,
    "payment.made.v1": _paid,
    "payment.reversed.v1": _payment_reversed,
}


def is_rejection(kind: str | None) -> bool:
    """Whether a kind stands in the view of refusals."""
    return kind in _OF_REJECTIONS
