"""Who reads, what she may read, and the line that her reading leaves.

Where a reader may only see her own, what is not hers is answered as if it did not exist.
"""

import asyncio
from datetime import datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from events.access import AccessDenied, Reader, Role, read_access
from events.keys import KeyRing
from events.log.protocol import Leaves
from services.query_api.database import AWAY
from services.query_api.statements import alive, named
from services.web.problems import Problem

ANALYSTS = frozenset({Role.ANALYST, Role.INSPECTOR, Role.FUND, Role.AUTHORITY, Role.PLATFORM})
INSPECTORS = frozenset({Role.INSPECTOR, Role.AUTHORITY})
CASES = INSPECTORS | {Role.PLATFORM, Role.WORKER}
SUBMITTERS = INSPECTORS | {Role.PLATFORM, Role.FUND}
#: Seconds for which emitters and keys are believed, and after which an unknown one is looked for.
_RING_SECONDS, _UNKNOWN_KEY_SECONDS = 1.0, 0.1
#: Above every leaf index.
_EVERY_LEAF = 2**62


class Keys:
    """The emitters and keys of the log, read again after a short while."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._ring = KeyRing()
        self._read_at = float("-inf")

    async def ring(self, *, older_than: float = _RING_SECONDS) -> KeyRing:
        """The ring, read again if the last reading is older than some seconds."""
        now = asyncio.get_running_loop().time()
        if now - self._read_at > older_than:
            self._ring = await self._leaves.key_ring_before(_EVERY_LEAF)
            self._read_at = now
        return self._ring


class AuditTrail:
    """Writes `audit.access` through a role that can only insert there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def record(self, reader: Reader, what: str, position: int) -> None:
        """Durable when it returns. Problem 503 when it cannot be: then nothing may be read."""
        line = {"who": reader.who, "role": reader.role.value, "what": what, "position": position}
        statement = named("record")
        try:
            async with alive(self._engine) as driver:
                await driver.execute(statement.text, *statement.values(line))
        except AWAY as error:
            raise Problem(
                503,
                "no-audit",
                "the access record cannot be written, so the rows are not shown",
                headers={"Retry-After": "5"},
            ) from error


async def authenticate(request: Request, keys: Keys, identity: str, now: datetime) -> Reader:
    """Who the bearer token proves; Problem 401 with the reason otherwise."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unproven("send `Authorization: Bearer <token>`", "")
    token = token.strip()
    try:
        return read_access(token, await keys.ring(), registry=identity, now=now)
    except AccessDenied:
        # The key may have been added a moment ago.
        fresh = await keys.ring(older_than=_UNKNOWN_KEY_SECONDS)
    try:
        return read_access(token, fresh, registry=identity, now=now)
    except AccessDenied as error:
        raise _unproven(str(error), ', error="invalid_token"') from error


def _unproven(detail: str, more: str) -> Problem:
    challenge = {"WWW-Authenticate": f'Bearer realm="sijill"{more}'}
    return Problem(401, "unauthenticated", detail, headers=challenge)


def require(reader: Reader, roles: frozenset[Role]) -> None:
    """Problem 403 unless the reader has one of these roles; it names them."""
    if reader.role not in roles:
        raise forbidden(reader, "can be read by: " + ", ".join(sorted(roles)))


def forbidden(reader: Reader, why: str) -> Problem:
    """The problem of a reader who may not."""
    return Problem(403, "forbidden", f"as {reader.role} you may not read this; it {why}")


def only_platform(reader: Reader, asked: str | None) -> str | None:
    """The platform to restrict an answer to: the asked one, or a platform's or worker's own."""
    if reader.role not in {Role.PLATFORM, Role.WORKER}:
        return asked
    if asked not in {None, reader.platform}:
        raise forbidden(reader, f"is not about {reader.platform}, of which you read alone")
    return reader.platform


def only_worker(reader: Reader, asked: str | None) -> str | None:
    """The pseudonym to restrict an answer to: the asked one, or a worker's own."""
    if reader.role is not Role.WORKER:
        return asked
    if asked not in {None, reader.pseudonym}:
        raise forbidden(reader, "is not about you")
    return reader.pseudonym


def may_read_event(reader: Reader, emitter: str, workers: frozenset[str]) -> bool:
    """Whether an event of an emitter about these workers is the reader's to read."""
    if reader.role in INSPECTORS:
        return True
    if reader.role is Role.PLATFORM:
        return emitter == reader.platform
    return emitter == reader.platform and workers == {reader.pseudonym}


def may_read_submissions(reader: Reader, emitter: str) -> bool:
    """Whether an emitter's submissions are the reader's to read."""
    return reader.role in INSPECTORS or reader.who == emitter
