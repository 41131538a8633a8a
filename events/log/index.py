"""The index that both logs derive: what stands under an id, who may speak, what is set aside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from events.acts import PublicJwk
from events.keys import Emitter, Key, KeyRing
from events.log.connections import LEAF_CHANNEL, Hints, fetch, log_sql
from events.log.protocol import Indexed, Round
from events.log.rows import emitter_row, indexed, indexed_row, key_row
from events.vocabulary import EmitterKind

#: Above every leaf index.
_NO_LIMIT = 2**62


class Index:
    """The index as any service reads it, and the hints that tell of new leaves."""

    def __init__(self, pool: asyncpg.Pool, hints: Hints) -> None:
        self._pool = pool
        self._hints = hints

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        """What stands in the index under these (emitter, id)."""
        emitters, submissions = [emitter for emitter, _ in ids], [sid for _, sid in ids]
        rows = await fetch(self._pool, log_sql("look_up"), emitters, submissions)
        return [indexed(row) for row in rows]

    async def wait_leaf(self, index: int, seconds: float) -> None:
        """Return when a leaf may have come."""
        await self._hints.wait(seconds)

    async def last_act(self) -> int | None:
        """The leaf of the last act that changed the ring."""
        ((leaf,),) = await fetch(self._pool, log_sql("last_act"))
        return None if leaf is None else int(leaf)

    async def key_ring(self) -> KeyRing:
        """All emitters and keys at the index's last leaf."""
        return await self.key_ring_before(_NO_LIMIT)

    async def key_ring_before(self, index: int) -> KeyRing:
        """All emitters and keys as the leaves below an index left them."""
        ring = KeyRing()
        # Keys first: a registration that comes between leaves an emitter without a key, which can
        # do nothing yet, and never a key of nobody.
        keys = await fetch(self._pool, log_sql("emitter_keys"), index)
        for row in await fetch(self._pool, log_sql("emitters"), index):
            ring.emitters[row["emitter"]] = _emitter(row)
        for row in keys:
            ring.keys[row["kid"]] = _key(row)
        return ring

    async def quarantined(self) -> dict[int, int]:
        """Leaves that no fold shall read, each with the leaf of the act that said so."""
        rows = await fetch(self._pool, "SELECT leaf_index, act_leaf FROM log.quarantine")
        return {row["leaf_index"]: row["act_leaf"] for row in rows}

    async def uncounted(self, emitter: str, first: int, last: int) -> list[tuple[Indexed, int]]:
        """Of an emitter's leaves in this range that count nowhere: the newest of each outcome, and
        how many have it."""
        rows = await fetch(self._pool, log_sql("uncounted"), emitter, first, last)
        return [(indexed(row), row["leaves"]) for row in rows]

    async def now(self) -> datetime:
        """The server's time."""
        ((moment,),) = await fetch(self._pool, "SELECT clock_timestamp()")
        assert isinstance(moment, datetime)
        return moment


async def write_index(connection: Any, round_: Round) -> None:
    """What a round changes in the index, inside the caller's transaction; tells its readers."""
    # One act may change an emitter twice; only its last state at that leaf is kept.
    emitters = {
        (c.emitter, i): emitter_row(i, c) for i, c in round_.emitters if isinstance(c, Emitter)
    }
    keys = {(c.kid, i): key_row(i, c) for i, c in round_.emitters if isinstance(c, Key)}
    quarantined = [{"leaf_index": leaf, "act_leaf": act} for leaf, act in round_.quarantined]
    await connection.execute(
        log_sql("index_add"),
        *columns(5, [indexed_row(one) for one in round_.indexed]),
        _json(list(emitters.values())),
        _json(list(keys.values())),
        _json(quarantined),
        LEAF_CHANNEL,
    )


def columns(count: int, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows as arrays of `count` columns, the way a statement takes many at once."""
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def _emitter(row: asyncpg.Record) -> Emitter:
    return Emitter(
        row["emitter"],
        EmitterKind(row["kind"]),
        row["name"],
        row["added_leaf"],
        tuple(row["schemes"]),
    )


def _key(row: asyncpg.Record) -> Key:
    jwk: PublicJwk = msgspec.json.decode(row["jwk"], type=PublicJwk)
    return Key(row["kid"], row["emitter"], jwk, row["added_leaf"], row["revoked_leaf"])
