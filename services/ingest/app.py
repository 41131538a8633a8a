"""HTTP at the door: reads headers and bodies within limits, maps refusals to problems."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from events.errors import Reason, Refused
from events.limits import (
    BODY_BYTES_MAX,
    BODY_SECONDS_MAX,
    BYTES_IN_FLIGHT_MAX,
    WAIT_SECONDS_MAX,
)
from events.receipt import Acknowledgement
from events.token import CONTENT_TYPE, parse_token
from services.ingest.door import (
    KEYS_SECONDS,
    LOG_ERRORS,
    Accepted,
    Door,
    NotConfirmed,
    TooMany,
    Unavailable,
)
from services.ingest.metrics import IngestMetrics
from services.ingest.openapi import SUBMISSION_DOCS, VALIDATION_DOCS, with_vocabulary
from services.web.problems import Problem, Shortcut, install_problems

_log = structlog.get_logger()
#: The door says "not ready" when its keys could not be read for this long, in seconds.
READY_SECONDS = 10.0
#: Seconds after which a 503 may be tried again.
RETRY_SECONDS = 2

#: A quoted value may hold commas; only one that is a number matters here (RFC 7240 section 2).
_QUOTED = re.compile(r'"(?:([0-9]*)|(?:[^"\\]|\\.)*)"')

_STATUS = {
    Reason.MALFORMED: 400,
    Reason.UNKNOWN_KEY: 401,
    Reason.BAD_SIGNATURE: 401,
    Reason.CLOCK_AHEAD: 401,
    Reason.REVOKED_KEY: 403,
    Reason.NOT_ALLOWED: 403,
    Reason.TOO_LARGE: 413,
    Reason.UNSUPPORTED: 415,
    Reason.SCHEMA: 422,
    Reason.CONFLICT: 409,
}


class InFlight:
    """Bytes of bodies held right now, bounded so that a flood meets 503 instead of memory's end."""

    def __init__(self, most: int = BYTES_IN_FLIGHT_MAX) -> None:
        self.most = most
        self.held = 0

    @contextlib.contextmanager
    def hold(self) -> Iterator[Callable[[int], None]]:
        """Gives what counts bytes as they come, raising `Unavailable`; forgets them at the end.

        Only bytes that came are counted: what a client declares costs it nothing.
        """
        mine = 0

        def count(size: int) -> None:
            nonlocal mine
            if self.held + size > self.most:
                raise Unavailable("the door holds as many bytes as it may")
            self.held += size
            mine += size

        try:
            yield count
        finally:
            self.held -= mine


class DoorApp(FastAPI):
    """The door's description and pages by the framework; submissions by the shortcut."""

    shortcut: Shortcut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.shortcut(scope, receive, send)


def create_app(
    door: Door, metrics: IngestMetrics | None = None, flight: InFlight | None = None
) -> FastAPI:
    """The door as an ASGI application."""
    measured = metrics or IngestMetrics()
    flight = flight or InFlight()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        keeping = asyncio.create_task(_keep_keys(door, measured))
        yield
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping

    app = DoorApp(
        title="Sijill: the door", version="1", lifespan=lifespan, docs_url=None, redoc_url=None
    )
    install_problems(app)

    async def admit(request: Request, act: Callable[[str, bytes], Awaitable[Response]]) -> Response:
        """Headers, body, then the door; every refusal counted, logged, answered as a problem."""
        try:
            token = _token_of(request)
            _refuse_declared(request)
            with flight.hold() as count:
                return await act(token, await _body_of(request, count))
        except (Problem, Refused, TooMany, Unavailable) as error:
            problem = _problem(error)
            measured.refused.labels(problem.kind).inc()
            if isinstance(error, NotConfirmed):
                measured.not_confirmed.inc()
            _note(request, problem)
            raise problem from (None if problem is error else error)

    @app.post("/v1/submissions", openapi_extra=SUBMISSION_DOCS)
    async def submit(request: Request) -> Response:
        """Push a signed batch of events."""
        wait = _wait_of(request)

        async def act(token: str, body: bytes) -> Response:
            with measured.seconds.time():
                accepted = await door.submit(token, body, wait=wait)
            measured.count(accepted, len(body))
            answer = _answer(accepted, wait)
            _log.debug(
                "taken",
                emitter=accepted.document.emitter,
                submission=accepted.document.submission,
                status=answer.status_code,
                bytes=len(body),
            )
            return answer

        return await admit(request, act)

    @app.post("/v1/validate", openapi_extra=VALIDATION_DOCS)
    async def validate(request: Request) -> Response:
        """The same checks by the same code; nothing is kept."""

        async def act(token: str, body: bytes) -> Response:
            events, standing = await door.validate(token, body)
            stands = None if standing is None else standing.leaf_index
            return _json({"valid": True, "events": events, "stands_at_leaf": stands}, 200)

        return await admit(request, act)

    @app.get("/metrics", include_in_schema=False)
    async def metrics_page() -> Response:
        measured.in_flight.set(flight.held)
        measured.waiting.set(door.waiting_bytes)
        return Response(measured.page(), media_type="text/plain; version=0.0.4")

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return _json({"status": "alive"}, 200)

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        age = door.keys_age
        ready = age < READY_SECONDS
        reason = "" if ready else "the keys could not be read from the database for a while"
        status = {"ready": ready, "reason": reason, "keys_age_seconds": round(min(age, 1e6), 1)}
        return _json(status, 200 if ready else 503)

    with_vocabulary(app)
    app.shortcut = Shortcut(super(DoorApp, app).__call__, "POST", "/v1/submissions", submit)
    return app


