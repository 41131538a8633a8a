"""Whatever bytes come: events or `Refused`, and what is accepted every fold can digest."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.errors import Refused
from events.limits import FAULTS_MAX
from events.submission import Speaker, read_submission
from tests.events.golden import golden_events
from tests.events.sample import FUND, NOW, PLATFORM, body_of, check_pointer, digest

_GOLDEN = golden_events()
_SETTINGS = settings(max_examples=150, deadline=None)


def check_body(body: bytes, speaker: Speaker = PLATFORM) -> bool:
    """Whether a body was accepted; any exception but `Refused` fails the test."""
    try:
        events = read_submission(body, speaker, NOW)
    except Refused as refused:
        _check_refusal(refused, body)
        return False
    digest(body, len(events), emitter=speaker.emitter)
    return True


def _check_refusal(refused: Refused, body: bytes) -> None:
    assert refused.detail
    assert len(refused.faults) <= FAULTS_MAX
    for fault in refused.faults:
        check_pointer(json.loads(body), fault)
        assert fault.detail.encode()


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["1e999", "\x00", "\u202e", "9999-12-31T23:59:59-23:59", "sha256:", "10000"])
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "data", "amount", "kty", "é"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@_SETTINGS
@given(st.lists(_JSON, max_size=3))
def test_arbitrary_json(values: list[Any]) -> None:
    check_body(json.dumps(values).encode())


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_GOLDEN), st.data())
def test_valid_bodies_with_bytes_changed(
    one: tuple[Speaker, dict[str, Any]], data: st.DataObject
) -> None:
    """Bytes replaced, dropped, doubled, wherever they stand."""
    speaker, event = one
    body = bytearray(body_of(event))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.integers(0, 3))
        body[at : at + length] = data.draw(st.binary(max_size=4) | st.just(body[at:]))
    check_body(bytes(body), speaker)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(_GOLDEN), st.data())
def test_valid_events_with_values_changed(
    one: tuple[Speaker, dict[str, Any]], data: st.DataObject
) -> None:
    """One or two values anywhere replaced by any JSON, members dropped, unknown ones added."""
    speaker, event = one
    for _ in range(data.draw(st.integers(1, 2))):
        event = _changed(event, data)
    check_body(body_of(event).replace(b'"1e999"', b"1e999"), speaker)


def _changed(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        name = data.draw(st.sampled_from(sorted(value)))
        match data.draw(st.sampled_from(["into", "into", "drop", "add", "put"])):
            case "into":
                return value | {name: _changed(value[name], data)}
            case "drop":
                return {key: child for key, child in value.items() if key != name}
            case "add":
                return value | {data.draw(st.text(max_size=5)): data.draw(_JSON)}
            case _:
                return value | {name: data.draw(_JSON)}
    if isinstance(value, str) and data.draw(st.booleans()):
        return data.draw(st.text(max_size=3)) + value
    return data.draw(_JSON)


@pytest.mark.parametrize("seed", range(4))
def test_near_valid_batches_of_many_events(seed: int) -> None:
    """Whole batches out of golden data under other types: what fits is digested."""
    draw = random.Random(seed)
    accepted = 0
    for _ in range(150):
        data = draw.choice(_GOLDEN)[1]["data"]
        own, event = draw.choice(_GOLDEN)
        speaker = draw.choice([PLATFORM, FUND, own])
        event = event | {"data": data}
        event["source"] = f"/emitters/{speaker.emitter}"
        accepted += check_body(body_of(event), speaker)
    assert accepted


def test_every_golden_event_is_accepted_from_its_speaker_and_digested() -> None:
    for speaker, event in _GOLDEN:
        assert check_body(body_of(event), speaker), event["type"]


def test_a_whole_batch_at_its_limit_is_digested() -> None:
    of_platform = [event for speaker, event in _GOLDEN if speaker is PLATFORM]
    batch = [of_platform[i % len(of_platform)] | {"id": f"e-{i}"} for i in range(1_000)]
    body = msgspec.json.encode(batch)
    assert check_body(body)
