"""Every leaf judged again: its body, its signature, its key, its outcome (RULES 1, 2, 6)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from events.days import Days
from events.jose import Verifier
from events.log.protocol import Arrival, LeafRecord
from services.checker.chain import Chain, ReadLeaf
from services.checker.known import LeafOf, digest_of
from services.checker.reading import Object, Unreadable, parse_events
from services.checker.registry import AUTHORITY, Registry, may_say, usable
from services.checker.report import Finding
from services.checker.signatures import Signature, take_apart

_ESTABLISHED = "authority.established.v1"


class Stored(NamedTuple):
    """A leaf record, and what lies in the intake at its place (None if nothing does)."""

    record: LeafRecord
    arrival: Arrival | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A counted leaf as the folds take it; `effects` says of each event whether, as an act about
    emitters or keys, it changed something (True for all other events)."""

    index: int
    emitter: str
    first_event: int
    recorded_day: date
    events: list[Object]
    effects: list[bool]


@dataclass(slots=True)
class Examined:
    """What became of one leaf: findings, notes, and its events if it counts and can be read."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    leaf: ReadLeaf | None = None
    counted: Counted | None = None


@dataclass(slots=True)
class Judge:
    """Holds what judgement needs of all leaves so far; feed it every leaf in order."""

    chain: Chain = field(default_factory=Chain)
    registry: Registry = field(default_factory=Registry)
    days: Days | None = None
    #: The leaf of each (emitter, id, digest), and what stands for (emitter, id) of counted ones.
    leaf_of: LeafOf = field(default_factory=LeafOf)
    counted: set[bytes] = field(default_factory=set)
    last_offset: dict[int, int] = field(default_factory=dict)
    next_event: int = 0

    def examine(self, stored: Stored) -> Examined:
        """Check one leaf and take what it changes."""
        leaf, findings = self.chain.follow(stored.record)
        result = Examined(findings, [], leaf)
        if leaf is None:
            return result
        index = stored.record.index
        events = self._read(stored, leaf, result)
        if index == 0 and events:
            result.findings += self._establish(leaf, events)
        signature = self._signature(index, leaf, stored.arrival, result)
        result.findings += self._outcome_faults(index, leaf, signature)
        result.findings += self._place_faults(stored.record)
        self._take(stored.record, leaf, events, result)
        return result

    # --- body and signature -----------------------------------------------------------------

    def _read(self, stored: Stored, leaf: ReadLeaf, result: Examined) -> list[Object] | None:
        where = f"leaf {stored.record.index}"
        if stored.arrival is None:
            place = f"partition {stored.record.place.partition} offset {stored.record.place.offset}"
            result.findings.append(Finding(where, "body in the intake", place, "nothing"))
            return None
        result.findings += body_faults(where, leaf, stored.arrival)
        try:
            events, duplicates = parse_events(stored.arrival.body)
        except Unreadable as error:
            result.findings.append(Finding(where, "body", "a batch of events", str(error)))
            return None
        result.notes += [
            f"{where}: the name {name!r} stands twice in an object of the body"
            for name in duplicates
        ]
        if len(events) != leaf.events:
            result.findings.append(Finding(where, "events in the body", leaf.events, len(events)))
        return events

    def _establish(self, leaf: ReadLeaf, events: list[Object]) -> Iterator[Finding]:
        first = events[0]
        if leaf.emitter != AUTHORITY or first["type"] != _ESTABLISHED:
            yield Finding("leaf 0", "first event", _ESTABLISHED, first["type"])
            return
        try:
            self.days = Days(first["data"]["time_zone"])
        except (ValueError, KeyError, AttributeError) as error:
            yield Finding("leaf 0", "time zone", "a zone of the registry", str(error))

    def _signature(
        self, index: int, leaf: ReadLeaf, arrival: Arrival | None, result: Examined
    ) -> Signature | None:
        where = f"leaf {index}"
        try:
            signature = take_apart(leaf.token)
        except Unreadable as error:
            result.findings.append(Finding(where, "token", "a token of RULES 1.2", str(error)))
            return None
        for name, value in (("iss", leaf.emitter), ("jti", leaf.submission)):
            if signature.header[name] != value:
                found = signature.header[name]
                result.findings.append(Finding(where, f"{name} of the token", value, found))
        if arrival is not None:
            key = self._key(index, leaf, signature, arrival)
            result.findings += signature_faults(where, leaf, signature, key, arrival.body)
        return signature

    def _key(
        self, index: int, leaf: ReadLeaf, signature: Signature, arrival: Arrival
    ) -> Verifier | None:
        """The key that may have signed: known before the leaf, of that emitter; or leaf 0's own."""
        if index == 0:
            return _own_key(arrival.body, signature.kid)
        state = self.registry.keys.get(signature.kid)
        if state is None or state.emitter != leaf.emitter:
            return None
        return self.registry.verifiers[signature.kid]

    # --- outcome and place --------------------------------------------------------------------

    def _outcome_faults(
        self, index: int, leaf: ReadLeaf, signature: Signature | None
    ) -> Iterator[Finding]:
        where = f"leaf {index}"
        identity = (leaf.emitter, leaf.submission, bytes.fromhex(leaf.body_sha256))
        if (first_leaf := self.leaf_of.get(identity)) is not None:
            earlier = f"none but leaf {first_leaf}"
            yield Finding(where, "leaf for this emitter, id and body", earlier, f"leaf {index} too")
        expected = self._outcome(leaf, signature)
        if leaf.outcome != expected:
            yield Finding(where, "outcome", expected, leaf.outcome)
        first = self.next_event if leaf.outcome == "counted" else None
        if leaf.first_event != first:
            yield Finding(where, "first_event", first, leaf.first_event)

    def _outcome(self, leaf: ReadLeaf, signature: Signature | None) -> str:
        """RULES 1.6, 2.1, 2.3: revocation goes before conflict, whose evidence needs a good key."""
        key = self.registry.keys.get(signature.kid) if signature else None
        if key is not None and key.revoked_leaf is not None:
            return "key-revoked"
        conflict = digest_of(leaf.emitter, leaf.submission) in self.counted
        return "conflict" if conflict else "counted"

    def _place_faults(self, record: LeafRecord) -> Iterator[Finding]:
        """An emitter's order is kept: leaves take each partition from front to back."""
        partition, offset = record.place.partition, record.place.offset
        last = self.last_offset.get(partition, -1)
        if offset <= last:
            what = f"offset in partition {partition}"
            yield Finding(f"leaf {record.index}", what, f"above {last}", offset)
        self.last_offset[partition] = max(offset, last)

    # --- what a leaf changes --------------------------------------------------------------------

    def _take(
        self, record: LeafRecord, leaf: ReadLeaf, events: list[Object] | None, result: Examined
    ) -> None:
        identity = (leaf.emitter, leaf.submission, bytes.fromhex(leaf.body_sha256))
        self.leaf_of.keep(identity, record.index)
        if leaf.outcome != "counted":
            return
        self.counted.add(digest_of(leaf.emitter, leaf.submission))
        first, self.next_event = self.next_event, self.next_event + leaf.events
        if events is None or self.days is None:
            return
        day = self.days.day_of(leaf.sequenced)
        try:
            effects = [self.registry.apply(e["type"], e["data"], record.index) for e in events]
        except (KeyError, TypeError) as error:
            where = f"leaf {record.index}"
            result.findings.append(Finding(where, "acts", "readable acts", repr(error)))
            return
        result.findings += self._speech_faults(record.index, leaf, events)
        result.counted = Counted(record.index, leaf.emitter, first, day, events, effects)

    def _speech_faults(self, index: int, leaf: ReadLeaf, events: list[Object]) -> Iterator[Finding]:
        state = self.registry.emitters.get(leaf.emitter)
        if state is None:
            return  # Without a key of this emitter the signature is a finding already.
        for number, event in enumerate(events):
            where = f"leaf {index}, event {number} of its body"
            if event.get("source") != f"/emitters/{leaf.emitter}":
                yield Finding(where, "source", f"/emitters/{leaf.emitter}", event.get("source"))
            if not may_say(state, event["type"], event["data"]):
                yield Finding(where, "type", f"one that a {state.kind} may send", event["type"])


