"""A log and a pool that let a test do something before and after every step, such as fail."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg

from events.log.protocol import SequencerLog

#: Called with the step's name and "before" or "after"; what it raises, the step raises.
Hook = Callable[[str, str], Awaitable[None]]


def stepped(log: SequencerLog, hook: Hook) -> SequencerLog:
    """The same log with a hook around every call."""
    return cast(SequencerLog, _Stepped(log, hook))


class _Stepped:
    def __init__(self, inner: Any, hook: Hook) -> None:
        self._inner, self._hook = inner, hook

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def step(*arguments: Any) -> Any:
            await self._hook(name, "before")
            result = await found(*arguments)
            await self._hook(name, "after")
            return result

        return step


class SteppedPool:
    """A pool with a hook around every statement of a transaction, BEGIN and COMMIT included."""

    def __init__(self, pool: asyncpg.Pool, hook: Hook) -> None:
        self._pool, self.hook = pool, hook
        #: The connection of the transaction in hand, for a test that kills it.
        self.connection: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["SteppedConnection"]:
        """A connection, given back as the real pool does."""
        async with self._pool.acquire() as connection:
            self.connection = connection
            yield SteppedConnection(connection, self.hook)


class SteppedConnection:
    """One connection of a `SteppedPool`."""

    def __init__(self, connection: Any, hook: Hook) -> None:
        self._connection, self._hook = connection, hook

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction whose BEGIN and COMMIT are steps like others."""
        transaction = self._connection.transaction()
        await self._step("BEGIN", transaction.start())
        try:
            yield
            await self._hook("COMMIT", "before")
        except BaseException:
            # A connection that is gone has rolled back already.
            with suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
                await transaction.rollback()
            raise
        await transaction.commit()
        await self._hook("COMMIT", "after")

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """A step named by its statement."""
        return await self._step(query, self._connection.fetchval(query, *arguments))

    async def execute(self, query: str, *arguments: Any) -> Any:
        """A step named by its statement."""
        return await self._step(query, self._connection.execute(query, *arguments))

    async def _step(self, name: str, doing: Any) -> Any:
        try:
            await self._hook(name, "before")
        except BaseException:
            doing.close()
            raise
        result = await doing
        await self._hook(name, "after")
        return result
