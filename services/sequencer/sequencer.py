"""The sequencer: reads the intake, judges, commits, again.

Read `Sequencer.commit_round` from top to bottom: it is the one place where truth is written.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from events.clock import Clock
from events.errors import Fatal
from events.keys import KeyRing
from events.leaf import Leaf, LeafOutcome, decode_leaf
from events.log.protocol import LeafRecord, SequencerLog
from services.sequencer.judge import Tail, judge, needs_body, tail_after

_log = structlog.get_logger()
#: Records of each partition in one round at most; a round is one transaction.
ROUND_RECORDS = 200
#: Seconds to sleep at most when nothing hints at new work.
POLL_SECONDS = 0.5
#: A writer whose clock is further ahead of the database's does not write.
CLOCK_AHEAD_OF_DATABASE_MAX = timedelta(seconds=60)
#: Leaves read at once when looking back for the last counted one.
_LOOK_BACK = 256


@dataclass(slots=True)
class SequencerState:
    """What the sequencer believes, all of it read from the log at start."""

    tail: Tail
    ring: KeyRing


@dataclass(slots=True)
class Progress:
    """Counters for metrics; only the sequencer writes them."""

    leaves: int = 0
    rounds: int = 0
    lost: int = 0
    repeats: int = 0
    clock_fits: bool = True
    outcomes: dict[str, int] = field(default_factory=dict)


class Sequencer:
    """One writer over one log. Several may run; the chain lets one win each index."""

    def __init__(self, log: SequencerLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._state: SequencerState | None = None
        self.progress = Progress()

    async def run(self, stop: asyncio.Event) -> None:
        """Commit rounds until asked to stop or the clock runs ahead; finishes the round in hand."""
        # Another may have led in the meantime: what this one remembers is of no use.
        self._state = None
        while not stop.is_set():
            # The reading that was checked is the one that dates the leaves: a clock may jump.
            now = self._clock()
            if not await self._fits(now):
                return
            if not await self.commit_round(now):
                await self._log.wait_intake(POLL_SECONDS)

    async def clock_fits(self) -> bool:
        """Whether the clock may date leaves now."""
        return await self._fits(self._clock())

    async def _fits(self, now: datetime) -> bool:
        """A clock far ahead would date leaves into a day that has not begun (RULES 2.5)."""
        ahead = now - await self._log.now()
        self.progress.clock_fits = ahead <= CLOCK_AHEAD_OF_DATABASE_MAX
        if not self.progress.clock_fits:
            seconds = ahead.total_seconds()
            _log.error("clock is ahead of the database's: not writing", seconds=seconds)
        return self.progress.clock_fits

    async def commit_round(self, now: datetime | None = None) -> int:
        """Read, judge and commit once. Returns how many records were settled; 0: none wait.

        `now`: the clock's reading that dates the leaves; by default it is read here, unchecked.

        A crash at any point below loses nothing: what has no leaf yet still lies in the intake
        behind the positions of the last leaf, and is read again.
        """
        state = self._state or await self._load()
        records = await self._log.intake(state.tail.positions, ROUND_RECORDS)
        if not records:
            return 0
        ids = sorted({(record.emitter, record.submission) for record in records})
        found = await self._log.look_up(ids)
        acts = [record.place for record in records if needs_body(record)]
        bodies = dict(zip(acts, await self._log.bodies(acts), strict=True)) if acts else {}
        decided = judge(records, bodies, found, state.tail, state.ring, now or self._clock())

        # Until the commit has returned, what we believe is void: an exception here (a lost
        # connection, a cancelled task) leaves the outcome unknown, and the next round reads the
        # tail again instead of trusting memory.
        self._state = None
        if decided.round.leaves and not await self._log.commit(decided.round):
            # Another sequencer took these indexes. Its leaves stand; ours never were.
            self.progress.lost += 1
            _log.warning("round lost to another sequencer", index=state.tail.next_index)
            return len(records)
        # A crash from here on costs nothing: the leaves stand, and a restart finds them.
        self._state = SequencerState(decided.tail, decided.ring)
        settled = sum(decided.tail.positions) - sum(state.tail.positions)
        self._count(settled, decided.round.leaves)
        return settled

    async def _load(self) -> SequencerState:
        """The state behind the last leaf that stands."""
        last = await self._log.tail()
        if last is None:
            return SequencerState(Tail.empty(self._log.partitions), KeyRing())
        if len(last.positions) != self._log.partitions:
            raise Fatal(
                f"the log has {len(last.positions)} intake partitions, "
                f"this sequencer is set to {self._log.partitions}: the count never changes"
            )
        counted = await self._last_counted(last)
        return SequencerState(tail_after(last, counted), await self._log.key_ring())

    async def _last_counted(self, last: LeafRecord) -> Leaf | None:
        end = last.index + 1
        while end > 0:
            start = max(0, end - _LOOK_BACK)
            for record in reversed(await self._log.leaves(start, end - start)):
                leaf = decode_leaf(record.leaf)
                if leaf.outcome is LeafOutcome.COUNTED:
                    return leaf
            end = start
        return None

    def _count(self, records: int, leaves: tuple[LeafRecord, ...]) -> None:
        self.progress.rounds += 1
        self.progress.leaves += len(leaves)
        self.progress.repeats += records - len(leaves)
        for record in leaves:
            outcome = decode_leaf(record.leaf).outcome.value
            self.progress.outcomes[outcome] = self.progress.outcomes.get(outcome, 0) + 1
