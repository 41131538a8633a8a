"""Digests of events' content: equal values, equal digest (RULES 3.2)."""

import hashlib
import json
from typing import Any

import msgspec

_PLAIN = msgspec.json.Decoder(list[Any])
_LOOSE = msgspec.json.Decoder(list[msgspec.Raw])
_SORTED = msgspec.json.Encoder(order="sorted")
#: Digits that `int` reads without being told to (`sys.set_int_max_str_digits`).
_INTEGER_DIGITS = 4_300


def content_digests(body: bytes) -> list[int]:
    """Eight bytes of each event's key-sorted encoding, as a signed integer (RULES 3.2).

    Two events with equal values have equal digests, whatever their key order and white space.
    """
    try:
        return [_digest(_SORTED.encode(event)) for event in _PLAIN.decode(body)]
    except (msgspec.DecodeError, RecursionError):
        # One event that is hard to read must not change the digests of those beside it.
        return [_digest(_canonical(raw)) for raw in _LOOSE.decode(body)]


def _digest(canonical: bytes) -> int:
    return int.from_bytes(hashlib.sha256(canonical).digest()[:8], signed=True)


def _canonical(raw: msgspec.Raw) -> bytes:
    try:
        return _SORTED.encode(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        # An ignored field holds what this decoder will not read, such as 1e999. The slow
        # reader takes it, and equal values stay equal whatever the key order.
        return json.dumps(json.loads(bytes(raw), parse_int=_whole), sort_keys=True).encode()


def _whole(digits: str) -> int | str:
    """An integer; one longer than `int` reads stays as it was written."""
    return int(digits) if len(digits) < _INTEGER_DIGITS else digits
