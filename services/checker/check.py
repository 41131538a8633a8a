"""`sijill check`: reads the log, its index and one generation of views, and compares them.

Everything that decides is pure and stands in the modules beside this one. How a log is read is
said by a source: `embedded` here, `in_kafka` for the log on Apache Kafka.
"""

import gc
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import asyncpg

from services.checker.embedded import embedded
from services.checker.history import Attempt
from services.checker.report import Collector, Report
from services.checker.run import Progress, Run
from services.checker.source import OpenLog

#: New objects after which Python looks for garbage while a check runs.
_COLLECT_AFTER = 500_000


async def check(
    dsn: str,
    *,
    views: str | None = None,
    log: OpenLog = embedded,
    history: Iterable[Attempt] | None = None,
    progress: Progress | None = None,
    first_only: bool = True,
) -> Report:
    """Check the log, its index and the active generation of views as they stand now.

    `dsn` is of a role that may read log and views; `views` likewise, where they are in another
    database. `history`: what clients remember of all that they sent. Raises what the connections
    raise; whatever is wrong with the data is a finding.
    """
    async with AsyncExitStack() as stack:
        # Views fold what the index holds and the index holds what is in the log. Looked at in
        # this order, none can seem ahead of the next while the registry runs.
        folded = await stack.enter_async_context(_snapshot(views)) if views else None
        index = await stack.enter_async_context(_snapshot(dsn))
        return await check_snapshot(
            index,
            views=folded,
            log=log,
            history=history,
            progress=progress,
            first_only=first_only,
        )


@asynccontextmanager
async def _snapshot(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn, server_settings={"transaction_timeout": "0"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # The snapshot is that of the first statement, not of BEGIN.
            await connection.execute("SELECT 1")
            yield connection
    finally:
        await connection.close()


async def check_snapshot(
    index: asyncpg.Connection,
    *,
    views: asyncpg.Connection | None = None,
    log: OpenLog = embedded,
    history: Iterable[Attempt] | None = None,
    progress: Progress | None = None,
    first_only: bool = True,
) -> Report:
    """The same on connections inside REPEATABLE READ transactions, which stay open.

    The `search_path` of `views` (None: the same as `index`) is another one afterwards, until its
    transaction ends.
    """
    async with log(index) as source:
        run = Run(source, index, views or index, Collector(first_only), progress or _silent)
        with _rare_collections():
            return await run.all(history)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Millions of live rows and no cycles: the collector would walk them for nothing."""
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _silent(leaves: int, events: int) -> None:
    """Nobody wants to hear of progress."""
