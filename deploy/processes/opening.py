"""Opens a side of the log in a database role, as the settings say where it lies.

Every process and every command comes through here, so that none of them knows which log it is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import asyncpg

from deploy.processes.settings import Stores
from deploy.processes.stopping import AWAY, told
from events.errors import Fatal
from events.log.connections import (
    COMMAND_SECONDS_MAX,
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    connect_pool,
    fetch,
)
from events.log.lease import Lease
from events.log.lease import open_lease as connect_lease
from events.log.postgres import PostgresIntake, PostgresLeaves, PostgresSequencerLog
from events.log.protocol import Intake, Leaves, SequencerLog
from migrations.roles import INGEST, OPERATOR, SEQUENCER

if TYPE_CHECKING:
    from events.log.kafka.client import KafkaAddress
    from events.log.kafka.leaves import KafkaLeaves
    from events.log.kafka.topics import TopicInspector

#: Seconds in which connections may be given back; then they are cut, for the server may be frozen.
_CLOSE_SECONDS = 2.0
#: Seconds between looks at the log, and in which it must answer.
_WATCH_SECONDS, _LOOK_SECONDS = 3.0, 10.0


class _Closing(Protocol):
    async def close(self) -> None:
        """Disconnect."""


_Side = TypeVar("_Side", bound=_Closing)


@asynccontextmanager
async def open_intake(stores: Stores) -> AsyncIterator[Intake]:
    """The door's side."""
    async with _pool(stores, INGEST) as pool, _hints(stores, INGEST, LEAF_CHANNEL) as hints:
        if stores.kafka is None:
            yield PostgresIntake(pool, hints)
            return
        from events.log.kafka.intake import KafkaIntake

        async with _checked(stores.kafka, pool, KafkaIntake.open, hints) as intake:
            await _leads_nowhere(intake)
            yield intake


@asynccontextmanager
async def open_leaves(stores: Stores, role: str, name: str = "") -> AsyncIterator[Leaves]:
    """The readers' side, as a role that may read. `name`: of who leads by what it reads."""
    async with _pool(stores, role, name) as pool, _hints(stores, role, LEAF_CHANNEL) as hints:
        if stores.kafka is None:
            yield PostgresLeaves(pool, hints)
            return
        from events.log.kafka.leaves import KafkaLeaves

        async with _checked(stores.kafka, pool, KafkaLeaves.open, hints) as leaves:
            await _leads_nowhere(leaves)
            yield leaves


@asynccontextmanager
async def open_sequencer_log(stores: Stores, name: str = "") -> AsyncIterator[SequencerLog]:
    """The writer's side. `name`: of who writes, so that whoever takes over finds its sessions."""
    async with (
        _pool(stores, SEQUENCER, name) as pool,
        _hints(stores, SEQUENCER, LEAF_CHANNEL) as leaf_hints,
        _hints(stores, SEQUENCER, INTAKE_CHANNEL) as intake_hints,
    ):
        if stores.kafka is None:
            yield PostgresSequencerLog(pool, leaf_hints, intake_hints)
            return
        from events.log.kafka.sequencer import KafkaSequencerLog
        from events.log.kafka.topics import remember_topics

        async with _checked(stores.kafka, pool, KafkaSequencerLog.open, leaf_hints) as log:
            await remember_topics(stores.kafka, pool)
            yield log


@asynccontextmanager
async def open_lease(dsn: str, role: str, holder: str) -> AsyncIterator[Lease]:
    """Who should write, as a row of a database."""
    lease = await connect_lease(dsn, role, holder)
    try:
        yield lease
    finally:
        await _in_time(lease.connection.close())


