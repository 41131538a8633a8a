"""Connections of the embedded log, and the hints that wake its readers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from events.sql import load_sql

#: Hints that wake readers; a lost one costs at most a poll.
INTAKE_CHANNEL, LEAF_CHANNEL = "sijill_intake", "sijill_leaf"
#: A transaction that lasts longer belongs to a frozen process; the server ends it.
TRANSACTION_TIMEOUT = "30s"
#: Seconds after which a statement without an answer counts as lost: the peer may be gone silently.
COMMAND_SECONDS_MAX = 35.0


def log_sql(name: str) -> str:
    """A statement of the log."""
    return load_sql("events.log.sql", name)


async def connect_pool(dsn: str, *, least: int = 1, most: int = 4, name: str = "") -> asyncpg.Pool:
    """Connections for a log; long transactions are ended by the server.

    `name`: of whoever opens them, so that the taker of a lease finds the sessions it must end.
    """
    pool: asyncpg.Pool = await asyncpg.create_pool(
        dsn,
        min_size=least,
        max_size=most,
        command_timeout=COMMAND_SECONDS_MAX,
        reset=_nothing_to_reset,
        server_settings={
            "transaction_timeout": TRANSACTION_TIMEOUT,
            "application_name": name,
            # Everything here is found by its key. A statement planned while the log was small would
            # read whole tables, and go on so until somebody analyzed them: minutes of full load.
            "enable_seqscan": "off",
        },
    )
    return pool


async def _nothing_to_reset(connection: Any) -> None:
    """Nothing here is left behind in a session, and asking for that costs a round trip a query.

    An open transaction, which only a bug could leave, the driver rolls back all the same.
    """


@contextmanager
def breaking_told() -> Iterator[None]:
    """Whatever breaks between us and the server is an error of the network's or the database's.

    The driver may notice only at the next step that the server died in the middle of one, and
    then names its own confusion: callers who wait for a lost connection took that for a bug.
    """
    try:
        yield
    except asyncpg.InternalClientError as error:
        raise ConnectionError(f"the connection to the log broke: {error}") from error


async def fetch(pool: asyncpg.Pool, query: str, *arguments: Any) -> list[asyncpg.Record]:
    """The rows of a query, over any connection of the pool."""
    with breaking_told():
        return await pool.fetch(query, *arguments)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[Any]:
    """A connection of the pool inside a transaction."""
    with breaking_told():
        async with pool.acquire() as connection, connection.transaction():
            yield connection


class Hints:
    """Listens on one channel. `wait` returns at a notification or after a time, whichever first."""

    def __init__(self, dsn: str, channel: str) -> None:
        self._dsn = dsn
        self._channel = channel
        self._event = asyncio.Event()
        self._connection: asyncpg.Connection | None = None
        self._connecting = asyncio.Lock()

    async def wait(self, seconds: float) -> None:
        """Sleep until hinted. A broken connection only means polling until it is back."""
        try:
            if await self._connected():
                return  # Something may have come while nobody listened.
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            pass
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection = None
            await asyncio.sleep(seconds)
        self._event.clear()

    async def _connected(self) -> bool:
        """Listen if nobody does yet; whether that had to be begun now."""
        async with self._connecting:
            if self._connection is not None and not self._connection.is_closed():
                return False
            with breaking_told():
                self._connection = await asyncpg.connect(self._dsn)
                await self._connection.add_listener(self._channel, self._heard)
            return True

    def _heard(self, *_: Any) -> None:
        self._event.set()

    async def close(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            await self._connection.close()
