"""A registry whose ledger the real poster keeps: in one process, step by step, held to its rules.

The poster's twin fails, or lets others go first, between any two of its steps on command.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import asyncpg
import httpx

from deploy.acts import Act
from deploy.assessing import ALL, Mark, Only
from deploy.engines import open_engine
from deploy.establish import make_event
from deploy.posting import Poster, Round
from events.access import sign_access
from migrations.roles import AUDIT, QUERY
from services.query_api.access import AuditTrail
from services.query_api.app import create_app
from services.query_api.database import QueryDatabase, Snapshot
from services.query_api.state import QueryState
from tests.projections.accounting import Accounts
from tests.support.world import Platform, World

#: Rounds after which a poster that is overtaken each time is at fault.
_ROUNDS_MAX = 5
#: What happens between two steps of a poster; told what the last one was.
Between = Callable[[str], Awaitable[None]]


class Key(NamedTuple):
    """What a balance of the ledger is kept by, in whichever month's books it stands."""

    scheme: str
    account: str
    branch: str
    platform: str
    worker: str
    month: str


_BALANCES = """
    SELECT scheme, account, coalesce(branch, ''), platform, worker, coalesce(about, period),
           sum(coalesce(debit, 0) - coalesce(credit, 0))
    FROM entry WHERE currency IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
"""
#: Postings, and schemes up to now, whose debits are not their credits.
_UNBALANCED = """
    SELECT event_number FROM entry GROUP BY event_number, currency
    HAVING coalesce(sum(debit), 0) <> coalesce(sum(credit), 0)
    UNION ALL
    SELECT 0 FROM ledger_sum GROUP BY scheme, currency HAVING sum(debit) <> sum(credit)
"""
#: How many numbers a scheme lacks between 1 and its last.
_GAPS = (
    "SELECT scheme FROM entry GROUP BY scheme HAVING count(*) <> max(number) OR min(number) <> 1"
)


@dataclass
class Books:
    """A world with a policy, a fund and a poster; `commits` counts folds that were looked at."""

    accounts: Accounts
    database: QueryDatabase
    beta: Platform
    mark: Mark | None = None
    commits: int = 0
    _looking: list[asyncpg.Connection] = field(default_factory=list)
    _settling: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def world(self) -> World:
        return self.accounts.world

    # --- posting ----------------------------------------------------------------------------

    def poster(self, between: Between | None = None) -> Poster:
        """A poster; `between` is awaited at every step of it."""
        step = between or _go_on
        database = _Watched(self.database, between) if between else self.database

        async def send(acts: Sequence[Act]) -> int:
            await step("before an act")
            await self.push(acts)
            await step("acknowledged")
            leaf = await self.settle()
            await step("folded")
            return leaf

        return Poster(database, "MA", send)

    async def push(self, acts: Sequence[Act]) -> None:
        """Acknowledged; the registry's own key signed."""
        at = self.world.clock()
        events = [make_event("registry", f"{act.type}.v1", dict(act.data), at) for act in acts]
        await self.world.push(self.accounts.registry, events)

    async def settle(self) -> int:
        """Sequence and fold whatever waits, looking after every commit; the last leaf."""
        async with self._settling:
            await self.world.sequence()
            while await self.world.projection.fold_batch():
                self.commits += 1
                assert await self.fetch(_UNBALANCED) == []
                assert await self.fetch(_GAPS) == []
            tail = await self.world.leaves.tail()
        assert tail is not None
        return tail.index

    async def post(self, only: Only = ALL, *, anew: bool = False) -> Round:
        """As the command does: again, while another poster was faster."""
        mark = None if anew else self.mark
        for _ in range(_ROUNDS_MAX):
            done = await self.poster().post(lambda line: None, mark, only)
            if not done.overtaken:
                self.mark = done.mark or self.mark
                return done
        raise AssertionError("no posting has effect")

    # --- looking ----------------------------------------------------------------------------

    async def fetch(self, query: str) -> list[asyncpg.Record]:
        """Rows of the views, read by a connection that stays open."""
        if not self._looking:
            self._looking.append(await asyncpg.connect(self.world.dsn()))
            await self._looking[0].execute(f"SET search_path TO view_{self.world.generation}")
        return await self._looking[0].fetch(query)

    async def balances(self, prefix: str = "") -> dict[Key, int]:
        """What stands posted, in micro-units, debits above 0, of workers with a prefix."""
        rows = await self.fetch(_BALANCES)
        found = {Key(*tuple(row)[:6]): int(row["sum"]) for row in rows}
        return {key: sum_ for key, sum_ in found.items() if sum_ and key.worker.startswith(prefix)}

    async def close(self) -> None:
        """Close what it looked with."""
        for connection in self._looking:
            await connection.close()


@asynccontextmanager
async def books_of(world: World) -> AsyncIterator[Books]:
    """Books over a fresh world, in which `beta` may speak too."""
    accounts = await Accounts.of(world)
    beta = Platform("beta", world.alpha.key.generate())
    await world.register(beta)
    await world.fold()
    async with open_engine(world.dsn(QUERY)) as engine:
        made = Books(accounts, QueryDatabase(engine), beta)
        yield made
        await made.close()


@asynccontextmanager
async def reading(books: Books) -> AsyncIterator[httpx.AsyncClient]:
    """The query API over the books, asked by the fund."""
    world, fund = books.world, books.accounts.fund
    async with open_engine(world.dsn(AUDIT)) as audit:
        state = QueryState(
            books.database, AuditTrail(audit), world.leaves, world.registry_keys, world.clock
        )
        transport = httpx.ASGITransport(create_app(state))
        token = sign_access(
            fund.key, emitter=fund.emitter, registry=world.identity, at=world.clock()
        )
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://query", headers=headers
        ) as client:
            yield client


# --- a poster that somebody watches -------------------------------------------------------------


async def _go_on(step: str) -> None:
    """Nobody comes between."""


class _Watched(QueryDatabase):
    """Every statement and every piece of a stream is a step."""

    def __init__(self, database: QueryDatabase, between: Between) -> None:
        self._inner, self._between = database, between

    @asynccontextmanager
    async def snapshot(self, *, whole: bool = False) -> AsyncIterator[Snapshot]:
        async with self._inner.snapshot(whole=whole) as snapshot:
            await self._between("snapshot")
            yield _WatchedSnapshot(snapshot, self._between)


class _WatchedSnapshot(Snapshot):
    def __init__(self, inner: Snapshot, between: Between) -> None:
        self._inner, self._between = inner, between
        super().__init__(inner._driver, inner.generation, inner.position, inner.tzdata)

    async def rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        found = await self._inner.rows(name, **values)
        await self._between(name)
        return found

    async def pieces(
        self, query: str, values: Sequence[Any], size: int
    ) -> AsyncIterator[list[Any]]:
        async for piece in self._inner.pieces(query, values, size):
            await self._between("a piece")
            yield piece
