"""Whose ledger it is, and its lines as they stream out of one snapshot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from events.access import Role
from events.vocabulary import EmitterKind
from services.projections.ledger.lines import COLUMNS, Entry, encode_entry, entry_at
from services.query_api.access import forbidden, only_platform, only_worker
from services.query_api.formats import CSV, MEDIA, csv_lines
from services.query_api.reading import Reading
from services.query_api.views import load_query
from services.web.problems import Problem

#: Who reads ledgers: a fund its own schemes', a platform and a worker their own lines.
LEDGERS = frozenset({Role.FUND, Role.AUTHORITY, Role.INSPECTOR, Role.PLATFORM, Role.WORKER})
#: Entries sent in one piece.
_FETCHED = 5_000
#: Above every entry number.
ALL = 2**62


async def check_scheme(r: Reading, scheme: str) -> None:
    """Problem 403 for another fund's scheme, 404 for one that no fund has."""
    funds = [
        one
        for one in (await r.state.keys.ring()).emitters.values()
        if one.kind is EmitterKind.FUND and scheme in one.schemes
    ]
    if r.reader.role is Role.FUND and r.reader.who not in {one.emitter for one in funds}:
        raise forbidden(r.reader, f"is the ledger of {scheme}, which is no scheme of this fund")
    if not funds:
        raise Problem(404, "not-found", f"no fund has a scheme {scheme}")


async def schemes_of(r: Reading) -> frozenset[str] | None:
    """The schemes that a fund reads of; None: the reader is no fund."""
    if r.reader.role is not Role.FUND:
        return None
    known = (await r.state.keys.ring()).emitters.get(r.reader.who)
    return frozenset(known.schemes if known else ())


def own_lines(r: Reading, platform: str | None, worker: str | None) -> tuple[str | None, ...]:
    """The platform and the pseudonym to restrict lines to."""
    return only_platform(r.reader, platform), only_worker(r.reader, worker)


async def lines(r: Reading, *values: Any) -> AsyncIterator[Sequence[Entry]]:
    """Entries in pieces. `values`: as `entries.sql` names them."""
    async for rows in r.snapshot.pieces(load_query("entries"), values, _FETCHED):
        if sees_persons(r):
            yield [entry_at(row) for row in rows]
        else:
            yield [as_seen(r, entry_at(row)) for row in rows]


def sees_persons(r: Reading) -> bool:
    """Whether the reader is told who is whom: a platform could find a worker on others by it."""
    return r.reader.role is not Role.PLATFORM


def as_seen(r: Reading, entry: Entry) -> Entry:
    """An entry as this reader sees it."""
    hidden = entry.person is not None and not sees_persons(r)
    return msgspec.structs.replace(entry, person=None) if hidden else entry


class Streamed(StreamingResponse):
    """A body that is read from a snapshot while it is sent; the snapshot ends with it, always."""

    def __init__(self, snapshot: AsyncExitStack, body: AsyncIterator[bytes], **more: Any) -> None:
        super().__init__(body, **more)
        self._snapshot = snapshot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, then let go of the snapshot, whatever happened."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._snapshot.aclose()


def streamed(
    snapshot: AsyncExitStack,
    pieces: AsyncIterator[Sequence[Entry]],
    name: str,
    headers: dict[str, str],
) -> Response:
    """Entries as NDJSON or CSV."""
    body = _csv(pieces) if name == CSV else _ndjson(pieces)
    every = {**headers, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    media = MEDIA[name] + ("; charset=utf-8" if name == CSV else "")
    return Streamed(snapshot, body, media_type=media, headers=every)


async def _ndjson(pieces: AsyncIterator[Sequence[Entry]]) -> AsyncIterator[bytes]:
    async for entries in pieces:
        yield b"".join(map(encode_entry, entries))


async def _csv(pieces: AsyncIterator[Sequence[Entry]]) -> AsyncIterator[bytes]:
    yield csv_lines(COLUMNS, [dict(zip(COLUMNS, COLUMNS, strict=True))])
    async for entries in pieces:
        yield csv_lines(COLUMNS, (_flat(entry) for entry in entries))


def _flat(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in COLUMNS}
