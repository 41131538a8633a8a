"""The format of both topics: bytes spelled out, and what else may lie there told apart."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from events.leaf import leaf_hash
from events.limits import BODY_BYTES_MAX, TOKEN_CHARS_MAX
from events.log.kafka.client import RECORD_BYTES_MAX
from events.log.kafka.records import (
    Placed,
    arrival_headers,
    intake_record,
    leaf_headers,
    placed_leaf,
)
from events.log.protocol import Arrival, IntakeRecord, LeafRecord, Place

_Headers = Sequence[tuple[Any, Any]]

DIGEST = bytes(range(32))
ARRIVAL = Arrival(
    "alpha-platform",
    "2026-03.S_1",
    DIGEST,
    "eyJhbGciOiJFZDI1NTE5In0..c2ln",
    17,
    "2026-03-04T12:00:00.123456Z",
    b'[{"a":1}]',
)
IN_INTAKE = [
    ("format", b"1"),
    ("submission", b"2026-03.S_1"),
    ("sha256", bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")),
    ("events", b"17"),
    ("received", b"2026-03-04T12:00:00.123456Z"),
    ("token", b"eyJhbGciOiJFZDI1NTE5In0..c2ln"),
]
LEAF = LeafRecord(41, DIGEST, b'{"v":1}', Place(7, 1_000_000), (3, 0, 12, 1_000_001))
IN_LEAVES = [
    ("format", b"1"),
    ("index", b"41"),
    ("previous", bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")),
    ("body", b"7:1000000"),
    ("positions", b"3,0,12,1000001"),
]


def _consumed(headers: _Headers, value: bytes | None, key: bytes | None = None) -> Any:
    return SimpleNamespace(partition=7, offset=12, key=key, value=value, headers=list(headers))


def _in_intake(headers: _Headers, key: bytes | None = b"alpha-platform") -> IntakeRecord | None:
    return intake_record(_consumed(headers, ARRIVAL.body, key))


def _in_leaves(headers: _Headers) -> Placed | None:
    return placed_leaf(_consumed(headers, LEAF.leaf))


def _with(headers: _Headers, name: str, value: Any) -> _Headers:
    return [(n, value if n == name else v) for n, v in headers]


def _hostile(headers: _Headers) -> list[tuple[str, _Headers]]:
    """What no door and no sequencer writes, whichever header it touches."""
    names = [name for name, _ in headers]
    return [
        ("no headers", []),
        ("strangers", [("trace", b"1"), ("span", None)]),
        ("a format to come", _with(headers, "format", b"2")),
        ("format 01", _with(headers, "format", b"01")),
        *((f"no {name}", [one for one in headers if one[0] != name]) for name in names),
        *((f"{name} None", _with(headers, name, None)) for name in names),
        *((f"{name} no UTF-8", _with(headers, name, b"\xff\xfe")) for name in names
          if name not in ("sha256", "previous")),
        *((f"{name} twice", [*headers, one]) for name, one in zip(names, headers, strict=True)),
    ]  # fmt: skip


def test_an_arrival_is_written_as_it_ever_was() -> None:
    """Records are never written anew: these bytes have to be read for ever."""
    assert arrival_headers(ARRIVAL) == IN_INTAKE
    assert _in_intake(IN_INTAKE) == IntakeRecord(
        Place(7, 12),
        "alpha-platform",
        "2026-03.S_1",
        DIGEST,
        9,
        "eyJhbGciOiJFZDI1NTE5In0..c2ln",
        17,
        "2026-03-04T12:00:00.123456Z",
    )


def test_a_leaf_is_written_as_it_ever_was() -> None:
    assert leaf_headers(LEAF) == IN_LEAVES
    placed = _in_leaves(IN_LEAVES)
    assert placed == Placed(LEAF, 12)
    assert placed.hash == leaf_hash(LEAF.leaf)


def test_further_headers_and_another_order_change_nothing() -> None:
    """As tracing of a client or a mirror of the topic may add them."""
    assert _in_intake([("trace", b"\xff"), *reversed(IN_INTAKE)]) == _in_intake(IN_INTAKE)
    assert _in_leaves([("trace", None), *reversed(IN_LEAVES)]) == _in_leaves(IN_LEAVES)


def test_the_largest_submission_fits_into_a_record() -> None:
    headers = arrival_headers(ARRIVAL)
    around = sum(len(name) + len(value) for name, value in headers) + TOKEN_CHARS_MAX
    assert BODY_BYTES_MAX + around < RECORD_BYTES_MAX


@pytest.mark.parametrize("headers", [pytest.param(h, id=name) for name, h in _hostile(IN_INTAKE)])
def test_what_no_door_wrote_is_told_apart(headers: _Headers) -> None:
    assert _in_intake(headers) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("submission", b""),
        ("submission", b"s\0"),
        ("submission", b"s\n"),
        ("submission", "é".encode()),
        ("submission", b"s" * 65),
        ("sha256", DIGEST[:-1]),
        ("sha256", b""),
        ("events", b""),
        ("events", b"0"),
        ("events", b"-1"),
        ("events", b"+1"),
        ("events", b" 1"),
        ("events", b"1_0"),
        ("events", "١".encode()),
        ("events", b"1001"),
        ("events", b"9" * 5_000),
        ("received", b""),
        ("received", b"2026-03-04T12:00:00Z"),
        ("received", b"2026-03-04T12:00:00.123456+01:00"),
        ("received", b"2026-02-30T12:00:00.123456Z"),
        ("received", b"2026-03-04T12:00:00.123456Z\n"),
        ("token", b""),
        ("token", b"a\0b"),
        ("token", "é".encode()),
        ("token", b"a" * (TOKEN_CHARS_MAX + 1)),
    ],
)
def test_what_fits_into_no_leaf_or_no_index_is_no_doors(name: str, value: bytes) -> None:
    """One such record was judged, and the sequencer stood still over it for good."""
    assert _in_intake(_with(IN_INTAKE, name, value)) is None


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"Alpha", b"a\0", b"alpha\n", b"a" * 33])
def test_a_key_that_names_no_emitter_is_no_doors(key: bytes | None) -> None:
    assert _in_intake(IN_INTAKE, key) is None


def test_a_record_without_a_value_is_nobodys() -> None:
    """A tombstone, as a tool may leave it."""
    assert intake_record(_consumed(IN_INTAKE, None, b"alpha")) is None
    assert placed_leaf(_consumed(IN_LEAVES, None)) is None


@pytest.mark.parametrize("headers", [pytest.param(h, id=name) for name, h in _hostile(IN_LEAVES)])
def test_what_no_sequencer_wrote_is_told_apart(headers: _Headers) -> None:
    assert _in_leaves(headers) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index", b""),
        ("index", b"-1"),
        ("index", b" 41"),
        ("index", b"4_1"),
        ("index", "٤١".encode()),
        ("index", b"9" * 5_000),
        ("previous", DIGEST[:-1]),
        ("body", b"7"),
        ("body", b"7:"),
        ("body", b"7:1:2"),
        ("body", b"-7:1"),
        ("body", b"7,1"),
        ("positions", b""),
        ("positions", b"1,,2"),
        ("positions", b"1,2,"),
        ("positions", b"1,-2"),
        ("positions", b"1;2"),
        ("positions", b"1, 2"),
    ],
)
def test_numbers_and_hashes_have_one_spelling(name: str, value: bytes) -> None:
    assert _in_leaves(_with(IN_LEAVES, name, value)) is None
