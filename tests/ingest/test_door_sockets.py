"""What only a real server on a real socket shows."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.processes.serving import server
from events.limits import BODY_BYTES_MAX
from events.token import CONTENT_TYPE
from services.ingest.app import InFlight, create_app
from services.ingest.metrics import IngestMetrics
from tests.ingest.speaking import Caller, nil_day, outcomes, small, until
from tests.support.world import World, body_of


class Served:
    """The door of the shared world behind the server that production runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.metrics, self.flight = IngestMetrics(), InFlight()
        self.app = create_app(world.door, self.metrics, self.flight)
        self.port = 0

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    def head(
        self, body: bytes, submission: str, *, path: str = "/v1/validate", **more: str
    ) -> bytes:
        """A request's head for this body; `more` headers, underscores for hyphens."""
        headers = {
            "host": "door",
            "content-type": CONTENT_TYPE,
            "submission-signature": self.world.alpha.sign(body, submission),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        lines = [f"POST {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items()), "", ""]
        return "\r\n".join(lines).encode()

    def refused(self, reason: str) -> float:
        """How often the door refused for a reason."""
        found = self.metrics.registry.get_sample_value(
            "sijill_ingest_refused_total", {"reason": reason}
        )
        return found or 0.0


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One response: status, headers, body."""
    async with asyncio.timeout(30):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers, body


@pytest.fixture
async def served(caller: Caller) -> AsyncIterator[Served]:
    """A server on a free loopback port."""
    made = Served(caller.world)
    serving = server(made.app, "127.0.0.1", 0)
    task = asyncio.create_task(serving.serve())
    await until(lambda: serving.started)
    made.port = serving.servers[0].sockets[0].getsockname()[1]
    yield made
    serving.should_exit = True
    await task
    assert made.flight.held == 0


async def test_a_body_that_comes_too_slowly_is_408_and_loses_its_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.app.BODY_SECONDS_MAX", 0.05)
    body = body_of([nil_day(served.world)])
    reader, writer = await served.connect()
    writer.write(served.head(body, "s", content_length=str(len(body))) + body[:10])
    status, headers, document = await answer(reader)
    assert (status, headers["content-type"]) == (408, "application/problem+json")
    assert b"urn:sijill:problem:too-slow" in document
    # Else the rest could trickle in for ever.
    assert await reader.read() == b""
    assert served.refused("too-slow") == 1
    writer.close()


async def test_a_connection_cut_in_the_middle_keeps_nothing(served: Served) -> None:
    body = small(served.world)
    _, writer = await served.connect()
    head = served.head(body, "cut", path="/v1/submissions", content_length=str(len(body)))
    writer.write(head + body[:-1])
    await writer.drain()
    await until(lambda: served.flight.held > 0)
    writer.close()
    await until(lambda: served.refused("cut-off") == 1)
    assert served.flight.held == 0
    await served.world.sequence()
    assert "cut" not in [submission for _, submission, _ in await outcomes(served.world)]


async def test_chunks_without_a_length_are_taken(served: Served) -> None:
    body = body_of([nil_day(served.world)])
    reader, writer = await served.connect()
    writer.write(served.head(body, "c", transfer_encoding="chunked"))
    for start in range(0, len(body), 50):
        part = body[start : start + 50]
        writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    assert (await answer(reader))[0] == 200
    writer.close()


async def test_chunks_beyond_the_limit_are_413_before_the_end(served: Served) -> None:
    reader, writer = await served.connect()
    writer.write(served.head(b"", "o", transfer_encoding="chunked"))
    part = b" " * 65_536
    for _ in range(BODY_BYTES_MAX // len(part) + 1):
        writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()
    status, _, document = await answer(reader)
    assert status == 413
    assert b"urn:sijill:problem:too-large" in document
    writer.close()


async def test_an_announced_giant_is_told_before_it_comes(served: Served) -> None:
    reader, writer = await served.connect()
    writer.write(served.head(b"", "g", content_length=str(10**12)))
    assert (await answer(reader))[0] == 413
    writer.close()


async def test_expecting_to_continue_is_answered(served: Served) -> None:
    body = body_of([nil_day(served.world)])
    reader, writer = await served.connect()
    head = served.head(body, "e", content_length=str(len(body)), expect="100-continue")
    writer.write(head)
    assert (await answer(reader))[0] == 100
    writer.write(body)
    assert (await answer(reader))[0] == 200
    writer.close()


async def test_several_requests_in_one_packet_are_answered_in_order(served: Served) -> None:
    good = body_of([nil_day(served.world)])
    reader, writer = await served.connect()
    requests = [(good, 200), (b"{", 400), (b"[]", 422), (good, 200)]
    writer.write(
        b"".join(
            served.head(body, f"p{n}", content_length=str(len(body))) + body
            for n, (body, _) in enumerate(requests)
        )
    )
    assert [(await answer(reader))[0] for _ in requests] == [status for _, status in requests]
    writer.close()


@pytest.mark.parametrize(
    "lines",
    [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: -1",
        "content-length: 99999999999999999999999999",
        "transfer-encoding: gzip, chunked, chunked",
    ],
)
async def test_two_opinions_about_a_bodys_length_are_refused(served: Served, lines: str) -> None:
    """What two servers in a row read differently smuggles one request inside another."""
    reader, writer = await served.connect()
    head = served.head(b"x", "s").removesuffix(b"\r\n")
    writer.write(head + lines.encode() + b"\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n")
    status, _, _ = await answer(reader)
    assert 400 <= status < 500
    assert b"alive" not in await reader.read()
    writer.close()


async def test_a_flood_of_headers_is_refused_and_the_next_caller_served(served: Served) -> None:
    body = body_of([nil_day(served.world)])
    reader, writer = await served.connect()
    flood = "".join(f"x-{n}: {'y' * 1000}\r\n" for n in range(1000))
    twice = f"submission-signature: {'z' * 100_000}\r\n{flood}content-length: 0\r\n\r\n"
    writer.write(served.head(b"", "f").removesuffix(b"\r\n") + twice.encode())
    assert (await answer(reader))[0] == 400
    writer.write(served.head(body, "n", content_length=str(len(body))) + body)
    assert (await answer(reader))[0] == 200
    writer.close()


async def test_garbage_does_not_hurt_the_next_caller(served: Served) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 999):
        reader, writer = await served.connect()
        writer.write(garbage)
        writer.write_eof()
        await reader.read()
        writer.close()
    body = body_of([nil_day(served.world)])
    reader, writer = await served.connect()
    writer.write(served.head(body, "n", content_length=str(len(body))) + body)
    assert (await answer(reader))[0] == 200
    writer.close()
