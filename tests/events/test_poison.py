"""What the door lets through, every fold can digest, on any stack: else a projection stops."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from events.depth import depth
from events.errors import Reason
from events.limits import JSON_DEPTH_MAX
from events.submission import read_submission
from services.projections.digests import content_digests
from tests.events.sample import NOW, PLATFORM, body_of, completed, digest, read, refusal


def _with_unknown(value: bytes, where: str = "data") -> bytes:
    """A valid body with `value` (JSON text) in a field that the vocabulary does not know."""
    marked = completed(later="@@") if where == "data" else completed() | {"later": "@@"}
    return body_of(marked).replace(b'"@@"', value)


@pytest.mark.parametrize("where", ["data", "event"])
def test_bytes_that_are_not_utf8_in_an_ignored_field_stopped_the_fold(where: str) -> None:
    assert refusal(_with_unknown(b'"\xff"', where)).reason is Reason.MALFORMED


def test_a_name_of_an_ignored_field_is_read_as_utf8_too() -> None:
    body = _with_unknown(b"1").replace(b"later", b"lat\xc3er")
    refused = refusal(body)
    assert refused.reason is Reason.MALFORMED
    assert "UTF-8" in refused.detail


@pytest.mark.parametrize("surrogate", [b"\xed\xa0\x80", b"\xed\xb0\x80"])
def test_surrogates_as_bytes_are_not_utf8(surrogate: bytes) -> None:
    assert refusal(_with_unknown(b'"' + surrogate + b'"')).reason is Reason.MALFORMED


@pytest.mark.parametrize("escape", [b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\\udc00\\ud800"])
@pytest.mark.parametrize("where", ["data", "event"])
def test_a_lone_surrogate_as_an_escape_is_no_text(escape: bytes, where: str) -> None:
    assert refusal(_with_unknown(b'"a' + escape + b' and more"', where)).reason is Reason.MALFORMED


def _nested(levels: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * levels + closing * levels).encode()


#: The event and its data are two levels themselves.
_INSIDE = JSON_DEPTH_MAX - 2


@pytest.mark.parametrize("where", ["data", "event"])
@pytest.mark.parametrize("levels", [_INSIDE + 2, 900, 1_100, 100_000])
def test_deep_nesting_is_refused_at_every_depth_with_one_reason(where: str, levels: int) -> None:
    refused = refusal(_with_unknown(_nested(levels), where))
    assert (refused.reason, "deeper than 64" in refused.detail) == (Reason.MALFORMED, True)


@pytest.mark.parametrize("field", ["type", "id", "data", "source", "time"])
@pytest.mark.parametrize("levels", [70, 900, 100_000])
def test_deep_nesting_in_a_known_field_is_refused(field: str, levels: int) -> None:
    body = body_of(completed() | {field: "@@"}).replace(b'"@@"', _nested(levels))
    assert refusal(body).reason in {Reason.MALFORMED, Reason.SCHEMA}


def test_the_deepest_that_may_stand_is_digested_from_a_deep_stack() -> None:
    body = _with_unknown(_nested(_INSIDE))
    read_submission(body, PLATFORM, NOW)
    assert _deep_down(700, lambda: content_digests(body)) == content_digests(body)
    assert _deep_down(700, lambda: len(digest(body, 1).batch)) == 1


def _deep_down(frames: int, run: Callable[[], Any]) -> Any:
    return _deep_down(frames - 1, run) if frames else run()


def test_brackets_in_strings_are_not_levels() -> None:
    text = r'[{"\"[[[[' + "\\\\"
    event = json.dumps({"a": [text, {"b": "]]]]"}], "c": {}}).encode()
    assert depth(event) == 3
    assert len(read(completed(later="[" * 500))) == 1


@pytest.mark.parametrize("value", [b"1e999", b"-1e999", b"1" * 5_000, b"-" + b"1" * 400])
def test_what_no_decoder_reads_in_an_ignored_field_is_kept_as_sent(value: bytes) -> None:
    body = _with_unknown(value)
    read_submission(body, PLATFORM, NOW)
    digest(body, 1)
    assert content_digests(body) != content_digests(body_of(completed()))


def test_equal_values_have_equal_digests_whatever_their_spelling() -> None:
    plain = body_of(completed(contract="é", later=[1, {"b": 1, "a": None}]))
    turned = json.loads(plain)[0]
    turned = dict(reversed(turned.items())) | {"data": dict(reversed(turned["data"].items()))}
    spelled = json.dumps([turned], indent=3, ensure_ascii=True).encode()
    assert content_digests(plain) == content_digests(spelled)
    assert content_digests(plain) != content_digests(body_of(completed(contract="e")))
