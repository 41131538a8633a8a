"""From a leaf's body to rows: what each event adds can be read from it alone (RULES 3).

Pure: a body goes in, rows come out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from events import vocabulary as v
from events.days import Days
from events.keys import KeyRing
from events.leaf import Leaf
from events.submission import decode_events
from events.vocabulary import Event
from services.projections.adders import ADDERS, Row
from services.projections.anomalies import LEGAL_TERMS
from services.projections.digests import content_digests

#: Event number, leaf index, emitter, rule, pointer.
Noted = tuple[int, int, str, str, str]
#: Event number, leaf index, recorded day, emitter, type, subject, data as JSON.
Told = tuple[int, int, date, str, str, str, str]


@dataclass(slots=True)
class Rows:
    """What leaves add, as rows to load.

    `acts`: the leaves with acts about who may speak. `ids`: every event's emitter and id;
    `shared_ids`: whether one of them stands twice.
    """

    batch: list[Row] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    acts: list[int] = field(default_factory=list)
    ids: set[tuple[str, str]] = field(default_factory=set)
    shared_ids: bool = False


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
#: What the keys before it decide: whether it has an effect.
_ABOUT_SPEAKERS = frozenset((*_KEY_ACTS, v.PlatformSucceeded))
_CONTRACTS = frozenset((v.ContractPublished, v.ContractAmended))
_CORRECTIONS = frozenset(v.CORRECTIONS)

#: The fields of each class of data that may be unstated.
_STATABLE: dict[type[Any], tuple[str, ...]] = {
    data: tuple(
        f.name for f in msgspec.structs.fields(data) if not f.required and f.name != "sandbox"
    )
    for data in {v.data_type_of(event) for event in v.EVENTS}
}
_TYPES: dict[type[Event], str] = {event: v.type_of(event) for event in v.EVENTS}


def add_leaf(rows: Rows, index: int, leaf: Leaf, body: bytes, *, days: Days) -> None:
    """Append the rows of one counted leaf. Raises if the body cannot be digested (RULES 5.5)."""
    assert leaf.first_event is not None
    events = decode_events(body)
    if len(events) != leaf.events:
        raise ValueError(f"leaf {index} says {leaf.events} events, its body holds {len(events)}")
    recorded = days.day_of(leaf.sequenced)
    digests = content_digests(body)
    for number, (event, digest) in enumerate(zip(events, digests, strict=True), leaf.first_event):
        _add_event(rows, (number, index, recorded, leaf.emitter), event, digest, days)
    _add_ids(rows, leaf.emitter, events)
    if not _ABOUT_SPEAKERS.isdisjoint(map(type, events)):
        rows.acts.append(index)


def note_acts(index: int, leaf: Leaf, events: Sequence[Event], ring: KeyRing) -> list[Noted]:
    """Move a ring behind a leaf with acts about who may speak; those without effect are noted."""
    assert leaf.first_event is not None
    noted: list[Noted] = []
    for number, event in enumerate(events, leaf.first_event):
        if type(event) in _ABOUT_SPEAKERS and not _has_effect(event, ring, index):
            noted.append((number, index, leaf.emitter, "act-without-effect", "/data"))
    return noted


def _has_effect(event: Event, ring: KeyRing, index: int) -> bool:
    if isinstance(event, v.PlatformSucceeded):
        return {event.data.emitter, event.data.successor} <= ring.emitters.keys()
    return bool(ring.apply([event], index))


def _add_event(
    rows: Rows, place: tuple[int, int, date, str], event: Event, digest: int, days: Days
) -> None:
    cls, data = type(event), event.data
    kind = _TYPES[cls]
    corrects = cls in _CORRECTIONS
    head = Row() if corrects else ADDERS[kind](data, event, days)
    head.event_number, head.leaf_index, head.recorded_day, head.emitter = place
    head.type, head.event_id, head.digest = kind, event.id, digest
    head.unstated = _unstated(data)
    rows.batch.append(head)
    if corrects:
        rows.batch.append(_candidate(place, event, days))
    subject = _SUBJECTS.get(cls)
    if subject is not None:
        rows.told.append((*place, kind, subject(data), msgspec.json.encode(data).decode()))
    if cls in _CONTRACTS:
        rows.noted += _missing_terms(place, data)


def _add_ids(rows: Rows, emitter: str, events: Sequence[Event]) -> None:
    before = len(rows.ids)
    rows.ids.update((emitter, event.id) for event in events)
    rows.shared_ids |= len(rows.ids) < before + len(events)


def _candidate(place: tuple[int, int, date, str], event: Event, days: Days) -> Row:
    """The version that a correction puts in place, if it turns out to have effect."""
    if isinstance(event, v.CorrectionReplaced):
        new = event.data.replacement
        replaces: str = new.__struct_config__.tag
        row = ADDERS[replaces](new.data, event, days)
        row.type = row.replaces = replaces
    else:
        row = Row(type=_TYPES[type(event)])
    row.corrects_id = event.data.event
    row.event_number, row.leaf_index, row.recorded_day, row.emitter = place
    return row


def _missing_terms(place: tuple[int, int, date, str], data: Any) -> list[Noted]:
    number, index, _, emitter = place
    missing = [term for term in LEGAL_TERMS if getattr(data, term) is None]
    return [(number, index, emitter, "contract-term-missing", f"/data/{term}") for term in missing]


def _unstated(data: Any) -> str:
    return " ".join([name for name in _STATABLE[type(data)] if getattr(data, name) is None])
