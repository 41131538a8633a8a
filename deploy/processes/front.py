"""A service on its port from the process's start: until it is open, it answers and says why not.

What a service needs may be away, at the start or later, or may break a promise: the process stays
up, is not ready, says the reason, and tries again. It never falls into a crash loop.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec
import structlog
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sijill_client.errors import KeyFileError
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.embedded.processes import announce_ready, either
from deploy.processes.leading import ALARMS
from deploy.processes.serving import serve_until, server
from deploy.processes.settings import Settings
from deploy.processes.stopping import keep_trying, told
from services.web.problems import Problem

_log = structlog.get_logger()
#: Seconds between tries after an alarm: somebody must do something first.
_ALARM_SECONDS = 5.0
#: Seconds after which a 503 may be tried again.
_RETRY_SECONDS = 2
_JSON = "application/json"
#: The reason that only the authority can mend.
NOT_ESTABLISHED = "the log has no leaf 0 yet: nobody may speak before the registry is established"

#: Says why a service is not ready; an empty text: it is.
Say = Callable[[str], None]
#: Opens what a service stands on and closes it again.
Opening = Callable[[Say], AbstractAsyncContextManager[FastAPI]]
#: Looks after it while it is open, and says when it is not ready. Never returns.
Watch = Callable[[Say], Awaitable[None]]


class Figures(Protocol):
    """What a service counts, from before it is open."""

    def page(self) -> bytes:
        """The figures as Prometheus reads them."""

    def turned_away(self) -> None:
        """Count a request that met a service which was not open."""


class Front:
    """One service, opened again and again until it stands. An ASGI application all the while."""

    def __init__(self, name: str, opening: Opening, watch: Watch, figures: Figures) -> None:
        self._name, self._opening, self._watch, self._figures = name, opening, watch, figures
        self._app: FastAPI | None = None
        self._reason = "starting"
        self.opened = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the service, or say that it is not open."""
        if scope["type"] == "http" and scope["path"] == "/readyz" and self._reason:
            await _answer({"ready": False, "reason": self._reason}, 503)(scope, receive, send)
        else:
            await (self._app or self._closed)(scope, receive, send)

    async def _closed(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/healthz":
            await _answer({"status": "alive"}, 200)(scope, receive, send)
        elif scope["path"] == "/metrics":
            page = Response(self._figures.page(), media_type=CONTENT_TYPE_LATEST)
            await page(scope, receive, send)
        else:
            self._figures.turned_away()
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            detail = "the registry cannot answer yet: send the same request again"
            problem = Problem(503, "unavailable", detail, headers=headers)
            await problem.response()(scope, receive, send)

    def say(self, reason: str) -> None:
        """Why the service is not ready, for whoever operates it; empty: it is."""
        if reason and reason != self._reason:
            _log.warning("not ready", service=self._name, reason=reason)
        self._reason = reason

    async def keep_open(self, stop: asyncio.Event) -> None:
        """Hold the service open, opening it as often as needed, until this is cancelled."""

        def failed(error: Exception) -> None:
            self._reason = told(error)

        await keep_trying(stop, self._open_once, failed)

    async def _open_once(self) -> None:
        try:
            async with self._opening(self.say) as app, app.router.lifespan_context(app):
                self._app = app
                self._reason = ""
                self.opened.set()
                _log.info("open", service=self._name)
                await self._watch(self.say)
        except (*ALARMS, KeyFileError) as alarm:
            self._reason = told(alarm)
            _log.error("not open", service=self._name, alarm=self._reason)
            await asyncio.sleep(_ALARM_SECONDS)
        finally:
            self._app = None


async def run_fronts(app: ASGIApp, settings: Settings, stop: asyncio.Event, *fronts: Front) -> None:
    """Serve until the event. What the services stand on is closed when requests have drained."""
    keeping = [asyncio.create_task(front.keep_open(stop)) for front in fronts]
    for task in keeping:
        # One that ends has met what nobody foresaw: the process ends too, loudly.
        task.add_done_callback(lambda _: stop.set())
    announcing = asyncio.create_task(_announce(fronts))
    try:
        await asyncio.gather(
            serve_until(stop, server(app, settings.host, settings.port, announce=False)),
            _serve_shared(app, settings, stop, fronts),
        )
    finally:
        for task in (*keeping, announcing):
            task.cancel()
        ended = await asyncio.gather(*keeping, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _serve_shared(
    app: ASGIApp, settings: Settings, stop: asyncio.Event, fronts: tuple[Front, ...]
) -> None:
    """Take a part of the connections to the shared port, once every service was open."""
    if settings.shared_port is None:
        return
    for front in fronts:
        await either(front.opened, stop)
    if not stop.is_set():
        serving = server(app, settings.host, settings.shared_port, announce=False, shared=True)
        await serve_until(stop, serving)


async def _announce(fronts: tuple[Front, ...]) -> None:
    """Tell the parent once every service was open: until then nobody should send to it."""
    for front in fronts:
        await front.opened.wait()
    # What stands now stands for ever: each look through it held answers up for 50 ms and more.
    gc.collect()
    gc.freeze()
    announce_ready()


def _answer(document: object, status: int) -> Response:
    return Response(msgspec.json.encode(document), status, media_type=_JSON)
