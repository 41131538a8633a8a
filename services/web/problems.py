"""RFC 9457 problem documents: the one shape of every error that leaves the registry."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from events.errors import Fault

PROBLEM_TYPE = "application/problem+json"
#: Problem types are `urn:` names, stable for ever; docs/problems.md explains each.
_PREFIX = "urn:sijill:problem:"
_log = structlog.get_logger()


def title_of(kind: str) -> str:
    """A problem's title: its kind in words, the same at every occurrence (RFC 9457, 3.1.4)."""
    return kind.replace("-", " ").capitalize()


class Problem(Exception):
    """An answer that says what was wrong and what to do."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> Response:
        """The document as it goes out."""
        document: dict[str, Any] = {
            "type": _PREFIX + self.kind,
            "title": title_of(self.kind),
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        if self.faults:
            document["errors"] = [
                {"pointer": fault.pointer, "detail": fault.detail} for fault in self.faults
            ]
        return Response(
            msgspec.json.encode(document),
            self.status,
            headers=self.headers,
            media_type=PROBLEM_TYPE,
        )


def install_problems(app: FastAPI) -> None:
    """Make every error of an app a problem document, its own and the framework's."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = HTTPStatus(error.status_code).name.lower().replace("_", "-")
        detail = str(error.detail)
        if error.status_code == HTTPStatus.NOT_FOUND:
            detail = f"nothing answers at {request.url.path}: /openapi.json lists all paths"
        headers = error.headers
        return Problem(error.status_code, kind, detail, headers=headers).response()

    async def on_error(request: Request, error: Exception) -> Response:
        return _internal(request, error)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_error)


def _internal(request: Request, error: Exception) -> Response:
    _log.error("request failed", path=request.url.path, exc_info=error)
    return Problem(500, "internal", "an error of the registry; it has been logged").response()


Endpoint = Callable[[Request], Awaitable[Response]]


class Shortcut:
    """Answers one path by its endpoint alone, everything else by the application behind it.

    The framework's layers are for what may take its time. Where small requests come by the
    thousand they are a fifth of the work, and all that they would do here is turn what the
    endpoint raises into a problem.
    """

    def __init__(self, app: ASGIApp, method: str, path: str, endpoint: Endpoint) -> None:
        self._app, self._method, self._path, self._endpoint = app, method, path, endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if (scope["type"], scope.get("path"), scope.get("method")) != (
            "http",
            self._path,
            self._method,
        ):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._endpoint(request)
        except Problem as problem:
            response = problem.response()
        except Exception as error:
            response = _internal(request, error)
        await response(scope, receive, send)
