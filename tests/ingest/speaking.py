"""What the door's tests say and how they say it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI

from events.jose import PrivateKey, b64, signing_input
from events.keys import KeyRing
from events.log.protocol import Arrival, Indexed, Intake, LeafRecord, Place, Sent, Stood
from events.token import CONTENT_TYPE
from services.ingest.app import create_app
from services.sequencer.sequencer import Sequencer
from tests.support.world import START, Platform, World, body_of

SUBMIT, VALIDATE = "/v1/submissions", "/v1/validate"
IAT = int(START.timestamp())

#: A second platform of the shared world.
BETA = Platform("beta", PrivateKey.generate())


class Caller:
    """A platform's HTTP client at the door of a world; no socket between them."""

    def __init__(self, world: World, app: FastAPI | None = None) -> None:
        self.world = world
        self.app = app or create_app(world.door)
        transport = httpx.ASGITransport(app=self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://door")

    async def send(
        self,
        body: bytes,
        submission: str,
        *,
        platform: Platform | None = None,
        token: str | None = None,
        wait: int = 0,
        path: str = SUBMIT,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Sign as `platform` (alpha) unless `token` is given, and post."""
        signed = token or (platform or self.world.alpha).sign(body, submission)
        sent = {"content-type": CONTENT_TYPE, "submission-signature": signed}
        sent |= {"prefer": f"wait={wait}"} if wait else {}
        return await self.http.post(path, content=body, headers={**sent, **(headers or {})})


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The one shape of every refusal (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:sijill:problem:{kind}"
    assert document["status"] == status
    assert document["title"].lower() == document["type"].rpartition(":")[2].replace("-", " ")
    assert document["detail"]
    assert set(document) <= {"type", "title", "status", "detail", "errors"}
    return document


def nil_day(world: World, day: str = "2026-03-03", **more: Any) -> dict[str, Any]:
    """A small valid event of alpha."""
    return {**world.alpha.event("day.nil", {"day": day}), **more}


def small(world: World, platform: Platform | None = None) -> bytes:
    """A body that no other test sends."""
    return body_of([(platform or world.alpha).event("day.nil", {"day": "2026-03-03"})])


def forged(key: PrivateKey, body: bytes, **members: Any) -> str:
    """A token whose header members are as given; None leaves one out."""
    usual = {
        "alg": key.algorithm,
        "kid": key.kid,
        "typ": "sijill-submission+jws",
        "cty": CONTENT_TYPE,
        "iss": "alpha",
        "jti": "forged",
        "iat": IAT,
    }
    header = {name: value for name, value in {**usual, **members}.items() if value is not None}
    return signed(key, json.dumps(header).encode(), body)


def signed(key: PrivateKey, header: bytes, body: bytes) -> str:
    """A detached JWS under exactly these bytes of a header."""
    protected = b64(header)
    return f"{protected}..{b64(key.sign(signing_input(protected, body)))}"


@asynccontextmanager
async def sequencing(world: World) -> AsyncIterator[None]:
    """A sequencer of its own at work beside the test."""
    stop = asyncio.Event()
    running = asyncio.create_task(Sequencer(world.log, world.clock).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def outcomes(world: World, *submissions: str) -> list[tuple[str, str, str]]:
    """Emitter, submission and outcome of these submissions' leaves; of all but acts without."""
    found = [msgspec.json.decode(record.leaf) for record in await world.leaves.leaves(0, 10_000)]
    return [
        (leaf["emitter"], leaf["submission"], leaf["outcome"])
        for leaf in found
        if leaf["submission"] in submissions or not (submissions or leaf["emitter"] == "authority")
    ]


class FaultyIntake:
    """A real intake that misbehaves where a test sets it."""

    def __init__(self, inner: Intake) -> None:
        self.inner = inner
        #: Raised by `append` after its commit, by `look_up`, and by `stood` and `leaves_at`.
        self.after_append: Exception | None = None
        self.look_up_error: Exception | None = None
        self.leaf_error: Exception | None = None
        self.appended: list[Arrival] = []

    @property
    def waiting_bytes(self) -> int:
        return self.inner.waiting_bytes

    async def append(self, arrival: Arrival, *, anyway: bool = False) -> Place:
        place = await self.inner.append(arrival, anyway=anyway)
        self.appended.append(arrival)
        if self.after_append is not None:
            raise self.after_append
        return place

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        if self.look_up_error is not None:
            raise self.look_up_error
        return await self.inner.look_up(ids)

    async def stood(self, sent: Sequence[Sent]) -> Stood:
        if self.leaf_error is not None:
            raise self.leaf_error
        return await self.inner.stood(sent)

    async def wait_leaf(self, index: int, seconds: float) -> None:
        await self.inner.wait_leaf(index, seconds)

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        if self.leaf_error is not None:
            raise self.leaf_error
        return await self.inner.leaves_at(indexes)

    async def last_act(self) -> int | None:
        return await self.inner.last_act()

    async def key_ring(self) -> KeyRing:
        return await self.inner.key_ring()


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else go on until something holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (what is waited for belongs to the code under test)
            await asyncio.sleep(0.001)
