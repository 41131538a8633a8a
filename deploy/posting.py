"""The poster: assess every month at one position, post what differs, chained, and see it folded.

Nothing is kept beside the log. Killed anywhere, or run twice at once, it posts nothing twice: each
posting names the entry that it follows, and has no effect if another came first (RULES 7.4).
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from deploy.acts import Act, send_acts
from deploy.assessing import ALL, Assessing, Mark, Only, mark_of, news_behind
from deploy.engines import open_engine
from deploy.keyfiles import KeyFile
from deploy.processes.settings import Stores
from events.clock import Clock, system_clock
from events.errors import Fatal
from events.limits import EVENTS_MAX
from migrations.roles import QUERY
from services.ledger.difference import Movement, balanced_parts
from services.ledger.posting import Posting, act_data
from services.projections.ledger.book import month_after
from services.query_api.database import QueryDatabase, Row, Snapshot
from services.query_api.standing import policy_or_none

#: A submission is full with so many bytes of acts, and an act with so many lines: the last act,
#: its envelope and those of the others fit into what the door takes.
BYTES_FULL, ACT_LINES_MAX = 3_000_000, 1_500
#: Seconds to wait for a fold, and between two looks.
_FOLD_SECONDS, _LOOK_SECONDS = 120.0, 0.02
#: The longest that one query may take: the first one of a round goes through all entries.
_QUERY_SECONDS = 900

#: Signs and sends acts as one submission; the index of its leaf.
Send = Callable[[Sequence[Act]], Awaitable[int]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. `overtaken`: schemes of which another poster was faster. `mark`: for the
    next round, which then looks at what came since; None if this one did not do everything."""

    position: int
    postings: int
    lines: int
    waiting: int
    overtaken: tuple[str, ...]
    mark: Mark | None


def sending(signer: KeyFile, url: str, clock: Clock = system_clock) -> Send:
    """Through the door at an address, signed with the registry's own key."""

    async def send(acts: Sequence[Act]) -> int:
        sent = await asyncio.to_thread(send_acts, acts, signer, url, clock)
        assert sent.leaf_index is not None
        return sent.leaf_index

    return send


@asynccontextmanager
async def open_poster(stores: Stores, country: str, send: Send) -> AsyncIterator["Poster"]:
    """A poster over a registry's views."""
    async with open_engine(stores.views_dsn(QUERY), _QUERY_SECONDS) as engine:
        yield Poster(QueryDatabase(engine, f"{_QUERY_SECONDS}s"), country, send)


class Poster:
    """Posts for one registry."""

    def __init__(self, database: QueryDatabase, country: str, send: Send) -> None:
        self._database, self._country, self._send = database, country, send

    async def post(self, say: Say, mark: Mark | None = None, only: Only = ALL) -> Round:
        """Assess at the position of the views and post every difference, scheme by scheme.

        `mark`: of an earlier round; only what may have changed since is assessed again. `only`: a
        part of it, all of which is looked at. ValueError: there is no such part.
        """
        async with self._database.snapshot() as snapshot:
            due = await self._assessing(snapshot, mark, only)
            if due is None:
                return Round(snapshot.position, 0, 0, 0, (), None)
            lanes = _Lanes(self, snapshot, due.policy, say)
            try:
                async for posting in due.postings(say):
                    await lanes.add(posting)
                await lanes.end()
            finally:
                await lanes.stop()
            overtaken = lanes.overtaken
            whole = not overtaken and only == ALL
            reached = await mark_of(snapshot) if whole else None
        return Round(
            snapshot.position, lanes.postings, lanes.lines, due.waiting, overtaken, reached
        )

    async def preview(self, say: Say, mark: Mark | None = None, only: Only = ALL) -> "Preview":
        """What `post` would post now; nothing is sent."""
        async with self._database.snapshot() as snapshot:
            due = await self._assessing(snapshot, mark, only)
            seen = Preview(snapshot.position)
            if due is not None:
                async for posting in due.postings(say):
                    seen.add(posting)
                seen.waiting = due.waiting
            return seen

    async def _assessing(
        self, snapshot: Snapshot, mark: Mark | None, only: Only
    ) -> Assessing | None:
        """None while no policy is adopted: nothing is due then."""
        adopted = await policy_or_none(snapshot, self._country, snapshot.position)
        if adopted is None:
            return None
        since = await news_behind(snapshot, mark) if only == ALL else None
        return Assessing(snapshot, adopted.bundle, since, only)

    async def has_effect(self, scheme: str, acts: Sequence[Act], last: int) -> bool:
        """Send acts and see them folded: whether the scheme's last entry is now theirs, `last`."""
        leaf = await self._send(acts)
        return await self._last_folded(scheme, leaf) == last

    async def _last_folded(self, scheme: str, leaf: int) -> int:
        """The scheme's last entry number up to a leaf, once the views hold it."""
        try:
            async with asyncio.timeout(_FOLD_SECONDS):
                while True:
                    async with self._database.snapshot() as snapshot:
                        if snapshot.position >= leaf:
                            about = {"scheme": scheme, "position": leaf}
                            (row,) = await snapshot.rows("scheme_state", **about)
                            return int(row["last"])
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise Fatal(
                f"what was posted stands in the log as leaf {leaf}, and the views do not get "
                "there: is the projection running?"
            ) from None


