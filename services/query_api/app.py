"""The application: routes, the suffix of a path, problems, metrics. No state but what is given."""

import time

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from events.errors import Fatal
from services.query_api.database import AWAY
from services.query_api.formats import MEDIA, PATH_KEY, SUFFIX_KEY
from services.query_api.metrics import Metrics
from services.query_api.openapi import install_openapi
from services.query_api.routes import (
    analysis,
    cases,
    contributions,
    explaining,
    funds,
    months,
    operations,
    public,
    rules,
    status,
    submissions,
)
from services.query_api.state import QueryState
from services.web.problems import Problem, install_problems

VERSION = "1"
DESCRIPTION = """
Every answer names the position (leaf index) that it was computed at. `as_of` asks for what was
recorded up to a position or date, inclusive. Formats by `Accept` or by a suffix of the path
(`.json`, `.ndjson`, `.csv`), which wins and is taken off once: an id that itself ends so is asked
for with a suffix behind it. Money is a decimal string.

CSV has one row for each slice and columns that never change. A slice with a second currency goes
on in a further row that holds its key, the currency and the money alone, so every column can be
added up. Cells are never altered to please a spreadsheet: import ids as text.
"""
_log = structlog.get_logger()


class Suffix:
    """Takes a format's suffix off the path before it is routed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request without its suffix."""
        path = scope.get("path", "")
        stem, dot, suffix = path.rpartition(".")
        if dot and suffix in MEDIA and path.startswith("/v1/"):
            # In place, so that whoever wraps this sees the route that was found.
            scope.update({"path": stem, SUFFIX_KEY: suffix, PATH_KEY: path})
        await self._app(scope, receive, send)


class Measured:
    """Counts every request by route and status, and times it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request and look at the status of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.requests.labels(route, message["status"]).inc()
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, watched)


def create_app(state: QueryState) -> FastAPI:
    """The query API over a state whose parts the caller opened and closes."""
    app = FastAPI(
        title="Sijill query API",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.query = state
    for module in (
        public,
        rules,
        analysis,
        months,
        cases,
        funds,
        contributions,
        explaining,
        submissions,
        status,
        operations,
    ):
        app.include_router(module.router)
    install_problems(app)
    _install_errors(app, state)
    install_openapi(app)
    app.add_middleware(Suffix)
    app.add_middleware(Measured, metrics=state.metrics)
    return app


def _install_errors(app: FastAPI, state: QueryState) -> None:
    """Count refusals; turn a log or views that cannot be read into 503, and bad input into 400."""

    def answer(problem: Problem) -> Response:
        state.metrics.refusals.labels(problem.kind).inc()
        if problem.status >= 500:
            state.metrics.last_error.labels(problem.kind).set(state.clock().timestamp())
        return problem.response()

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(error)

    async def on_database(request: Request, error: Exception) -> Response:
        # SQLAlchemy puts the statement into its message: that says more than our frames would.
        _log.error("cannot read", path=request.url.path, error=str(error))
        detail = "the views cannot be read now; ask again"
        return answer(Problem(503, "unavailable", detail, headers={"Retry-After": "2"}))

    async def on_validation(request: Request, error: Exception) -> Response:
        return answer(Problem(400, "bad-parameter", "the request cannot be read"))

    app.add_exception_handler(Problem, on_problem)
    for gone in (*AWAY, Fatal):
        app.add_exception_handler(gone, on_database)
    app.add_exception_handler(RequestValidationError, on_validation)
