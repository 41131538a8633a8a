"""Several processes on one port: each takes its part of the connections, once it is ready."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.ports import HOST, first_free
from deploy.processes.front import Front, Say, run_fronts
from deploy.processes.serving import serve_until, server
from deploy.processes.settings import Settings, read_settings
from services.ingest.metrics import IngestMetrics
from tests.ingest.speaking import until
from tests.support.ports import first_port

#: So many connections all reach one of two processes once in 2^63 runs.
_CONNECTIONS = 64


def _saying(word: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(word)(scope, receive, send)

    return app


async def _ask(port: int) -> str:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.rpartition(b"\r\n\r\n")[2].decode()


def _is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex((HOST, port)) == 0


async def test_connections_are_dealt_out() -> None:
    port, stop = first_free(first_port(), 1), asyncio.Event()
    doors = [server(_saying(word), HOST, port, announce=False, shared=True) for word in "ab"]
    serving = [asyncio.create_task(serve_until(stop, door)) for door in doors]
    await until(lambda: all(door.started for door in doors))

    answers = {await _ask(port) for _ in range(_CONNECTIONS)}

    stop.set()
    await asyncio.gather(*serving)
    assert answers == {"a", "b"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    first = first_free(first_port(), 2)
    given = read_settings(
        {
            "SIJILL_DATABASE": "postgresql://{role}@db.example/sijill",
            "SIJILL_KEYS": str(tmp_path),
            "SIJILL_PORT": str(first),
            "SIJILL_SHARED_PORT": str(first + 1),
        }
    )
    assert (given.port, given.shared_port) == (first, first + 1)
    return given


async def test_who_is_not_open_takes_nothing(settings: Settings) -> None:
    stop, may_open = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def opening(say: Say) -> AsyncIterator[FastAPI]:
        await may_open.wait()
        app = FastAPI()
        app.add_api_route("/", lambda: Response("open"))
        yield app

    async def watch(say: Say) -> None:
        await stop.wait()

    front = Front("test", opening, watch, IngestMetrics())
    running = asyncio.create_task(run_fronts(front, settings, stop, front))
    shared = settings.shared_port
    assert shared is not None
    await until(lambda: _is_open(settings.port))
    # It answers on its own port, where its health is asked, and takes no part of the others' work.
    assert not _is_open(shared)

    may_open.set()
    await until(lambda: _is_open(shared))
    assert await _ask(shared) == "open"

    stop.set()
    await running
    assert not _is_open(shared)
