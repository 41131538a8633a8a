"""The log folded again, one leaf at a time, in plain Python (RULES 3 and 4).

Written from the rules and independent of the views' own folds. Rows that stand in the order of
the leaves are given back at once; sums, counts and names are held until the end.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from events.days import Days
from services.checker.facts import Values, values_of
from services.checker.judgement import Counted
from services.checker.known import First, KnownEvents
from services.checker.ledger import CLOSED, POSTED, Ledger
from services.checker.persons import ASSIGNED, LINKED, REMITTED, UNLINKED, Persons
from services.checker.reading import Object, content_of
from services.checker.shape import known, unstated
from services.checker.sums import Sums
from services.checker.telling import (
    CANCELLED,
    FINAL,
    RATE,
    REPLACED,
    missing_terms,
    rate_key,
    subject_of,
)

Row = tuple[Any, ...]
_PERSONAL = frozenset((LINKED, UNLINKED, REMITTED, ASSIGNED))


class At(NamedTuple):
    """Where an event stands."""

    emitter: str
    leaf: int
    number: int
    recorded: date


@dataclass(slots=True)
class LeafRows:
    """The rows of one leaf, in the order and shape of the exports of those views."""

    submission: list[Row] = field(default_factory=list)
    fact: list[Row] = field(default_factory=list)
    told: list[Row] = field(default_factory=list)
    anomaly: list[Row] = field(default_factory=list)
    entry: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Refold:
    """All state of the fold; `days` is the calendar of the registry's time zone."""

    days: Days
    sums: Sums = field(default_factory=Sums)
    known: KnownEvents = field(default_factory=KnownEvents)
    workers: dict[tuple[str, str], date] = field(default_factory=dict)
    event_count: Counter[Row] = field(default_factory=Counter)
    unstated: Counter[Row] = field(default_factory=Counter)
    rates: set[str] = field(default_factory=set)
    ledger: Ledger = field(default_factory=Ledger)
    persons: Persons = field(default_factory=Persons)

    def fold(self, leaf: Counted) -> LeafRows:
        """Take one counted leaf that is not quarantined."""
        rows = LeafRows()
        repeated = 0
        for place, event in enumerate(leaf.events):
            at = At(leaf.emitter, leaf.index, leaf.first_event + place, leaf.recorded_day)
            first = self.known.find(leaf.emitter, event["id"])
            content = content_of(event)
            if first is None:
                self._take(at, event, content, leaf.effects[place], rows)
                continue
            repeated += 1
            if first.content != content:
                rows.anomaly.append(_anomaly(at, "event-id-reused", "/id"))
        counts = (len(leaf.events), repeated)
        rows.submission.append((leaf.index, leaf.emitter, leaf.recorded_day, *counts))
        rows.anomaly.sort()
        return rows

    def _take(self, at: At, event: Object, content: bytes, effect: bool, rows: LeafRows) -> None:
        event_type, data = event["type"], event["data"]
        left_out = unstated(event_type, data)
        if left_out:
            self.unstated[at.emitter, event_type, left_out, at.recorded] += 1
        if event_type in (CANCELLED, REPLACED):
            self._correct(at, event, rows)
            stands = Values()
        else:
            stands = values_of(event_type, data, event["time"], self.days.day_of)
            self._judge(at, event_type, data, effect, rows)
            rows.fact.append(_head(at, event, stands))
            self._add(at, stands)
            self._tell(at, event_type, data, None, rows)
            self._act(at, event_type, data, effect, rows)
        self.event_count[at.emitter, event_type, at.recorded, stands.sandbox] += 1
        self.known.keep(at.emitter, event["id"], at.number, event_type, content, stands)

    def _judge(self, at: At, event_type: str, data: Object, effect: bool, rows: LeafRows) -> None:
        """Anomalies of an event that is no correction; none of them loses the event."""
        if not effect:
            rows.anomaly.append(_anomaly(at, "act-without-effect", "/data"))
        for term in missing_terms(event_type, data):
            rows.anomaly.append(_anomaly(at, "contract-term-missing", f"/data/{term}"))
        if event_type == RATE:
            if rate_key(data) in self.rates:
                rows.anomaly.append(_anomaly(at, "rate-published-twice", "/data"))
            self.rates.add(rate_key(data))

    # --- acts that depend on earlier ones -----------------------------------------------------

    def _act(self, at: At, event_type: str, data: Object, effect: bool, rows: LeafRows) -> None:
        place = (at.number, at.leaf, at.recorded)
        fault: str | None = None
        entries: list[Row] = []
        if event_type == POSTED:
            fault, entries = self.ledger.post(data, *place)
        elif event_type == CLOSED:
            fault, entries = self.ledger.close(data, *place, at.emitter)
        elif event_type in _PERSONAL:
            fault = self.persons.take(event_type, data, place)
        elif event_type == "policy.adopted.v1":
            fault = self.ledger.adopt(at.leaf, data)
        elif event_type == "platform.registered.v1" and effect:
            self.persons.registered.add(data["emitter"])
        rows.entry += entries
        if fault is not None:
            rows.anomaly.append(_anomaly(at, fault, "/data"))

    def _correct_act(self, at: At, original: First, data: Object | None, rows: LeafRows) -> None:
        if original.type not in _PERSONAL:
            return
        place = (at.number, at.leaf, at.recorded)
        fault = self.persons.correct(original.type, original.number, data, place)
        if fault is not None:
            rows.anomaly.append(_anomaly(at, fault, "/data/replacement/data"))

    # --- corrections --------------------------------------------------------------------------

    def _correct(self, at: At, event: Object, rows: LeafRows) -> None:
        event_type, data = event["type"], event["data"]
        rows.fact.append(_head(at, event, Values()))
        original = self.known.find(at.emitter, data["event"])
        fault = _correction_fault(event_type, data, original)
        if fault is not None or original is None:
            rows.anomaly.append(_anomaly(at, fault or "", "/data/event"))
            return
        standing = self.known.standing(original)
        if standing is not None:
            self._version(at, original, standing.negative(), -1, rows)
        new = self._replacement(event) if event_type == REPLACED else None
        if new is not None:
            self._version(at, original, new, 1, rows)
        named = (original.number, original.type, original.content)
        self.known.keep(at.emitter, data["event"], *named, new)
        self._tell(at, event_type, data, original.number, rows)
        replacing = data["replacement"]["data"] if event_type == REPLACED else None
        self._correct_act(at, original, replacing, rows)

    def _replacement(self, event: Object) -> Values:
        replacement = event["data"]["replacement"]
        new_type, new_data = replacement["type"], replacement["data"]
        return values_of(new_type, new_data, event["time"], self.days.day_of)

    def _version(
        self, at: At, original: First, values: Values, version: int, rows: LeafRows
    ) -> None:
        named = (at.number, at.leaf, at.recorded, at.emitter, original.type, None, False)
        rows.fact.append((*named, *values, original.number, version))
        self._add(at, values)

    # --- what an effective fact adds ------------------------------------------------------------

    def _add(self, at: At, values: Values) -> None:
        if values.worker is not None:
            self.workers.setdefault((at.emitter, values.worker), at.recorded)
        self.sums.add(at.emitter, at.recorded, at.number, values)

    def _tell(
        self, at: At, event_type: str, data: Object, original: int | None, rows: LeafRows
    ) -> None:
        subject = subject_of(event_type, data)
        if subject is not None:
            said = known(event_type, data)
            named = (at.number, at.leaf, at.recorded, at.emitter, event_type)
            rows.told.append((*named, subject, original, said))


def _correction_fault(event_type: str, data: Object, original: First | None) -> str | None:
    """Why a correction has no effect, None if it has (RULES 4)."""
    if original is None:
        return "correction-unknown-event"
    if original.type in (CANCELLED, REPLACED):
        return "correction-of-correction"
    if original.type in FINAL:
        return "correction-not-allowed"
    if event_type == REPLACED and data["replacement"]["type"] != original.type:
        return "correction-other-type"
    if event_type == CANCELLED and not original.stands:
        return "correction-nothing-stands"
    return None


def _head(at: At, event: Object, values: Values) -> Row:
    named = (at.number, at.leaf, at.recorded, at.emitter, event["type"], event["id"], True)
    return (*named, *values, None, None)


def _anomaly(at: At, rule: str, pointer: str) -> Row:
    return (at.leaf, at.number, at.emitter, rule, pointer)
