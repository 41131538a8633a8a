"""The log as every service sees it; one contract suite holds each implementation to it.

Nothing here is shaped by a database: an intake is partitions of records in commit order, the
leaves are one chain, and the index answers what stands already.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from events.keys import Emitter, Key, KeyRing
from events.leaf import LeafOutcome

#: The next offset to read, by partition.
Positions = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a body lies in the intake."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A submission that the door accepted: exact bytes and what it found out about them."""

    emitter: str
    submission: str
    body_sha256: bytes
    token: str
    events: int
    received_at: str
    body: bytes


@dataclass(frozen=True, slots=True)
class IntakeRecord:
    """An arrival as it lies in the intake; the body stays there until it is asked for."""

    place: Place
    emitter: str
    submission: str
    body_sha256: bytes
    body_bytes: int
    token: str
    events: int
    received_at: str

    @classmethod
    def foreign(cls, place: Place) -> "IntakeRecord":
        """What lies there although no door wrote it: it takes its place, and gets no leaf."""
        return cls(place, "", "", b"", 0, "", 0, "")

    @property
    def is_foreign(self) -> bool:
        """Whether no door wrote this."""
        return not self.token


@dataclass(frozen=True, slots=True)
class LeafRecord:
    """A leaf and what is kept beside it.

    `positions`: everything before them in the intake has its leaf at or before this one.
    """

    index: int
    previous_hash: bytes
    leaf: bytes
    place: Place
    positions: Positions


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index knows of an (emitter, id): one per body that got a leaf."""

    emitter: str
    submission: str
    body_sha256: bytes
    leaf_index: int
    outcome: LeafOutcome


#: Emitter, submission id and SHA-256 of the body: at most one leaf.
Sent = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Stood:
    """Leaves of bodies, and the leaf of the last act as of the same moment or later.

    A key ring that holds every act up to `last_act` holds those that each of these leaves needs.
    """

    leaves: Mapping[Sent, LeafRecord]
    last_act: int | None


def in_the_way(found: Iterable[Indexed], body_sha256: bytes) -> list[Indexed]:
    """Of what stands under an id: what a body of this digest would only repeat, or contradict."""
    return [
        one for one in found if one.body_sha256 == body_sha256 or one.outcome is LeafOutcome.COUNTED
    ]


class Stands(Exception):
    """Nothing was kept: `found` stands under the id already (`in_the_way`)."""

    def __init__(self, found: Sequence[Indexed]) -> None:
        super().__init__(f"submission {found[0].submission} stands at leaf {found[0].leaf_index}")
        self.found = found


@dataclass(frozen=True, slots=True)
class Round:
    """One commit of the sequencer: leaves in order, and what they change in the derived index."""

    leaves: tuple[LeafRecord, ...]
    indexed: tuple[Indexed, ...]
    emitters: tuple[tuple[int, Emitter | Key], ...]
    quarantined: tuple[tuple[int, int], ...]


class Intake(Protocol):
    """What the door needs of the log."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes of bodies that are being appended and not confirmed yet."""

    async def append(self, arrival: Arrival, *, anyway: bool = False) -> Place:
        """Keep an arrival. When this returns it is durable.

        Raises `Stands` if nothing was kept, for the index holds what is in its way; not if it is to
        be kept `anyway`. When it raises anything else, nobody knows.
        """

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        """What stands in the index under these (emitter, id), any body."""

    async def wait_leaf(self, index: int, seconds: float) -> None:
        """Return when a leaf of that index may exist, at the latest after some seconds: a hint."""

    async def stood(self, sent: Sequence[Sent]) -> Stood:
        """The leaves of these bodies; those that have none yet are left out."""

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        """Leaves by their indexes, in order; those that do not exist yet are left out."""

    async def last_act(self) -> int | None:
        """The leaf of the last act that changed the ring; None in an empty log."""

    async def key_ring(self) -> KeyRing:
        """All emitters and keys at the index's last leaf."""


class Leaves(Protocol):
    """What readers of the history need of the log."""

    async def tail(self) -> LeafRecord | None:
        """The last leaf."""

    async def leaves(self, start: int, limit: int) -> list[LeafRecord]:
        """Up to `limit` leaves from an index on, in order, without a hole."""

    async def bodies(self, places: Sequence[Place]) -> list[bytes]:
        """The exact bytes at these places, in the order asked; LookupError if one is missing."""

    async def wait_leaf(self, index: int, seconds: float) -> None:
        """Return when a leaf of that index may exist, at the latest after some seconds: a hint."""

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        """What stands in the index under these (emitter, id), any body."""

    async def key_ring_before(self, index: int) -> KeyRing:
        """All emitters and keys as the leaves below an index left them."""

    async def quarantined(self) -> dict[int, int]:
        """Leaves that no fold shall read, each with the leaf of the act that said so."""

    async def uncounted(self, emitter: str, first: int, last: int) -> list[tuple[Indexed, int]]:
        """Of an emitter's leaves in this range that count nowhere: the newest of each outcome, and
        how many have it."""


class SequencerLog(Leaves, Protocol):
    """What the one writer needs of the log."""

    partitions: int

    async def intake(self, after: Positions, limit: int) -> list[IntakeRecord]:
        """Records at or past the positions, up to `limit` of each partition, in its order.

        Never none while some lie there, perhaps fewer than lie there, each partition without a gap
        as it lies: the caller checks that offsets have no hole.
        """

    async def wait_intake(self, seconds: float) -> None:
        """Return when something may have arrived, at the latest after some seconds: a hint."""

    async def now(self) -> datetime:
        """The database's time, against which a writer checks its own clock."""

    async def key_ring(self) -> KeyRing:
        """All emitters and keys at the index's last leaf."""

    async def follow(self) -> None:
        """Read on without writing, as a standby does."""

    async def tail(self) -> LeafRecord | None:
        """The last leaf that stands; whatever stands is in the index when this returns."""

    async def commit(self, round_: Round) -> bool:
        """Write a round behind the tail, or behind the round given before it.

        Several may be on their way: they are written in the order of the calls, and one can win
        only if all before it did. True: it stands, whole. False: another wrote first, and no later
        leaf may be built on this round; what stands is told by `tail`. When it raises, nobody
        knows. After either, all that was given must have ended before `tail` is asked.
        """
