"""What the sequencer decides, as one pure function, the same for every log (RULES 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from events.errors import Fatal
from events.keys import AUTHORITY, Emitter, Key, KeyRing
from events.leaf import (
    LEAF_VERSION,
    NO_LEAF_HASH,
    Leaf,
    LeafOutcome,
    decode_leaf,
    encode_leaf,
    leaf_hash,
    utc_text,
)
from events.log.derive import apply_acts
from events.log.protocol import Indexed, IntakeRecord, LeafRecord, Place, Positions, Round
from events.token import signer_of
from services.sequencer.establishment import establishment


@dataclass(frozen=True, slots=True)
class Tail:
    """All that the next leaf depends on, besides the keys."""

    next_index: int
    previous_hash: bytes
    next_event: int
    sequenced_at: datetime | None
    positions: Positions

    @classmethod
    def empty(cls, partitions: int) -> "Tail":
        """Before leaf 0."""
        return cls(0, NO_LEAF_HASH, 0, None, (0,) * partitions)


def tail_after(record: LeafRecord, last_counted: Leaf | None) -> Tail:
    """The tail behind a leaf, as a restart finds it. `last_counted`: the newest counted leaf."""
    following = 0
    if last_counted is not None and last_counted.first_event is not None:
        following = last_counted.first_event + last_counted.events
    return Tail(
        record.index + 1,
        leaf_hash(record.leaf),
        following,
        decode_leaf(record.leaf).sequenced,
        record.positions,
    )


@dataclass(slots=True)
class _Draft:
    """A round in the making."""

    tail: Tail
    ring: KeyRing
    seen: dict[tuple[str, str], list[Indexed]]
    leaves: list[LeafRecord] = field(default_factory=list)
    indexed: list[Indexed] = field(default_factory=list)
    changes: list[tuple[int, Emitter | Key]] = field(default_factory=list)
    quarantined: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A round to commit, and the state of the sequencer once it has won."""

    round: Round
    tail: Tail
    ring: KeyRing


def judge(
    records: Sequence[IntakeRecord],
    bodies: Mapping[Place, bytes],
    found: Sequence[Indexed],
    tail: Tail,
    ring: KeyRing,
    now: datetime,
) -> Judgement:
    """Give each new body its leaf.

    `records`: from the intake, each partition in its order. `bodies`: of the authority's records
    among them. `found`: what the index holds under their ids. `now`: the sequencer's clock;
    sequenced-at never goes back behind the tail's. In an empty log the round is leaf 0 alone.
    Raises `Fatal` on a hole in the intake, and if the log would not begin with its establishment.
    """
    if tail.next_index == 0:
        records = [establishment(records, bodies)]
    at = max(now, tail.sequenced_at) if tail.sequenced_at else now
    seen: dict[tuple[str, str], list[Indexed]] = {}
    for one in found:
        seen.setdefault((one.emitter, one.submission), []).append(one)
    draft = _Draft(tail, ring.copy(), seen)
    for record in records:
        _place(draft, record, bodies.get(record.place), at)
    round_ = Round(
        tuple(draft.leaves), tuple(draft.indexed), tuple(draft.changes), tuple(draft.quarantined)
    )
    return Judgement(round_, draft.tail, draft.ring)


def _place(draft: _Draft, record: IntakeRecord, body: bytes | None, at: datetime) -> None:
    positions = _moved(draft.tail.positions, record.place)
    if record.is_foreign:
        draft.tail = replace(draft.tail, positions=positions)
        return
    standing = draft.seen.setdefault((record.emitter, record.submission), [])
    if any(one.body_sha256 == record.body_sha256 for one in standing):
        # A repeat: its leaf stands already. Only the place in the intake moves on.
        draft.tail = replace(draft.tail, positions=positions)
        return
    index = draft.tail.next_index
    outcome = _outcome(draft, record, standing)
    first_event = draft.tail.next_event if outcome is LeafOutcome.COUNTED else None
    leaf = encode_leaf(_leaf(record, outcome, first_event, at))
    draft.leaves.append(LeafRecord(index, draft.tail.previous_hash, leaf, record.place, positions))
    indexed = Indexed(record.emitter, record.submission, record.body_sha256, index, outcome)
    standing.append(indexed)
    draft.indexed.append(indexed)
    if outcome is LeafOutcome.COUNTED and body is not None:
        changed = apply_acts(draft.ring, body, index)
        draft.changes += changed.emitters
        draft.quarantined += changed.quarantined
    counted = record.events if first_event is not None else 0
    draft.tail = Tail(index + 1, leaf_hash(leaf), draft.tail.next_event + counted, at, positions)


def _outcome(draft: _Draft, record: IntakeRecord, standing: Sequence[Indexed]) -> LeafOutcome:
    index = draft.tail.next_index
    key = draft.ring.keys.get(signer_of(record.token))
    # Leaf 0 brings its own key (`establishment`); later a key must stand in an earlier leaf.
    if index > 0 and (key is None or not key.valid_at(index)):
        return LeafOutcome.KEY_REVOKED
    if any(one.outcome is LeafOutcome.COUNTED for one in standing):
        return LeafOutcome.CONFLICT
    return LeafOutcome.COUNTED


def needs_body(record: IntakeRecord) -> bool:
    """Whether the sequencer reads this body: only the authority's acts change what it decides."""
    return record.emitter == AUTHORITY


def _leaf(
    record: IntakeRecord, outcome: LeafOutcome, first_event: int | None, at: datetime
) -> Leaf:
    return Leaf(
        v=LEAF_VERSION,
        emitter=record.emitter,
        submission=record.submission,
        received_at=record.received_at,
        sequenced_at=utc_text(at),
        body_sha256=record.body_sha256.hex(),
        body_bytes=record.body_bytes,
        events=record.events,
        first_event=first_event,
        outcome=outcome,
        token=record.token,
    )


def _moved(positions: Positions, place: Place) -> Positions:
    if positions[place.partition] != place.offset:
        raise Fatal(
            f"intake partition {place.partition}: expected offset "
            f"{positions[place.partition]}, read {place.offset}"
        )
    at = place.partition
    return (*positions[:at], place.offset + 1, *positions[at + 1 :])
