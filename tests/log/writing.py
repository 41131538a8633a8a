"""Arrivals and rounds made by hand, so that the log is tested without a door or a judgement."""

import hashlib
import itertools
from collections.abc import Sequence

from events.jose import PrivateKey
from events.keys import Emitter, Key
from events.leaf import NO_LEAF_HASH, Leaf, LeafOutcome, encode_leaf, leaf_hash
from events.log.protocol import Arrival, Indexed, LeafRecord, Place, Positions, Round
from events.vocabulary import EmitterKind

_numbers = itertools.count(1)
AT = "2026-03-04T12:00:00.000000Z"
PARTITIONS = 12
START: Positions = (0,) * PARTITIONS


def arrival(emitter: str, submission: str = "", body: bytes = b"") -> Arrival:
    """An arrival; the log looks into none of its fields."""
    name = submission or f"s{next(_numbers)}"
    content = body or f"body of {name}".encode()
    digest = hashlib.sha256(content).digest()
    return Arrival(emitter, name, digest, f"token-{name}", 3, AT, content)


def key_of(
    emitter: str, added: int, revoked: int | None = None, key: PrivateKey | None = None
) -> Key:
    """A key's state."""
    made = key or PrivateKey.generate()
    return Key(made.kid, emitter, made.jwk, added, revoked)


def platform(emitter: str, added: int, name: str = "Alpha") -> Emitter:
    """A platform's state."""
    return Emitter(emitter, EmitterKind.PLATFORM, name, added)


class Writer:
    """Makes the rounds of one writer that believes in one tail."""

    def __init__(self) -> None:
        self.next_index, self.previous = 0, NO_LEAF_HASH
        self.positions: Positions = (0,) * PARTITIONS

    @classmethod
    def behind(cls, last: LeafRecord | None) -> "Writer":
        """A writer that has read the tail."""
        writer = cls()
        if last is not None:
            writer.next_index, writer.previous = last.index + 1, leaf_hash(last.leaf)
            writer.positions = last.positions
        return writer

    def twin(self) -> "Writer":
        """Another writer with the same belief."""
        twin = Writer()
        twin.next_index, twin.previous = self.next_index, self.previous
        twin.positions = self.positions
        return twin

    def round(
        self,
        settled: Sequence[tuple[Place, Arrival]],
        outcome: LeafOutcome = LeafOutcome.COUNTED,
        emitters: tuple[tuple[int, Emitter | Key], ...] = (),
        quarantined: tuple[tuple[int, int], ...] = (),
    ) -> Round:
        """A round behind what this writer wrote last; its belief moves on as if it had won."""
        leaves, indexed = [], []
        for place, one in settled:
            leaves.append(self._leaf(place, one, outcome))
            index = leaves[-1].index
            indexed.append(Indexed(one.emitter, one.submission, one.body_sha256, index, outcome))
        return Round(tuple(leaves), tuple(indexed), emitters, quarantined)

    def _leaf(self, place: Place, one: Arrival, outcome: LeafOutcome) -> LeafRecord:
        first = 3 * self.next_index if outcome is LeafOutcome.COUNTED else None
        leaf = encode_leaf(
            Leaf(
                v=1,
                emitter=one.emitter,
                submission=one.submission,
                received_at=one.received_at,
                sequenced_at=AT,
                body_sha256=one.body_sha256.hex(),
                body_bytes=len(one.body),
                events=one.events,
                first_event=first,
                outcome=outcome,
                token=one.token,
            )
        )
        moved = list(self.positions)
        moved[place.partition] = place.offset + 1
        self.positions = tuple(moved)
        record = LeafRecord(self.next_index, self.previous, leaf, place, self.positions)
        self.next_index, self.previous = self.next_index + 1, leaf_hash(leaf)
        return record