async def _keep_keys(door: Door, measured: IngestMetrics) -> None:
    while True:
        try:
            await door.refresh_keys()
        except LOG_ERRORS as error:
            measured.log_errors.inc()
            _log.warning("keys could not be read", error=str(error))
        await asyncio.sleep(KEYS_SECONDS)


# --- request ------------------------------------------------------------------------------


def _token_of(request: Request) -> str:
    if "content-encoding" in request.headers:
        raise Refused(Reason.UNSUPPORTED, "Content-Encoding is not accepted: send the bytes plain")
    media, _, parameter = request.headers.get("content-type", "").partition(";")
    charset = parameter.strip().lower().replace('"', "")
    if media.strip().lower() != CONTENT_TYPE or charset not in {"", "charset=utf-8"}:
        raise Refused(Reason.UNSUPPORTED, f"Content-Type must be {CONTENT_TYPE}")
    tokens = request.headers.getlist("submission-signature")
    if len(tokens) != 1:
        raise Refused(Reason.MALFORMED, "exactly one header Submission-Signature is required")
    return tokens[0]


def _refuse_declared(request: Request) -> None:
    """Tell a sender whose body is too large before it comes."""
    text = request.headers.get("content-length", "").lstrip("0")
    if text.isascii() and text.isdigit() and (len(text) > 9 or int(text) > BODY_BYTES_MAX):
        raise _too_large()


async def _body_of(request: Request, count: Callable[[int], None]) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for chunk in request.stream():
                size += len(chunk)
                if size > BODY_BYTES_MAX:
                    raise _too_large()
                count(len(chunk))
                chunks.append(chunk)
    except TimeoutError as error:
        # The rest may still trickle in: RFC 9110 section 15.5.9 asks to close.
        raise Problem(
            408,
            "too-slow",
            f"the body did not arrive within {BODY_SECONDS_MAX} s",
            headers={"Connection": "close"},
        ) from error
    except ClientDisconnect as error:
        raise Problem(400, "cut-off", "the connection broke before the body's end") from error
    return b"".join(chunks)


def _wait_of(request: Request) -> float:
    """Seconds of `Prefer: wait=N` (RFC 7240), at most `WAIT_SECONDS_MAX`; 0 without it.

    Several headers are one list, and of several waits the first counts (section 2).
    """
    for preference in _QUOTED.sub(r"\1", ",".join(request.headers.getlist("prefer"))).split(","):
        name, _, value = preference.split(";")[0].partition("=")
        if name.strip().lower() == "wait":
            value = value.strip()
            digits = value.lstrip("0") if value.isascii() and value.isdigit() else ""
            return float(min(int(digits[:9] or 0), WAIT_SECONDS_MAX))
    return 0.0


# --- answer -------------------------------------------------------------------------------


def _too_large() -> Refused:
    return Refused(Reason.TOO_LARGE, f"a submission holds at most {BODY_BYTES_MAX} bytes")


def _problem(error: Problem | Refused | TooMany | Unavailable) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, TooMany):
        return Problem(
            429,
            "too-many",
            "this emitter sends more than it may: wait, then send the same bytes again",
            headers={"Retry-After": str(int(error.seconds) + 1)},
        )
    if isinstance(error, Unavailable):
        headers = {"Retry-After": str(RETRY_SECONDS)}
        return Problem(503, "unavailable", str(error), headers=headers)
    status = _STATUS[error.reason]
    headers = {"WWW-Authenticate": "Submission-Signature"} if status == 401 else {}
    return Problem(status, error.reason.value, error.detail, faults=error.faults, headers=headers)


def _note(request: Request, problem: Problem) -> None:
    """A line in the log with the emitter and id that a token claims: nothing of it is proven."""
    claimed = {}
    with contextlib.suppress(Refused):
        header = parse_token(request.headers.get("submission-signature", "")).header
        claimed = {"emitter": header.iss, "submission": header.jti}
    say = _log.warning if problem.status >= 500 else _log.info
    say("refused", reason=problem.kind, detail=problem.detail, **claimed)


def _answer(accepted: Accepted, wait: float) -> Response:
    document = accepted.document
    applied = {"Preference-Applied": f"wait={int(wait)}"} if wait else {}
    if isinstance(document, Acknowledgement):
        return _json(document, 202, applied)
    place = f"/v1/emitters/{document.emitter}/submissions/{document.submission}"
    return _json(document, 200 if accepted.repeat else 201, {"Location": place, **applied})


def _json(document: object, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(document), status, headers=headers, media_type="application/json"
    )
