"""The leaf: one line of the register for every acknowledged submission (RULES 2.4).

Its bytes are made once and stored and hashed as stored. Where the body lies is kept beside the
leaf, never in it.
"""

import hashlib
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from events.limits import LEAF_BYTES_MAX

LEAF_VERSION = 1
#: Stands where leaf 0 would name the leaf before it.
NO_LEAF_HASH = bytes(32)


class LeafOutcome(StrEnum):
    """What became of an acknowledged submission."""

    COUNTED = "counted"
    CONFLICT = "conflict"
    KEY_REVOKED = "key-revoked"


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """The fields in the order in which they are encoded; times are RFC 3339 in UTC."""

    v: int
    emitter: str
    submission: str
    received_at: str
    sequenced_at: str
    body_sha256: str
    body_bytes: int
    events: int
    first_event: int | None
    outcome: LeafOutcome
    token: str

    @property
    def sequenced(self) -> datetime:
        """`sequenced_at` as a moment."""
        return datetime.fromisoformat(self.sequenced_at)

    @property
    def received(self) -> datetime:
        """`received_at` as a moment."""
        return datetime.fromisoformat(self.received_at)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Leaf)


def encode_leaf(leaf: Leaf) -> bytes:
    """The one encoding: JSON without white space, members in declared order."""
    encoded = _ENCODER.encode(leaf)
    if len(encoded) > LEAF_BYTES_MAX:
        raise ValueError(f"a leaf of {len(encoded)} bytes: the door let too much through")
    return encoded


def decode_leaf(encoded: bytes) -> Leaf:
    """A leaf from its stored bytes."""
    return _DECODER.decode(encoded)


def leaf_hash(encoded: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256 of a zero byte and the leaf."""
    return hashlib.sha256(b"\x00" + encoded).digest()


def utc_text(moment: datetime) -> str:
    """`2026-11-22T05:00:00.000000Z`: one spelling for every time the registry makes."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
