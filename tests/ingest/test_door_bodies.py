"""Bad bodies and headers get a clear answer that names each fault, and nothing is kept."""

import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from events.jose import PrivateKey
from events.limits import BODY_BYTES_MAX, EVENTS_MAX, FAULTS_MAX
from events.token import CONTENT_TYPE
from services.ingest.app import create_app
from services.ingest.door import Door, Unavailable
from tests.ingest.speaking import (
    BETA,
    SUBMIT,
    VALIDATE,
    Caller,
    FaultyIntake,
    nil_day,
    outcomes,
    problem,
)
from tests.support.world import World, body_of

_STRANGER = PrivateKey.generate()


@pytest.fixture(autouse=True)
async def _nothing_is_kept(caller: Caller) -> AsyncIterator[None]:
    """Whatever was sent, it has no leaf."""
    yield
    await caller.world.sequence()
    assert await outcomes(caller.world) == []


# --- headers and sizes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"content-encoding": "gzip"}, 415, "unsupported"),
        ({"content-encoding": "identity"}, 415, "unsupported"),
        ({"content-encoding": ""}, 415, "unsupported"),
        ({"content-type": "application/json"}, 415, "unsupported"),
        ({"content-type": ""}, 415, "unsupported"),
        ({"content-type": f"{CONTENT_TYPE}; charset=latin-1"}, 415, "unsupported"),
        ({"content-length": str(BODY_BYTES_MAX + 1)}, 413, "too-large"),
        ({"content-length": "9" * 5000}, 413, "too-large"),
        ({"content-length": "0" * 5000 + str(BODY_BYTES_MAX + 1)}, 413, "too-large"),
    ],
)
async def test_headers_that_the_door_does_not_take(
    caller: Caller, headers: dict[str, str], status: int, kind: str
) -> None:
    body = body_of([nil_day(caller.world)])
    for path in (SUBMIT, VALIDATE):
        problem(await caller.send(body, "h", headers=headers, path=path), status, kind)


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", ';Charset="UTF-8"'])
async def test_utf_8_may_be_named(caller: Caller, charset: str) -> None:
    headers = {"content-type": CONTENT_TYPE.title() + charset}
    body = body_of([nil_day(caller.world)])
    answer = await caller.send(body, "h", headers=headers, path=VALIDATE)
    assert answer.status_code == 200


async def test_two_signatures_or_none_are_refused(caller: Caller) -> None:
    body = body_of([nil_day(caller.world)])
    token = caller.world.alpha.sign(body, "two")
    headers = [("content-type", CONTENT_TYPE), *[("submission-signature", token)] * 2]
    for sent in (headers, headers[:1]):
        problem(await caller.http.post(SUBMIT, content=body, headers=sent), 400, "malformed")


async def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not(
    caller: Caller,
) -> None:
    body = body_of([nil_day(caller.world)])
    full = body + b" " * (BODY_BYTES_MAX - len(body))
    assert (await caller.send(full, "full", path=VALIDATE)).status_code == 200
    problem(await caller.send(full + b" ", "over"), 413, "too-large")


async def test_a_gzip_bomb_is_never_opened(caller: Caller) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    encoded = {"content-encoding": "gzip"}
    problem(await caller.send(bomb, "bomb", headers=encoded), 415, "unsupported")
    problem(await caller.send(bomb, "bomb"), 400, "malformed")


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", SUBMIT, 405, "method-not-allowed"),
        ("DELETE", SUBMIT, 405, "method-not-allowed"),
        ("PUT", VALIDATE, 405, "method-not-allowed"),
        ("POST", "/v1/submission", 404, "not-found"),
        ("GET", "/%00", 404, "not-found"),
    ],
)
async def test_wrong_ways_are_problems_too(
    caller: Caller, method: str, path: str, status: int, kind: str
) -> None:
    answer = await caller.http.request(method, path)
    problem(answer, status, kind)
    assert status != 405 or answer.headers["allow"] == "POST"


# --- the body -----------------------------------------------------------------------------


