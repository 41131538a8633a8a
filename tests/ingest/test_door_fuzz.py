"""No input is an error of the registry, and what is let in can be read by everything behind."""

import asyncio
import json
from typing import Any

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.jose import b64
from events.submission import decode_events
from events.token import CONTENT_TYPE
from events.vocabulary import EmitterKind
from services.ingest.app import create_app
from services.projections.digests import content_digests
from tests.ingest.memory import SPEAKERS, MemoryIntake, memory_door
from tests.ingest.samples import PLATFORM
from tests.ingest.speaking import IAT, SUBMIT, forged, signed
from tests.support.world import body_of

ALPHA = SPEAKERS[EmitterKind.PLATFORM]
GOOD = body_of([ALPHA.event(name, data) for name, data in PLATFORM.items()])
INTAKE = MemoryIntake()
APP = create_app(memory_door(INTAKE))
#: The same examples on every run: a gate that fails must fail for everyone.
FUZZ = settings(max_examples=150, deadline=None, derandomize=True, database=None)

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026-03-03", "2026-03-03T10:00:00Z", "1.00", "MAD", "day.nil.v1", "MA"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.sampled_from(["type", "data", "id"]), inner)
    ),
    max_leaves=6,
)


def push(body: bytes, headers: list[tuple[bytes, bytes]]) -> httpx.Response:
    """One request; no 5xx, and exactly what was promised is kept."""
    before = len(INTAKE.arrivals)

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            return await http.post(SUBMIT, content=body, headers=headers)

    answer = asyncio.run(run())
    kept = [arrival.body for arrival in INTAKE.arrivals[before:]]
    if answer.status_code == 202:
        assert kept == [body]
        assert len(decode_events(body)) == len(content_digests(body))
    else:
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert kept == []
    return answer


def push_token(token: bytes) -> None:
    """The good body under any token."""
    push(GOOD, [(b"content-type", CONTENT_TYPE.encode()), (b"submission-signature", token)])


def push_signed(body: bytes) -> httpx.Response:
    """Signed by alpha."""
    token = ALPHA.sign(body, "fuzz", iat=IAT).encode()
    return push(body, [(b"content-type", CONTENT_TYPE.encode()), (b"submission-signature", token)])


def test_the_body_that_is_hurt_below_is_good() -> None:
    assert push_signed(GOOD).status_code == 202


@FUZZ
@given(st.binary(max_size=200))
@example(b'[{"foo":1e999}]')
def test_any_bytes_for_a_body(body: bytes) -> None:
    push_signed(body)


@FUZZ
@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(0, 40),
    st.sampled_from([b"", b"\x00", b"\xff", b'"', b"\\", b"\\u0000", b"[", b"}", b"1e999", b"-"])
    | st.binary(max_size=6),
)
def test_a_good_body_with_a_piece_replaced(start: int, length: int, piece: bytes) -> None:
    push_signed(GOOD[:start] + piece + GOOD[start + length :])


@FUZZ
@given(st.sampled_from(sorted(PLATFORM)), st.data(), _JSON)
def test_a_good_event_with_a_member_replaced(name: str, data: st.DataObject, value: Any) -> None:
    event = ALPHA.event(name, dict(PLATFORM[name]))
    inside = data.draw(st.booleans())
    target = event["data"] if inside else event
    target[data.draw(st.sampled_from([*sorted(target), "unknown"]))] = value
    # NaN and infinities go out as Python spells them: not JSON.
    push_signed(
        json.dumps([event], ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    )


@FUZZ
@given(st.binary(max_size=700))
def test_any_bytes_for_a_token(token: bytes) -> None:
    line = token.replace(b"\r", b"").replace(b"\n", b"")
    push_token(line)


_MEMBERS = ["alg", "kid", "typ", "cty", "iss", "jti", "iat", "crit", "other"]


@FUZZ
@given(st.sampled_from(_MEMBERS), _JSON | st.integers(10**14, 10**60))
def test_any_value_in_a_protected_header(member: str, value: Any) -> None:
    try:
        token = forged(ALPHA.key, GOOD, **{member: value})
    except UnicodeEncodeError:
        return
    push(
        GOOD, [(b"content-type", CONTENT_TYPE.encode()), (b"submission-signature", token.encode())]
    )


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes_for_a_signed_protected_header(header: bytes) -> None:
    token = signed(ALPHA.key, header, GOOD).encode()
    assert b64(header).encode() in token
    push_token(token)


_HEADER_NAMES = [b"prefer", b"content-type", b"content-length", b"content-encoding", b"expect"]


@FUZZ
@given(st.lists(st.tuples(st.sampled_from(_HEADER_NAMES), st.binary(max_size=40)), max_size=4))
def test_any_values_of_headers(more: list[tuple[bytes, bytes]]) -> None:
    token = ALPHA.sign(GOOD, "fuzz", iat=IAT).encode()
    waits = [(name, value) for name, value in more if b"wait" not in value.lower()]
    push(GOOD, [(b"submission-signature", token), (b"content-type", CONTENT_TYPE.encode()), *waits])
