"""From the log to batches, ahead of the commits: nothing of the views is touched here."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from events.errors import Fatal
from events.keys import KeyRing
from events.leaf import Leaf, LeafOutcome, decode_leaf
from events.log.protocol import LeafRecord, Leaves
from events.submission import decode_events
from services.projections.building import Builder, Built, Counted, Undigested
from services.projections.rows import Noted, note_acts

#: Events, leaves and bytes of bodies that share one commit at most; three batches are in memory.
BATCH_EVENTS, BATCH_LEAVES, BATCH_BYTES = 10_000, 2_000, 32 << 20
#: Leaves read at once. What does not fit the batch waits for the next: the log is read in order.
_LEAVES_READ = 500


class Poison(Fatal):
    """A leaf that no fold can digest. It needs the authority's `submission.quarantined`."""

    def __init__(self, index: int, error: object) -> None:
        super().__init__(
            f"leaf {index} cannot be digested: {error}. The views stand still before it. "
            f"Look at its body, then quarantine it: sijill quarantine {index}"
        )
        self.index = index


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves from `start` to before `end`, ready to load.

    `listed`: leaves that no fold shall read, as listed when this was built. `more`: leaves beyond
    the batch were seen.
    """

    start: int
    end: int
    sequenced: datetime
    built: Built
    listed: frozenset[int]
    more: bool

    def fits(self, start: int, end: int | None, listed: frozenset[int]) -> bool:
        """Whether it is what a fold from `start` would read now."""
        news = listed ^ self.listed
        return (
            self.start == start
            and (end is None or self.end <= end)
            and not any(start <= index < self.end for index in news)
        )


class Reader:
    """Reads one log in order. One batch at a time."""

    def __init__(self, log: Leaves, builder: Builder) -> None:
        self._log = log
        self._builder = builder
        self._leaves: deque[tuple[LeafRecord, Leaf]] = deque()

    async def listed(self) -> frozenset[int]:
        """Leaves that no fold shall read."""
        return frozenset(await self._log.quarantined())

    async def read(self, start: int, end: int | None, *, alone: bool = False) -> Batch | None:
        """The next batch from a leaf on, or that leaf `alone`; None if it does not exist yet.

        Raises `Poison` for the first leaf that cannot be digested.
        """
        most = 1 if alone else BATCH_LEAVES if end is None else min(BATCH_LEAVES, end - start)
        count = await self._fetch(start, most)
        if not count:
            return None
        # Asked for behind the leaves: a listing among them is known by now.
        listed = await self.listed()
        leaves = list(islice(self._leaves, count))
        built = await self._build(leaves, listed)
        sequenced, more = leaves[0][1].sequenced, count < len(self._leaves)
        return Batch(start, start + count, sequenced, built, listed, more)

    async def _fetch(self, start: int, most: int) -> int:
        """Have the leaves of a batch in memory; how many they are."""
        waiting = self._leaves
        while waiting and waiting[0][0].index < start:
            waiting.popleft()
        if waiting and waiting[0][0].index > start:
            waiting.clear()
        while (count := _fitting(leaf for _, leaf in islice(waiting, most))) == len(waiting) < most:
            records = await self._log.leaves(start + count, _LEAVES_READ)
            waiting.extend((record, decode_leaf(record.leaf)) for record in records)
            if len(records) < _LEAVES_READ:
                return _fitting(leaf for _, leaf in islice(waiting, most))
        return count

    async def _build(
        self, leaves: Sequence[tuple[LeafRecord, Leaf]], listed: frozenset[int]
    ) -> Built:
        chosen = [
            (record, leaf)
            for record, leaf in leaves
            if leaf.outcome is LeafOutcome.COUNTED and record.index not in listed
        ]
        bodies = await self._log.bodies([record.place for record, _ in chosen])
        counted = [
            Counted(record.index, record.leaf, body)
            for (record, _), body in zip(chosen, bodies, strict=True)
        ]
        built = await self._builder.build(counted)
        if isinstance(built, Undigested):
            raise Poison(built.index, built.error)
        acts = {one.index: one.body for one in counted if one.index in built.acts}
        built.noted += await self._acts_without_effect(leaves, acts, listed)
        return built

    async def _acts_without_effect(
        self,
        leaves: Sequence[tuple[LeafRecord, Leaf]],
        acts: Mapping[int, bytes],
        listed: frozenset[int],
    ) -> list[Noted]:
        """What the keys before each leaf with acts about who may speak say of them."""
        noted: list[Noted] = []
        ring: KeyRing | None = None
        for record, leaf in leaves if acts else ():
            if record.index in listed:
                # The sequencer took its acts before it was set aside: they stand.
                ring = None
            elif record.index in acts:
                ring = ring or await self._log.key_ring_before(record.index)
                noted += note_acts(record.index, leaf, decode_events(acts[record.index]), ring)
        return noted


def _fitting(leaves: Iterator[Leaf]) -> int:
    """How many leaves make a batch: at least one, if there is one."""
    count = events = size = 0
    for leaf in leaves:
        events += leaf.events
        size += leaf.body_bytes
        if count and (events > BATCH_EVENTS or size > BATCH_BYTES):
            return count
        count += 1
    return count