def _with(world: World, **members: Any) -> bytes:
    return body_of([nil_day(world, **members)])


def _raw(world: World, old: str, new: bytes) -> bytes:
    """A good body with a member `unknown` whose JSON is replaced by raw bytes."""
    return _with(world, unknown="@").replace(old.encode(), new)


def _paid(world: World, **members: Any) -> bytes:
    data = {"worker": "w", "gross": "1.00", "currency": "MAD", **members}
    return body_of([world.alpha.event("payment.made", data)])


_Bodies = dict[str, tuple[int, str | None, Callable[[World], bytes]]]
BODIES: _Bodies = {
    "nothing": (400, None, lambda w: b""),
    "not JSON": (400, None, lambda w: b"{"),
    "an object": (400, None, lambda w: b"{}"),
    "a byte order mark": (400, None, lambda w: b"\xef\xbb\xbf" + _with(w)),
    "UTF-16": (400, None, lambda w: _with(w).decode().encode("utf-16")),
    "something behind": (400, None, lambda w: _with(w) + b"[]"),
    "NaN": (400, None, lambda w: _raw(w, '"@"', b"NaN")),
    "Infinity": (400, None, lambda w: _raw(w, '"@"', b"-Infinity")),
    "bad UTF-8, unknown": (400, None, lambda w: _raw(w, "@", b"\xff")),
    "bad UTF-8 in a name": (400, None, lambda w: _raw(w, "unknown", b"\xc3\x28")),
    "half a surrogate": (400, None, lambda w: _raw(w, "@", b"\\ud800")),
    "nested deep": (400, None, lambda w: _raw(w, '"@"', b"[" * 80 + b"]" * 80)),
    "nested very deep": (400, None, lambda w: b"[" * 100_000),
    "nested objects": (400, None, lambda w: _raw(w, '"@"', b'{"a":' * 999 + b"1" + b"}" * 999)),
    "no events": (422, "", lambda w: b"[]"),
    "1,001 events": (422, "", lambda w: body_of([nil_day(w)] * (EVENTS_MAX + 1))),
    "an event that is a text": (422, "/0", lambda w: b'["x"]'),
    "an unknown type": (422, "/0/type", lambda w: _with(w, type="day.nil.v2")),
    "a type of many words": (422, "/0/type", lambda w: _with(w, type=["x"] * 9999)),
    "another's source": (422, "/0/source", lambda w: _with(w, source="/emitters/beta")),
    "another CloudEvents": (422, "/0/specversion", lambda w: _with(w, specversion="0.3")),
    "no time": (422, "/0/time", lambda w: _with(w, time=None)),
    "time without offset": (422, "/0/time", lambda w: _with(w, time="2026-03-04T10:00:00")),
    "time as a number": (422, "/0/time", lambda w: _with(w, time=1_772_618_400)),
    "no such day": (422, "/0/time", lambda w: _with(w, time="2026-02-30T10:00:00Z")),
    "the future": (422, "/0/time", lambda w: _with(w, time="2026-03-04T12:05:01Z")),
    "before 2000": (422, "/0/time", lambda w: _with(w, time="1999-12-31T23:59:59Z")),
    "year one, far east": (422, "/0/time", lambda w: _with(w, time="0001-01-01T00:00:00+23:59")),
    "year 9999, far west": (422, "/0/time", lambda w: _with(w, time="9999-12-31T23:59:59-23:59")),
    "a day to come": (422, "/0/data/day", lambda w: _with(w, data={"day": "2026-03-06"})),
    "data missing": (422, "/0/data", lambda w: _with(w, data=None)),
    "day missing": (422, "/0/data/day", lambda w: _with(w, data={})),
    "negative money": (422, "/0/data/gross", lambda w: _paid(w, gross="-1.00")),
    "seven decimals": (422, "/0/data/gross", lambda w: _paid(w, gross="1.0000001")),
    "over the cap": (422, "/0/data/gross", lambda w: _paid(w, gross="1000000000.000001")),
    "money as a float": (422, "/0/data/gross", lambda w: _paid(w, gross=1.5)),
    "money with a newline": (422, "/0/data/gross", lambda w: _paid(w, gross="1.00\n")),
    "money in Arabic digits": (422, "/0/data/gross", lambda w: _paid(w, gross="١.٠٠")),
    "an exponent": (422, "/0/data/gross", lambda w: _paid(w, gross="1e3")),
    "no such currency": (422, "/0/data/currency", lambda w: _paid(w, currency="ZZZ")),
    "NUL in an id": (422, "/0/id", lambda w: _with(w, id="a\0b")),
    "a bell in an id": (422, "/0/id", lambda w: _with(w, id="a\x07")),
    "right-to-left override": (422, "/0/id", lambda w: _with(w, id="a\u202eb")),
    "a zero-width space": (422, "/0/data/worker", lambda w: _paid(w, worker="w\u200b")),
    "a private surrogate": (422, "/0/data/worker", lambda w: _paid(w, worker="\uffff")),
    "an id too long": (422, "/0/id", lambda w: _with(w, id="x" * 129)),
    "an empty id": (422, "/0/id", lambda w: _with(w, id="")),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_batch_of_events(caller: Caller, name: str) -> None:
    status, pointer, make = BODIES[name]
    body = make(caller.world)
    answer = await caller.send(body, "bad")
    document = problem(answer, status, "malformed" if status == 400 else "schema")
    assert pointer is None or document["errors"][0]["pointer"] == pointer
    assert (await caller.send(body, "bad", path=VALIDATE)).content == answer.content


async def test_every_fault_is_named_up_to_a_hundred(caller: Caller) -> None:
    events = [nil_day(caller.world, source="/x", data={"day": "3000-01-01"}) for _ in range(80)]
    document = problem(await caller.send(body_of(events), "many"), 422, "schema")
    pointers = [fault["pointer"] for fault in document["errors"]]
    assert len(pointers) == FAULTS_MAX
    assert pointers[:4] == ["/0/source", "/0/data/day", "/1/source", "/1/data/day"]


ACTS: dict[str, dict[str, Any]] = {
    "platform.registered": {
        "emitter": "mallory",
        "name": "M",
        "key": msgspec.to_builtins(_STRANGER.jwk),
    },
    "key.revoked": {"kid": BETA.key.kid},
    "ledger.posted": {
        "scheme": "s",
        "period": "2026-03",
        "after": 0,
        "basis": 1,
        "policy": "sha256:" + "0" * 64,
        "lines": [],
    },
}


@pytest.mark.parametrize("type_", ACTS)
async def test_a_platform_may_not_speak_as_the_authority(caller: Caller, type_: str) -> None:
    body = body_of([caller.world.alpha.event(type_, ACTS[type_])])
    problem(await caller.send(body, "act"), 403, "not-allowed")


async def test_the_authority_may_not_speak_as_a_platform(caller: Caller) -> None:
    body = body_of([caller.world.authority.event("day.nil", {"day": "2026-03-03"})])
    answer = await caller.send(body, "day", platform=caller.world.authority)
    problem(answer, 403, "not-allowed")


async def test_a_failing_log_is_503_with_a_time_to_come_back(caller: Caller) -> None:
    class Away(Door):
        async def submit(self, token_text: str, body: bytes, *, wait: float) -> Any:
            raise Unavailable("the log cannot be reached")

    world = caller.world
    away = Caller(world, create_app(Away(world.intake, world.registry_keys, world.clock)))
    answer = await away.send(body_of([nil_day(world)]), "x")
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_a_bug_behind_the_door_is_a_problem_too_and_is_not_called_an_outage(
    caller: Caller,
) -> None:
    world = caller.world
    faulty = FaultyIntake(world.intake)
    faulty.look_up_error = KeyError("a bug")
    door = Door(faulty, world.registry_keys, world.clock)
    # A body that would be refused: whether it is a repeat is looked up first.
    answer = await Caller(world, create_app(door)).send(b"[]", "bug")
    problem(answer, 500, "internal")
    assert "a bug" not in answer.text
