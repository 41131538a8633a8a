"""From a leaf's body to rows: what each event adds can be read from it alone (RULES 3).

Pure: a body goes in, rows come out. The order of `BATCH_COLUMNS` is the order of every row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from events import data as d
from events import vocabulary as v
from events.days import Days
from events.keys import KeyRing
from events.leaf import Leaf
from events.money import NO_CURRENCY, to_micros
from events.submission import decode_events
from events.vocabulary import Event
from services.projections.anomalies import LEGAL_TERMS
from services.projections.digests import content_digests

BATCH_COLUMNS = (
    "event_number",
    "leaf_index",
    "recorded_day",
    "emitter_code",
    "type",
    "event_id",
    "digest",
    "worker_code",
    "task",
    "contract",
    "residence",
    "task_group",
    "currency",
    "rail",
    "day",
    "kind",
    "n",
    "seconds",
    "amount",
    "fee",
    "tax",
    "withheld",
    "net",
    "reason",
    "decided_by",
    "sandbox",
    "unstated",
    "corrects_id",
    "replaces",
)
NOTED_COLUMNS = ("event_number", "leaf_index", "emitter_code", "rule", "pointer")
TOLD_COLUMNS = (
    "event_number",
    "leaf_index",
    "recorded_day",
    "emitter_code",
    "type",
    "subject",
    "data",
)
UNSTATED = "unstated"


@dataclass(slots=True)
class Added:
    """What one event adds; the defaults are those of an event that is in no sum."""

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

    def negative(self) -> "Added":
        """The exact negative, count too."""
        for name in ("n", "seconds", "amount", "fee", "tax", "withheld", "net"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, -value)
        return self


@dataclass(slots=True)
class Rows:
    """What leaves add, as rows to load: worker and emitter are still text."""

    batch: list[tuple[Any, ...]] = field(default_factory=list)
    noted: list[tuple[Any, ...]] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)


# --- one adder per class of data ----------------------------------------------------------


def _micros(amount: str | None) -> int | None:
    return None if amount is None else to_micros(amount)


def _work(data: d.Work, event: Event, days: Days, kind: str, seconds: int | None) -> Added:
    return Added(
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
    def add(data: d.Work, event: Event, days: Days) -> Added:
        return _work(data, event, days, kind, data.seconds)

    return add


def _approval(data: d.Approval, event: Event, days: Days) -> Added:
    kind = "approved-unstated" if data.amount is None else "approved"
    added = _work(data, event, days, kind, data.seconds)
    added.decided_by = data.decided_by or UNSTATED
    if data.amount is not None and data.currency is not None:
        added.amount, added.currency = to_micros(data.amount), data.currency
    return added


def _rejection(data: d.Rejection, event: Event, days: Days) -> Added:
    taken = data.taken_back
    refused = bool(data.pay_refused) or taken is not None
    kind = "rejected-taken-back" if taken else "rejected" if refused else "rejected-paid"
    added = _work(data, event, days, kind, data.seconds if refused else None)
    added.reason, added.decided_by = data.reason_code, data.decided_by or UNSTATED
    if taken:
        added.amount, added.currency = -to_micros(taken.amount), taken.currency
    return added


def _unpaid_time(data: d.UnpaidTime, event: Event, days: Days) -> Added:
    return Added(
        worker=data.worker,
        residence=data.residence or "",
        day=data.day,
        kind=data.kind,
        seconds=data.seconds,
        sandbox=bool(data.sandbox),
    )


def _payment(data: d.Payment, event: Event, days: Days) -> Added:
    return Added(
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


def _no_sum(data: Any, event: Event, days: Days) -> Added:
    """Kept, counted and shown, but in no sum."""
    of_platform = isinstance(data, d.Data) and type(data).__module__ == d.__name__
    return Added(
        worker=getattr(data, "worker", None) if of_platform else None,
        contract=getattr(data, "contract", None),
        task=getattr(data, "task", None),
        residence=getattr(data, "residence", None) or "",
        sandbox=bool(getattr(data, "sandbox", None)),
    )


Adder = Callable[[Any, Event, Days], Added]


def _negative(adder: Adder) -> Adder:
    def add(data: Any, event: Event, days: Days) -> Added:
        return adder(data, event, days).negative()

    return add


_ADDERS: dict[str, Adder] = {v.type_of(event): _no_sum for event in v.EVENTS} | {
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

#: What an event is about, for those whose content is kept for reading.
_SUBJECTS: dict[type[Event], Callable[[Any], str]] = {
    v.ContractPublished: lambda data: data.contract,
    v.ContractAmended: lambda data: data.contract,
    v.ContractWithdrawn: lambda data: data.contract,
    v.ContractAccepted: lambda data: data.contract,
    v.DisputeOpened: lambda data: data.dispute,
    v.DisputeAnswered: lambda data: data.dispute,
    v.DisputeDecided: lambda data: data.dispute,
    v.ReviewGiven: lambda data: data.client,
    v.AccountOpened: lambda data: data.worker,
    v.AccountSuspended: lambda data: data.worker,
    v.AccountClosed: lambda data: data.worker,
    v.DayNil: lambda data: data.day.isoformat(),
    v.AuthorityEstablished: lambda data: "authority",
    v.PlatformRegistered: lambda data: data.emitter,
    v.PlatformRenamed: lambda data: data.emitter,
    v.PlatformSucceeded: lambda data: data.emitter,
    v.PlatformObserved: lambda data: data.name,
    v.FundRegistered: lambda data: data.emitter,
    v.KeyAdded: lambda data: data.emitter,
    v.KeyRevoked: lambda data: data.kid,
    v.PolicyAdopted: lambda data: data.country,
    v.RatePublished: lambda data: f"{data.base}/{data.quote}/{data.day.isoformat()}",
    v.IdentityLinked: lambda data: data.person,
    v.IdentityUnlinked: lambda data: data.person,
    v.SchemeAssigned: lambda data: data.scheme,
    v.LedgerPosted: lambda data: data.scheme,
    v.PeriodClosed: lambda data: data.scheme,
    v.RemittanceReceived: lambda data: data.scheme,
    v.SubmissionQuarantined: lambda data: str(data.leaf_index),
    v.CorrectionCancelled: lambda data: data.event,
    v.CorrectionReplaced: lambda data: data.event,
}

#: Acts that change who may speak; one that changes nothing is an anomaly.
_KEY_ACTS = (
    v.AuthorityEstablished,
    v.PlatformRegistered,
    v.PlatformRenamed,
    v.FundRegistered,
    v.KeyAdded,
    v.KeyRevoked,
)
_CONTRACTS = (v.ContractPublished, v.ContractAmended)

_OPTIONAL: dict[type[Any], tuple[str, ...]] = {
    data: tuple(
        f.name for f in msgspec.structs.fields(data) if not f.required and f.name != "sandbox"
    )
    for data in {v.data_type_of(event) for event in v.EVENTS}
}
_TYPES: dict[type[Event], str] = {event: v.type_of(event) for event in v.EVENTS}


# --- a leaf ------------------------------------------------------------------------------


def add_leaf(rows: Rows, index: int, leaf: Leaf, body: bytes, *, days: Days, ring: KeyRing) -> None:
    """Append the rows of one counted leaf. Raises if the body cannot be digested (RULES 5.5).

    `ring` holds the keys before this leaf and is moved behind it.
    """
    assert leaf.first_event is not None
    events = decode_events(body)
    if len(events) != leaf.events:
        raise ValueError(f"leaf {index} says {leaf.events} events, its body holds {len(events)}")
    recorded = days.day_of(leaf.sequenced)
    for offset, (event, digest) in enumerate(zip(events, content_digests(body), strict=True)):
        number = leaf.first_event + offset
        place = (number, index, recorded, leaf.emitter)
        _add_event(rows, place, event, digest, days)
        _note(rows, (number, index, leaf.emitter), event, ring, index)


def _add_event(rows: Rows, place: tuple[Any, ...], event: Event, digest: int, days: Days) -> None:
    kind = _TYPES[type(event)]
    data = event.data
    unstated = _unstated(data)
    if isinstance(event, v.CorrectionCancelled | v.CorrectionReplaced):
        rows.batch.append(_row(place, kind, event.id, digest, Added(), unstated))
        rows.batch.append(_candidate(place, kind, event, days))
    else:
        added = _ADDERS[kind](data, event, days)
        rows.batch.append(_row(place, kind, event.id, digest, added, unstated))
    subject = _SUBJECTS.get(type(event))
    if subject is not None:
        rows.told.append((*place, kind, subject(data), msgspec.json.encode(data).decode()))


def _candidate(
    place: tuple[Any, ...],
    kind: str,
    event: v.CorrectionCancelled | v.CorrectionReplaced,
    days: Days,
) -> tuple[Any, ...]:
    """The version that a correction puts in place, if it turns out to have effect."""
    if isinstance(event, v.CorrectionCancelled):
        return _row(place, kind, None, None, Added(), None, event.data.event)
    replacement = event.data.replacement
    replaces: str = replacement.__struct_config__.tag
    added = _ADDERS[replaces](replacement.data, event, days)
    return _row(place, replaces, None, None, added, None, event.data.event, replaces)


def _row(
    place: tuple[Any, ...],
    kind: str,
    event_id: str | None,
    digest: int | None,
    a: Added,
    unstated: str | None,
    corrects_id: str | None = None,
    replaces: str | None = None,
) -> tuple[Any, ...]:
    return (
        *place,
        kind,
        event_id,
        digest,
        a.worker,
        a.task,
        a.contract,
        a.residence,
        a.task_group,
        a.currency,
        a.rail,
        a.day,
        a.kind,
        a.n,
        a.seconds,
        a.amount,
        a.fee,
        a.tax,
        a.withheld,
        a.net,
        a.reason,
        a.decided_by,
        a.sandbox,
        unstated,
        corrects_id,
        replaces,
    )


def _unstated(data: Any) -> str:
    return " ".join([name for name in _OPTIONAL[type(data)] if getattr(data, name) is None])


def _note(rows: Rows, place: tuple[int, int, str], event: Event, ring: KeyRing, index: int) -> None:
    if isinstance(event, _CONTRACTS):
        missing = [term for term in LEGAL_TERMS if getattr(event.data, term) is None]
        noted = [("contract-term-missing", f"/data/{term}") for term in missing]
    elif isinstance(event, v.PlatformSucceeded):
        known = {event.data.emitter, event.data.successor} <= ring.emitters.keys()
        noted = [] if known else [("act-without-effect", "/data")]
    elif isinstance(event, _KEY_ACTS):
        noted = [] if ring.apply([event], index) else [("act-without-effect", "/data")]
    else:
        return
    rows.noted += [(*place, *one) for one in noted]