# --- postings to submissions --------------------------------------------------------------------


class _Lanes:
    """A lane for each scheme, so that none waits for another."""

    def __init__(self, poster: Poster, snapshot: Snapshot, policy: str, say: Say) -> None:
        self._poster, self._snapshot, self._policy, self._say = poster, snapshot, policy, say
        self._lanes: dict[str, _Lane] = {}

    async def add(self, posting: Posting) -> None:
        lane = self._lanes.get(posting.scheme)
        if lane is None:
            (ends,) = await self._snapshot.rows("scheme_ends", scheme=posting.scheme)
            lane = self._lanes[posting.scheme] = _Lane(
                posting.scheme, ends, self._snapshot.position, self._policy, self._poster, self._say
            )
        await lane.add(posting)

    async def end(self) -> None:
        """Send what is left of each and see everything folded."""
        for lane in self._lanes.values():
            await lane.send()
        for lane in self._lanes.values():
            await lane.arrive()

    async def stop(self) -> None:
        """Wait for nothing any more."""
        under_way = [task for lane in self._lanes.values() for task in lane.stop()]
        await asyncio.gather(*under_way, return_exceptions=True)

    @property
    def overtaken(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, lane in self._lanes.items() if lane.overtaken))

    @property
    def postings(self) -> int:
        return sum(lane.postings for lane in self._lanes.values())

    @property
    def lines(self) -> int:
        return sum(lane.lines for lane in self._lanes.values())


@dataclass(slots=True)
class _Batch:
    """Acts of one month in one submission. `after`: the entry that the first one follows."""

    after: int
    acts: list[Act] = field(default_factory=list)
    postings: int = 0
    lines: int = 0
    bytes: int = 0

    @property
    def last(self) -> int:
        return self.after + self.lines

    @property
    def is_full(self) -> bool:
        return len(self.acts) >= EVENTS_MAX or self.bytes >= BYTES_FULL


class _Lane:
    """One scheme's postings on their way: one submission is sent and folded while the next one is
    collected, and no more than these two are in memory."""

    def __init__(
        self, scheme: str, ends: Row, basis: int, policy: str, poster: Poster, say: Say
    ) -> None:
        self._scheme, self._closed, self._basis = scheme, ends["closed"], basis
        self._policy, self._poster, self._say = policy, poster, say
        self._batch = _Batch(ends["last"])
        self._month: str | None = None
        self._sent: asyncio.Task[bool] | None = None
        self._flying = self._batch
        #: Whether another poster came first: then nothing more is sent.
        self.overtaken = False
        self.postings = self.lines = 0

    async def add(self, posting: Posting) -> None:
        """Put a posting behind the last; waits where one submission is full and one under way."""
        if posting.month != self._month:
            await self.send()
            self._month = posting.month
        self._batch.postings += 1
        for part in balanced_parts(posting.lines, ACT_LINES_MAX):
            self._put(posting, part)
            if self._batch.is_full:
                await self.send()

    def _put(self, posting: Posting, part: Sequence[Movement]) -> None:
        batch = self._batch
        data = act_data(
            posting,
            part,
            period=_books(posting.month, self._closed),
            after=batch.last,
            basis=self._basis,
            policy=self._policy,
        )
        batch.acts.append(Act("ledger.posted", data))
        batch.lines += len(part)
        batch.bytes += len(json.dumps(data))

    async def send(self) -> None:
        """Send what is collected as soon as what was sent before has arrived."""
        if not self._batch.acts:
            return
        await self.arrive()
        batch, self._batch = self._batch, _Batch(self._batch.last)
        if self.overtaken:
            return
        self._say(f"{self._scheme}: entries {batch.after + 1} to {batch.last}")
        self._flying = batch
        effect = self._poster.has_effect(self._scheme, batch.acts, batch.last)
        self._sent = asyncio.create_task(effect)

    async def arrive(self) -> None:
        """Wait until what was sent is folded, and see whether it had effect."""
        if self._sent is None:
            return
        sent, self._sent = self._sent, None
        if await sent:
            self.postings += self._flying.postings
            self.lines += self._flying.lines
        else:
            self.overtaken = True

    def stop(self) -> Iterator[asyncio.Task[bool]]:
        """Cancel what waits."""
        if self._sent is not None:
            self._sent.cancel()
            yield self._sent


def _books(month: str, closed: str | None) -> str:
    """The month whose books a posting goes into: its own, or the oldest open one."""
    return month if closed is None or month > closed else month_after(closed)


# --- a look before ------------------------------------------------------------------------------


class Account(NamedTuple):
    """What a preview adds up by."""

    scheme: str
    month: str
    account: str
    currency: str


@dataclass(slots=True)
class Preview:
    """What would be posted: sums of debits and credits by account in micro-units, and how many
    worker-months and entries by (scheme, month)."""

    position: int
    waiting: int = 0
    accounts: dict[Account, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    months: dict[tuple[str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )

    def add(self, posting: Posting) -> None:
        """One posting more."""
        counts = self.months[posting.scheme, posting.month]
        counts[0] += 1
        counts[1] += sum(map(len, balanced_parts(posting.lines, ACT_LINES_MAX)))
        for line in posting.lines:
            both = self.accounts[
                Account(posting.scheme, posting.month, line.account, line.currency)
            ]
            both[0] += line.debit
            both[1] += line.credit
