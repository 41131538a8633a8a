"""The derived index in PostgreSQL: what stands under an id, and who may speak."""

from collections.abc import Sequence

import asyncpg
import msgspec

from events.acts import PublicJwk
from events.keys import Emitter, Key, KeyRing
from events.log.connections import fetch, log_sql
from events.log.protocol import Indexed
from events.log.rows import indexed
from events.vocabulary import EmitterKind

#: Above every leaf index.
_NO_LIMIT = 2**62


async def look_up(pool: asyncpg.Pool, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
    """What stands in the index under these (emitter, id)."""
    emitters, submissions = [emitter for emitter, _ in ids], [sid for _, sid in ids]
    rows = await fetch(pool, log_sql("look_up"), emitters, submissions)
    return [indexed(row) for row in rows]


async def read_key_ring(pool: asyncpg.Pool, before: int = _NO_LIMIT) -> KeyRing:
    """All emitters and keys as the leaves below an index left them."""
    ring = KeyRing()
    # Keys first: a registration that comes between leaves an emitter without a key, which can do
    # nothing yet, and never a key of nobody.
    keys = await fetch(pool, log_sql("emitter_keys"), before)
    for row in await fetch(pool, log_sql("emitters"), before):
        ring.emitters[row["emitter"]] = Emitter(
            row["emitter"],
            EmitterKind(row["kind"]),
            row["name"],
            row["added_leaf"],
            tuple(row["schemes"]),
        )
    for row in keys:
        jwk: PublicJwk = msgspec.json.decode(row["jwk"], type=PublicJwk)
        ring.keys[row["kid"]] = Key(
            row["kid"], row["emitter"], jwk, row["added_leaf"], row["revoked_leaf"]
        )
    return ring
