"""The embedded log: intake and leaves are tables of the one PostgreSQL.

Every promise of the protocol is kept by a transaction here: a commit writes the leaves and the
index derived from them together, and the primary key of `log.leaf` lets exactly one writer win
each index, so a second or a frozen sequencer changes nothing.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from events.acts import PublicJwk
from events.keys import Emitter, Key, KeyRing
from events.leaf import NO_LEAF_HASH, leaf_hash
from events.limits import INTAKE_PARTITIONS
from events.log.protocol import (
    Arrival,
    Indexed,
    IntakeRecord,
    LeafRecord,
    Place,
    Positions,
    Round,
)
from events.log.rows import (
    emitter_row,
    indexed,
    indexed_row,
    intake_record,
    intake_row,
    key_row,
    leaf_record,
    leaf_row,
)
from events.sql import load_sql
from events.vocabulary import EmitterKind

#: Hints that wake readers; a lost one costs at most a poll.
INTAKE_CHANNEL, LEAF_CHANNEL = "sijill_intake", "sijill_leaf"
#: Submissions and bytes that share one commit of the intake at most.
GROUP_MAX, GROUP_BYTES_MAX = 256, 16 * 1024 * 1024
#: A transaction that lasts longer belongs to a frozen process; the server ends it.
TRANSACTION_TIMEOUT = "30s"
#: The constraint that lets one writer win each index.
LEAF_KEY = "leaf_pk"
#: Above every leaf index.
_NO_LIMIT = 2**62
_INTAKE_COLUMNS = (
    "partition",
    "offset",
    "emitter",
    "submission",
    "body_sha256",
    "events",
    "received_at",
    "token",
    "body",
)


def partition_of(emitter: str, partitions: int) -> int:
    """An emitter is always in one partition, so its order is kept."""
    return int.from_bytes(hashlib.sha256(emitter.encode()).digest()[:8]) % partitions


def _sql(name: str) -> str:
    return load_sql("events.log.sql", name)


async def connect_pool(dsn: str, *, least: int = 1, most: int = 4, name: str = "") -> asyncpg.Pool:
    """Connections for a log; long transactions are ended by the server.

    `name`: of whoever opens them, so that the taker of a lease finds the sessions it must end.
    """
    pool: asyncpg.Pool = await asyncpg.create_pool(
        dsn,
        min_size=least,
        max_size=most,
        server_settings={"transaction_timeout": TRANSACTION_TIMEOUT, "application_name": name},
    )
    return pool


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


async def _fetch(pool: asyncpg.Pool, query: str, *arguments: Any) -> list[asyncpg.Record]:
    with breaking_told():
        return await pool.fetch(query, *arguments)


@asynccontextmanager
async def _transaction(pool: asyncpg.Pool) -> AsyncIterator[Any]:
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


@dataclass(slots=True)
class _Waiting:
    arrival: Arrival
    done: asyncio.Future[Place]


class PostgresIntake:
    """The door's side. Concurrent appends share one transaction (group commit)."""

    def __init__(
        self, pool: asyncpg.Pool, hints: Hints, partitions: int = INTAKE_PARTITIONS
    ) -> None:
        self._pool = pool
        self._hints = hints
        self._partitions = partitions
        self._queue: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, arrival: Arrival) -> Place:
        """Durable when it returns; unknown when it raises."""
        done: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(arrival, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        while self._queue:
            group = self._take_group()
            try:
                places = await self._write(group)
            except Exception as error:
                # Each caller hears of the failure and answers 503: the outcome is unknown.
                for waiting in group:
                    if not waiting.done.done():
                        waiting.done.set_exception(error)
            else:
                for waiting, place in zip(group, places, strict=True):
                    if not waiting.done.done():
                        waiting.done.set_result(place)

    def _take_group(self) -> list[_Waiting]:
        size, count = 0, 0
        for waiting in self._queue[:GROUP_MAX]:
            size += len(waiting.arrival.body)
            if count and size > GROUP_BYTES_MAX:
                break
            count += 1
        group, self._queue = self._queue[:count], self._queue[count:]
        return group

    async def _write(self, group: Sequence[_Waiting]) -> list[Place]:
        arrivals = [waiting.arrival for waiting in group]
        homes = [partition_of(arrival.emitter, self._partitions) for arrival in arrivals]
        async with _transaction(self._pool) as connection:
            following: dict[int, int] = {}
            # Locks are taken in one order everywhere, so two doors never wait on each other.
            for home in sorted(set(homes)):
                following[home] = await connection.fetchval(
                    _sql("append_counter"), home, homes.count(home)
                )
            places = []
            for home in homes:
                places.append(Place(home, following[home]))
                following[home] += 1
            await connection.copy_records_to_table(
                "intake",
                schema_name="log",
                columns=_INTAKE_COLUMNS,
                records=[intake_row(place, a) for place, a in zip(places, arrivals, strict=True)],
            )
            await connection.execute(f"NOTIFY {INTAKE_CHANNEL}")
        return places

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        """What stands under these ids."""
        return await _look_up(self._pool, ids)

    async def wait_leaf(self, index: int, seconds: float) -> None:
        """Return when a leaf may have come."""
        await self._hints.wait(seconds)

    async def leaf(self, index: int) -> LeafRecord:
        """One leaf by its index."""
        rows = await _fetch(self._pool, _sql("leaves"), index, 1)
        if not rows or rows[0]["leaf_index"] != index:
            raise LookupError(f"there is no leaf {index} yet")
        return leaf_record(rows[0])

    async def key_ring(self) -> KeyRing:
        """All emitters and keys."""
        return await _key_ring(self._pool)


class PostgresLeaves:
    """The readers' side: leaves in order, and the bodies they stand for."""

    def __init__(self, pool: asyncpg.Pool, hints: Hints) -> None:
        self._pool = pool
        self._hints = hints

    async def tail(self) -> LeafRecord | None:
        """The last leaf."""
        rows = await _fetch(self._pool, _sql("tail"))
        return leaf_record(rows[0]) if rows else None

    async def leaves(self, start: int, limit: int) -> list[LeafRecord]:
        """Up to `limit` leaves from an index on."""
        rows = await _fetch(self._pool, _sql("leaves"), start, limit)
        return [leaf_record(row) for row in rows]

    async def bodies(self, places: Sequence[Place]) -> list[bytes]:
        """The exact bytes at these places."""
        rows = await _fetch(
            self._pool, _sql("bodies"), [p.partition for p in places], [p.offset for p in places]
        )
        if len(rows) != len(places):
            raise LookupError("a body that has a leaf is missing from the intake")
        return [row["body"] for row in rows]

    async def wait_leaf(self, index: int, seconds: float) -> None:
        """Return when a leaf may have come."""
        await self._hints.wait(seconds)

    async def key_ring_before(self, index: int) -> KeyRing:
        """All emitters and keys as the leaves below an index left them."""
        return await _key_ring(self._pool, index)

    async def quarantined(self) -> dict[int, int]:
        """Leaves that no fold shall read."""
        rows = await _fetch(self._pool, "SELECT leaf_index, act_leaf FROM log.quarantine")
        return {row["leaf_index"]: row["act_leaf"] for row in rows}


class PostgresSequencerLog(PostgresLeaves):
    """The one writer's side."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        leaf_hints: Hints,
        intake_hints: Hints,
        partitions: int = INTAKE_PARTITIONS,
    ) -> None:
        super().__init__(pool, leaf_hints)
        self.partitions = partitions
        self._intake_hints = intake_hints

    async def intake(self, after: Positions, limit: int) -> list[IntakeRecord]:
        """Records at or past the positions."""
        rows = await _fetch(self._pool, _sql("intake"), list(after), limit)
        return [intake_record(row) for row in rows]

    async def wait_intake(self, seconds: float) -> None:
        """Return when something may have arrived."""
        await self._intake_hints.wait(seconds)

    async def now(self) -> datetime:
        """The server's time."""
        ((moment,),) = await _fetch(self._pool, "SELECT clock_timestamp()")
        assert isinstance(moment, datetime)
        return moment

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        """What stands under these ids."""
        return await _look_up(self._pool, ids)

    async def key_ring(self) -> KeyRing:
        """All emitters and keys."""
        return await _key_ring(self._pool)

    async def commit(self, round_: Round) -> bool:
        """Leaves and index in one transaction; False if another writer took an index first."""
        try:
            async with _transaction(self._pool) as connection:
                # A crash before COMMIT leaves nothing; after it, everything. An error of COMMIT
                # itself is an unknown outcome and is not caught: the caller reads the tail again.
                if not await _continues(connection, round_.leaves[0]):
                    return False
                await _insert(connection, "leaf", [leaf_row(r) for r in round_.leaves])
                await _insert(connection, "submission", [indexed_row(r) for r in round_.indexed])
                await _insert_changes(connection, round_)
                await connection.execute(f"NOTIFY {LEAF_CHANNEL}")
        except asyncpg.UniqueViolationError as error:
            # Leaves go first, so a rival shows here and nowhere else. A second entry in the index
            # would mean that the index and the judgement disagree: no round could ever win.
            if error.constraint_name != LEAF_KEY:
                raise
            return False
        return True


async def _look_up(pool: asyncpg.Pool, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
    emitters, submissions = [emitter for emitter, _ in ids], [sid for _, sid in ids]
    rows = await _fetch(pool, _sql("look_up"), emitters, submissions)
    return [indexed(row) for row in rows]


async def _continues(connection: Any, first: LeafRecord) -> bool:
    """Whether the leaf before stands: a database restored to an earlier time may have lost it."""
    if first.index == 0:
        return first.previous_hash == NO_LEAF_HASH
    before = await connection.fetchval(
        "SELECT leaf FROM log.leaf WHERE leaf_index = $1", first.index - 1
    )
    return before is not None and leaf_hash(before) == first.previous_hash


async def _insert_changes(connection: Any, round_: Round) -> None:
    emitters = [(i, c) for i, c in round_.emitters if isinstance(c, Emitter)]
    keys = [(i, c) for i, c in round_.emitters if isinstance(c, Key)]
    # One act may change an emitter twice; only its last state at that leaf is kept.
    states = {(c.emitter, i): emitter_row(i, c) for i, c in emitters}
    key_states = {(c.kid, i): key_row(i, c) for i, c in keys}
    await _insert(connection, "emitter", list(states.values()))
    await _insert(connection, "emitter_key", list(key_states.values()))
    for leaf_index, act_leaf in round_.quarantined:
        await connection.execute(
            "INSERT INTO log.quarantine VALUES ($1, $2) ON CONFLICT DO NOTHING",
            leaf_index,
            act_leaf,
        )


async def _insert(connection: Any, table: str, records: Sequence[tuple[Any, ...]]) -> None:
    if records:
        await connection.copy_records_to_table(table, schema_name="log", records=records)


async def _key_ring(pool: asyncpg.Pool, before: int = _NO_LIMIT) -> KeyRing:
    ring = KeyRing()
    for row in await _fetch(pool, _sql("emitters"), before):
        ring.emitters[row["emitter"]] = Emitter(
            row["emitter"],
            EmitterKind(row["kind"]),
            row["name"],
            row["added_leaf"],
            tuple(row["schemes"]),
        )
    for row in await _fetch(pool, _sql("emitter_keys"), before):
        jwk: PublicJwk = msgspec.json.decode(row["jwk"], type=PublicJwk)
        ring.keys[row["kid"]] = Key(
            row["kid"], row["emitter"], jwk, row["added_leaf"], row["revoked_leaf"]
        )
    return ring
