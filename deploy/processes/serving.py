"""Serve an ASGI application on loopback until asked to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import msgspec
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from deploy.embedded.processes import announce_ready
from deploy.processes.settings import Settings
from deploy.processes.stopping import keep_trying

#: Seconds in which requests in hand may end after SIGTERM.
DRAIN_SECONDS = 8
#: Connections the kernel may queue.
BACKLOG = 1024


class Server(uvicorn.Server):
    """uvicorn, stopped by an event instead of signals, so that one loop can hold several."""

    def __init__(self, config: uvicorn.Config, *, announce: bool, shared: bool) -> None:
        super().__init__(config)
        self._announce, self._shared = announce, shared

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """The process handles its own signals."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the parent as soon as connections are taken, if that is when it is ready."""
        if self._shared:
            place = (self.config.host, self.config.port)
            sockets = [socket.create_server(place, backlog=BACKLOG, reuse_port=True)]
        await super().startup(sockets)
        if self._announce:
            announce_ready()


def server(
    app: ASGIApp, host: str, port: int, *, announce: bool = True, shared: bool = False
) -> Server:
    """A server that drains on exit and keeps its own log out of the way.

    `shared`: other processes may listen on the same port; the kernel deals out the connections.
    """
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            lifespan="off",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            # Who asks is proven by a token or a signature; nobody here looks at addresses.
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        ),
        announce=announce,
        shared=shared,
    )


async def serve_until(stop: asyncio.Event, serving: Server) -> None:
    """Serve until the event, then drain."""
    task = asyncio.create_task(serving.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    serving.should_exit = True
    stop.set()
    stopping.cancel()
    await task


async def run_beside(
    health: ASGIApp,
    settings: Settings,
    stop: asyncio.Event,
    act: Callable[[], Awaitable[None]],
    failed: Callable[[Exception], None],
) -> None:
    """Run a process's work again and again until the event, its health pages beside it."""
    pages = asyncio.create_task(serve_until(stop, server(health, settings.host, settings.port)))
    await keep_trying(stop, act, failed)
    await pages


def health_app(
    registry: CollectorRegistry, collect: Callable[[], None], ready: Callable[[], dict[str, object]]
) -> ASGIApp:
    """`/metrics`, `/healthz` and `/readyz` of a process that serves nothing else.

    `ready()` holds a member `ready`; the rest says why. Without the framework of the doors, whose
    loading would be a third of such a process's start.
    """

    async def metrics(_: Request) -> Response:
        collect()
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    async def healthz(_: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def readyz(_: Request) -> Response:
        state = ready()
        status = 200 if state["ready"] else 503
        return Response(msgspec.json.encode(state), status, media_type="application/json")

    pages = {"/metrics": metrics, "/healthz": healthz, "/readyz": readyz}
    return Starlette(routes=[Route(path, page) for path, page in pages.items()])
