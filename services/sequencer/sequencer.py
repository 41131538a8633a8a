"""The sequencer: reads the intake, judges, commits, again.

Read `Sequencer._begin_round` and `_land` from top to bottom: they are where truth is written.
Rounds are pipelined: the next one is read and judged while those before it are on their way.
"""

import asyncio
from asyncio import FIRST_COMPLETED
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from events.clock import Clock
from events.errors import Fatal
from events.keys import KeyRing
from events.leaf import Leaf, LeafOutcome, decode_leaf
from events.log.protocol import LeafRecord, Round, SequencerLog
from events.pacing import ROUND_TRIP_GAP, Pacer
from services.sequencer.database_time import DatabaseTime
from services.sequencer.judge import Tail, judge, needs_body, tail_after

_log = structlog.get_logger()
#: Records of each partition in one round at most; a round is one transaction.
ROUND_RECORDS = 200
#: Rounds on their way at most: one is confirmed, one is sent, one is judged.
ROUNDS_IN_FLIGHT = 3
#: Seconds to sleep at most when nothing hints at new work.
POLL_SECONDS = 0.5
#: A writer whose clock is further ahead of the database's does not write.
CLOCK_AHEAD_OF_DATABASE_MAX = timedelta(seconds=60)
#: Leaves read at once when looking back for the last counted one.
_LOOK_BACK = 256


@dataclass(frozen=True, slots=True)
class SequencerState:
    """What the sequencer believes: read from the log at start, then moved on round by round."""

    tail: Tail
    ring: KeyRing


@dataclass(frozen=True, slots=True, eq=False)
class _Flight:
    """A round on its way into the log."""

    round: Round
    records: int
    won: asyncio.Task[bool]


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
    """One writer over one log. Several may run; the chain lets one win each index.

    `_state` is what will be true once every round in `_flights` has won; None while nobody knows.
    """

    def __init__(self, log: SequencerLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._state: SequencerState | None = None
        self._flights: deque[_Flight] = deque()
        self._time = DatabaseTime(log.now)
        self._pacer = Pacer(ROUND_TRIP_GAP)
        self.progress = Progress()

    async def run(self, stop: asyncio.Event) -> None:
        """Commit rounds until asked to stop or the clock runs ahead; finishes those in flight."""
        # Another may have led in the meantime: what this one remembers is of no use.
        self._state = None
        try:
            while not stop.is_set():
                await self._pacer.step()
                # The reading that was checked is the one that dates the leaves: a clock may jump.
                now = self._clock()
                if not await self._fits(now):
                    return
                if await self._begin_round(now):
                    await self._land(ROUNDS_IN_FLIGHT - 1)
                else:
                    await self._wait_for_news()
        finally:
            await self._land(0)

    async def clock_fits(self) -> bool:
        """Whether the clock may date leaves now."""
        return await self._fits(self._clock())

    async def follow(self) -> None:
        """Read on without writing, as a standby does."""
        await self._log.follow()

    async def _fits(self, now: datetime) -> bool:
        """A clock far ahead would date leaves into a day that has not begun (RULES 2.5)."""
        ahead = await self._time.ahead(now, CLOCK_AHEAD_OF_DATABASE_MAX)
        self.progress.clock_fits = ahead <= CLOCK_AHEAD_OF_DATABASE_MAX
        if not self.progress.clock_fits:
            seconds = ahead.total_seconds()
            _log.error("clock is ahead of the database's: not writing", seconds=seconds)
        return self.progress.clock_fits

    async def commit_round(self, now: datetime | None = None) -> int:
        """Read, judge and commit once. Returns how many records were settled; 0: none wait.

        `now`: the clock's reading that dates the leaves; by default it is read here, unchecked.
        """
        begun = await self._begin_round(now or self._clock())
        await self._land(0)
        return begun

    async def _begin_round(self, now: datetime) -> int:
        """Read and judge what lies behind the rounds in flight, and send it after them.

        Returns how many records that settles; 0: none wait. A crash at any point below loses
        nothing: what has no leaf yet still lies in the intake behind the positions of the last
        leaf, and is read again.
        """
        state = self._state or await self._load()
        records = await self._log.intake(state.tail.positions, ROUND_RECORDS)
        if not records:
            self._state = state
            return 0
        if strangers := [one.place for one in records if one.is_foreign]:
            _log.warning("written by no door", records=len(strangers), first=str(strangers[0]))
        # First what is in flight, then the index: what lands in between is in one of them.
        found = [one for flight in self._flights for one in flight.round.indexed]
        ids = sorted({(one.emitter, one.submission) for one in records if not one.is_foreign})
        found += await self._log.look_up(ids)
        acts = [record.place for record in records if needs_body(record)]
        bodies = dict(zip(acts, await self._log.bodies(acts), strict=True)) if acts else {}
        decided = judge(records, bodies, found, state.tail, state.ring, now)
        settled = sum(decided.tail.positions) - sum(state.tail.positions)
        if state.tail.next_index == 0 and not decided.round.leaves:
            # Its establishment stands: another began the log since we found it empty.
            self._state = None
            return settled

        # From here on we believe that this round and all before it win. If one does not, or nobody
        # knows, `_land` forgets it all and the next round reads the tail instead of memory.
        self._state = SequencerState(decided.tail, decided.ring)
        if decided.round.leaves:
            # Started at once and in order: the log writes rounds in the order of the calls.
            won = asyncio.create_task(self._log.commit(decided.round))
            self._flights.append(_Flight(decided.round, settled, won))
        else:
            self._count(settled, ())
        return settled

    async def _land(self, most: int) -> None:
        """Wait until at most so many rounds are in flight. Raises what a commit raised."""
        while len(self._flights) > most:
            try:
                won = await self._flights[0].won
            except BaseException:
                # A lost connection, a cancelled task: the outcome is unknown.
                await self._forget()
                raise
            if not won:
                # Another sequencer took these indexes. Its leaves stand.
                index = self._flights[0].round.leaves[0].index
                _log.warning("round lost to another sequencer", index=index)
                await self._forget()
                return
            # A crash from here on costs nothing: the leaves stand, and a restart finds them.
            landed = self._flights.popleft()
            self._count(landed.records, landed.round.leaves)

    async def _forget(self) -> None:
        """Nothing that we believe holds: settle what is in flight, then the tail is read anew."""
        self._state = None
        self.progress.lost += len(self._flights)
        flights, self._flights = self._flights, deque()
        await asyncio.gather(*(flight.won for flight in flights), return_exceptions=True)

    async def _wait_for_news(self) -> None:
        """Return when something may have arrived, or at once if a round in flight was lost."""
        news = asyncio.create_task(self._log.wait_intake(POLL_SECONDS))
        try:
            while self._flights and not news.done() and self._state is not None:
                await asyncio.wait({news, self._flights[0].won}, return_when=FIRST_COMPLETED)
                if self._flights[0].won.done():
                    await self._land(len(self._flights) - 1)
            if self._state is not None:
                await news
        finally:
            news.cancel()
            await asyncio.gather(news, return_exceptions=True)

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