@asynccontextmanager
async def open_views(dsn: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    """The one connection that folds. Its name lets the taker of the lease end it."""
    connection = await asyncpg.connect(
        dsn, command_timeout=COMMAND_SECONDS_MAX, server_settings={"application_name": name}
    )
    try:
        yield connection
    finally:
        await _in_time(connection.close())


@asynccontextmanager
async def _checked(
    address: "KafkaAddress",
    pool: asyncpg.Pool,
    opening: "Callable[[KafkaAddress, asyncpg.Pool, Hints], Awaitable[_Side]]",
    hints: Hints,
) -> AsyncIterator[_Side]:
    """A side of the log on Kafka, over topics that are as they must be."""
    from events.log.kafka.topics import check_topics

    await check_topics(address, pool)
    side = await opening(address, pool, hints)
    try:
        yield side
    finally:
        await side.close()


async def _leads_nowhere(leaves: "KafkaLeaves") -> None:
    """`Fatal` if the index's last leaf does not lie in the topic; a writer looks by itself."""
    await leaves.tail()


async def watch_log(stores: Stores, role: str, say: Callable[[str], None]) -> None:
    """Look from time to time whether the log is there and as it must be; say when it is not.

    Never returns. Raises `Fatal` if a promise of the topics is broken.
    """
    async with _pool(stores, role, least=0) as pool, _inspector(stores) as inspector:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            looking = asyncio.ensure_future(_look(pool, inspector))
            # A look that nobody waits for any more may fail without anybody hearing of it.
            looking.add_done_callback(lambda one: one.cancelled() or one.exception())
            try:
                # A driver may wait for a frozen server even while it is being cancelled.
                await asyncio.wait({looking}, timeout=_LOOK_SECONDS)
                say(_seen(looking))
            finally:
                looking.cancel()


def _seen(looking: asyncio.Future[None]) -> str:
    """Why the log cannot be used, or nothing. Raises `Fatal`."""
    if not looking.done():
        return "the log does not answer"
    try:
        looking.result()
    except AWAY as error:
        return told(error)
    return ""


async def look_at_log(stores: Stores) -> None:
    """Look once. Raises what being away looks like, and `Fatal` if a promise is broken."""
    async with _pool(stores, OPERATOR) as pool, _inspector(stores) as inspector:
        await _look(pool, inspector)


async def _look(pool: asyncpg.Pool, inspector: "TopicInspector | None") -> None:
    await fetch(pool, "SELECT")
    if inspector is not None:
        await inspector.check(pool)


@asynccontextmanager
async def _inspector(stores: Stores) -> "AsyncIterator[TopicInspector | None]":
    """What checks the topics over connections that stay; None for an embedded log."""
    if stores.kafka is None:
        yield None
        return
    from events.log.kafka.topics import TopicInspector

    inspector = TopicInspector(stores.kafka)
    try:
        yield inspector
    finally:
        await _in_time(inspector.close())


@asynccontextmanager
async def _pool(
    stores: Stores, role: str, name: str = "", *, least: int = 1
) -> AsyncIterator[asyncpg.Pool]:
    pool = await connect_pool(stores.dsn(role), name=name, least=least)
    try:
        if least:
            await _one_log(stores, pool)
        yield pool
    finally:
        await _in_time(pool.close())


@asynccontextmanager
async def _hints(stores: Stores, role: str, channel: str) -> AsyncIterator[Hints]:
    hints = Hints(stores.dsn(role), channel)
    try:
        yield hints
    finally:
        await _in_time(hints.close())


async def _one_log(stores: Stores, pool: asyncpg.Pool) -> None:
    """`Fatal` if this database goes with the other kind of log.

    A door whose setting was forgotten would keep what it takes where no sequencer looks.
    """
    ((embedded, kafka),) = await fetch(
        pool, "SELECT EXISTS (SELECT FROM log.leaf), EXISTS (SELECT FROM log.leaf_place)"
    )
    if kafka and stores.kafka is None:
        raise Fatal("the log of this database is on Kafka: name the brokers in SIJILL_KAFKA")
    if embedded and stores.kafka is not None:
        raise Fatal("this database holds a log of its own: leave SIJILL_KAFKA out, or move it")


async def _in_time(closing: Coroutine[Any, Any, None]) -> None:
    """Close in order, or cut off: both do so when they are cancelled."""
    with suppress(TimeoutError):
        await asyncio.wait_for(closing, _CLOSE_SECONDS)
