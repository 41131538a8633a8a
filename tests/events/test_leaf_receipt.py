"""Leaves and receipts: bytes that must be the same for ever."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws

from events.jose import PrivateKey
from events.keys import REGISTRY, KeyRing
from events.leaf import Leaf, LeafOutcome, decode_leaf, encode_leaf, leaf_hash, utc_text
from events.limits import BODY_BYTES_MAX, EMITTER_CHARS_MAX, EVENTS_MAX, LEAF_BYTES_MAX
from events.limits import TOKEN_CHARS_MAX as TOKEN_MAX
from events.receipt import RegistryKeys
from tests.events.test_jose import OUTSIDE, RFC8037, outside_key
from tests.events.test_keys import act, established, plain

_GOLDEN = json.loads((Path(__file__).parent / "golden_leaf" / "leaf.json").read_text())
_IDENTITY = "ab" * 32
_TIME = "2026-03-04T12:00:00.000000Z"


def leaf(**fields: object) -> Leaf:
    stated = {
        "v": 1,
        "emitter": "alpha",
        "submission": "s-1",
        "received_at": _TIME,
        "sequenced_at": _TIME,
        "body_sha256": "0" * 64,
        "body_bytes": 2,
        "events": 1,
        "first_event": 0,
        "outcome": LeafOutcome.COUNTED,
        "token": "a..b",
    }
    return Leaf(**(stated | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", _GOLDEN["leaves"], ids=lambda case: case["leaf"]["outcome"])
def test_golden_leaves_are_the_same_bytes_for_ever(case: dict[str, object]) -> None:
    encoded = str(case["bytes"]).encode()
    decoded = decode_leaf(encoded)
    assert encode_leaf(decoded) == encoded
    assert decoded == leaf(**case["leaf"] | {"outcome": LeafOutcome(case["leaf"]["outcome"])})  # type: ignore[operator,index]
    assert leaf_hash(encoded).hex() == case["hash"]


def test_rfc_6962_hash_of_a_leaf() -> None:
    """The empty leaf of the reference implementation's tests."""
    assert leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert leaf_hash(b"a") == hashlib.sha256(b"\0a").digest()


@pytest.mark.parametrize("outcome", list(LeafOutcome))
def test_a_leaf_stays_under_its_limit_at_the_worst_of_every_field(outcome: LeafOutcome) -> None:
    worst = leaf(
        emitter="e" * EMITTER_CHARS_MAX,
        submission="s" * 64,
        body_sha256="f" * 64,
        body_bytes=BODY_BYTES_MAX,
        events=EVENTS_MAX,
        first_event=2**63 - 1,
        outcome=outcome,
        token="t" * TOKEN_MAX,
    )
    assert len(encode_leaf(worst)) <= LEAF_BYTES_MAX < 1_024


def test_a_leaf_over_the_limit_is_never_made() -> None:
    with pytest.raises(ValueError, match="too much"):
        encode_leaf(leaf(token="t" * LEAF_BYTES_MAX))


_MOMENTS = st.datetimes(timezones=st.just(UTC)).map(utc_text)


@given(
    st.builds(
        leaf,
        emitter=st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True),
        received_at=_MOMENTS,
        sequenced_at=_MOMENTS,
        events=st.integers(1, EVENTS_MAX),
        first_event=st.none() | st.integers(0, 2**63 - 1),
        outcome=st.sampled_from(LeafOutcome),
        token=st.from_regex(r"[A-Za-z0-9_.-]{1,560}", fullmatch=True),
    )
)
def test_a_leaf_comes_back_from_its_bytes(made: Leaf) -> None:
    encoded = encode_leaf(made)
    assert decode_leaf(encoded) == made
    assert encode_leaf(decode_leaf(encoded)) == encoded
    assert utc_text(made.sequenced) == made.sequenced_at
    assert utc_text(made.received) == made.received_at


def test_every_moment_has_one_spelling() -> None:
    west = datetime(2026, 3, 4, 9, 30, tzinfo=timezone(timedelta(hours=-2, minutes=-30)))
    assert utc_text(west) == _TIME


# --- receipts --------------------------------------------------------------------------------


def golden_key() -> PrivateKey:
    return PrivateKey.from_jwk(RFC8037)


def ring_with(*later: tuple[int, PrivateKey]) -> KeyRing:
    """A ring whose registry signs with keys added at leaves."""
    ring = established()
    for at, key in later:
        ring.apply([act("key.added", emitter=REGISTRY, key=plain(key))], at)
    return ring


def claims_of(token: str, key: PrivateKey) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        jws.deserialize_compact(token, outside_key(key), registry=OUTSIDE).payload
    )
    return found


@pytest.mark.parametrize("case", _GOLDEN["leaves"], ids=lambda case: case["leaf"]["outcome"])
def test_a_golden_receipt_is_the_same_bytes_for_ever(case: dict[str, str]) -> None:
    key = golden_key()
    keys = RegistryKeys(_IDENTITY, {key.kid: key})
    receipt = keys.receipt(ring_with((1, key)), 7, case["bytes"].encode())
    assert receipt.receipt == case["receipt"]
    claims = claims_of(receipt.receipt, key)
    assert claims["registry"] == _IDENTITY
    assert claims["leaf_hash"] == case["hash"]
    assert claims["leaf_index"] == 7


def test_a_retired_key_signs_the_receipts_of_its_own_leaves_and_no_others() -> None:
    old, new = PrivateKey.generate(), PrivateKey.generate()
    ring, keys = ring_with((1, old)), RegistryKeys(_IDENTITY, {old.kid: old, new.kid: new})
    encoded = encode_leaf(leaf())
    before = keys.receipt(ring, 5, encoded)
    ring.apply([act("key.added", emitter=REGISTRY, key=plain(new))], 6)
    ring.apply([act("key.revoked", kid=old.kid)], 8)
    assert keys.receipt(ring, 5, encoded) == before
    assert claims_of(keys.receipt(ring, 6, encoded).receipt, old)
    assert claims_of(keys.receipt(ring, 7, encoded).receipt, new)
    with pytest.raises(LookupError, match="leaf 5"):
        RegistryKeys(_IDENTITY, {new.kid: new}).receipt(ring, 5, encoded)


def test_an_acknowledgement_is_signed_by_the_newest_key_in_force_that_is_held() -> None:
    old, new = PrivateKey.generate(), PrivateKey.generate()
    ring, keys = ring_with((1, old), (2, new)), {old.kid: old, new.kid: new}
    fields = {"emitter": "alpha", "submission": "s-1", "received_at": _TIME}

    def acknowledge(held: dict[str, PrivateKey]) -> str:
        keys = RegistryKeys(_IDENTITY, held)
        newest = keys.newest(ring)
        return keys.acknowledge(newest, body_sha256="0" * 64, **fields).acknowledgement

    expected = {"registry": _IDENTITY, "body_sha256": "0" * 64, **fields}
    assert claims_of(acknowledge(keys), new) == expected
    assert claims_of(acknowledge({old.kid: old}), old) == expected
    ring.apply([act("key.revoked", kid=new.kid)], 9)
    assert claims_of(acknowledge(keys), old) == expected
    with pytest.raises(LookupError):
        acknowledge({new.kid: new})