def body_faults(where: str, leaf: ReadLeaf, arrival: Arrival) -> Iterator[Finding]:
    """Where the leaf, the intake's columns and the body itself disagree."""
    digest = hashlib.sha256(arrival.body).hexdigest()
    pairs = (
        ("SHA-256 of the body", leaf.body_sha256, digest),
        ("length of the body", leaf.body_bytes, len(arrival.body)),
        ("digest beside the body", leaf.body_sha256, arrival.body_sha256.hex()),
        ("emitter beside the body", leaf.emitter, arrival.emitter),
        ("submission id beside the body", leaf.submission, arrival.submission),
        ("token beside the body", leaf.token, arrival.token),
        ("received_at beside the body", leaf.received_at, arrival.received_at),
        ("event count beside the body", leaf.events, arrival.events),
    )
    for what, expected, found in pairs:
        if expected != found:
            yield Finding(where, what, expected, found)


def signature_faults(
    where: str, leaf: ReadLeaf, signature: Signature, key: Verifier | None, body: bytes
) -> Iterator[Finding]:
    """A key that did not stand before the leaf, or a signature that is not its."""
    if key is None:
        expected = f"one of {leaf.emitter}, added before this leaf"
        yield Finding(where, "key of the signature", expected, signature.kid)
    elif not signature.by(key, body):
        yield Finding(where, "signature", f"one by {signature.kid} over the body", "another")


def _own_key(body: bytes, kid: str) -> Verifier | None:
    try:
        events, _ = parse_events(body)
    except Unreadable:
        return None
    own = usable(events[0]["data"].get("key")) if events else None
    return own if own is not None and own.kid == kid else None
