"""Who may speak, and under which key, at every leaf."""

import random
from typing import Any

import msgspec
import pytest

from events.acts import PublicJwk
from events.jose import PrivateKey, b64
from events.keys import AUTHORITY, REGISTRY, Emitter, Key, KeyRing
from events.vocabulary import EmitterKind, Event
from tests.events.sample import AUTHORITY as BY_AUTHORITY
from tests.events.sample import event, read
from tests.events.test_jose import p256

_AUTHORITY_KEY, _REGISTRY_KEY = PrivateKey.generate(), PrivateKey.generate()


def plain(key: PrivateKey) -> dict[str, Any]:
    """A public JWK as JSON has it."""
    found: dict[str, Any] = msgspec.to_builtins(key.jwk)
    return found


def act(type_: str, **data: Any) -> Event:
    """One act of the authority, through the door's own decoder."""
    (found,) = read(event(type_, data, BY_AUTHORITY), speaker=BY_AUTHORITY)
    return found


def established() -> KeyRing:
    """The ring after leaf 0."""
    ring = KeyRing()
    keys = {"key": plain(_AUTHORITY_KEY), "registry_key": plain(_REGISTRY_KEY)}
    ring.apply([_establishment(keys)], 0)
    return ring


def _establishment(keys: dict[str, Any]) -> Event:
    data = {"name": "Ministry", "country": "MA", "time_zone": "Africa/Casablanca"}
    return act("authority.established", **data, **keys)


def registered(emitter: str, key: PrivateKey, name: str = "N") -> Event:
    """The act that lets a platform speak."""
    return act("platform.registered", emitter=emitter, name=name, key=plain(key))


def test_leaf_0_brings_the_authority_and_the_registry_and_signs_itself() -> None:
    ring = established()
    assert {e.kind for e in ring.emitters.values()} == {
        EmitterKind.AUTHORITY,
        EmitterKind.REGISTRY,
    }
    assert ring.keys[_AUTHORITY_KEY.kid].valid_at(0)
    assert ring.keys[_AUTHORITY_KEY.kid].valid_at(1)


def test_a_second_establishment_has_no_effect() -> None:
    ring = established()
    keys = {"key": plain(PrivateKey.generate()), "registry_key": plain(PrivateKey.generate())}
    assert ring.apply([_establishment(keys)], 5) == []
    assert len(ring.keys) == 2


def test_a_key_is_valid_after_its_adding_leaf_up_to_its_revoking_leaf() -> None:
    ring, key = established(), PrivateKey.generate()
    ring.apply([registered("alpha", key)], 3)
    ring.apply([act("key.revoked", kid=key.kid)], 6)
    valid = [leaf for leaf in range(10) if ring.keys[key.kid].valid_at(leaf)]
    assert valid == [4, 5, 6]


def test_a_key_added_and_revoked_by_one_leaf_is_never_valid() -> None:
    ring, key = established(), PrivateKey.generate()
    ring.apply([registered("alpha", key), act("key.revoked", kid=key.kid)], 3)
    assert not any(ring.keys[key.kid].valid_at(leaf) for leaf in range(10))


def test_a_revoked_key_never_comes_back_and_is_revoked_once() -> None:
    ring, key = established(), PrivateKey.generate()
    ring.apply([registered("alpha", key)], 3)
    ring.apply([act("key.revoked", kid=key.kid)], 6)
    assert ring.apply([act("key.revoked", kid=key.kid)], 7) == []
    assert ring.apply([act("key.added", emitter="alpha", key=plain(key))], 8) == []
    assert ring.keys[key.kid].revoked_leaf == 6


def test_a_second_registration_changes_nothing() -> None:
    ring, key = established(), PrivateKey.generate()
    ring.apply([registered("alpha", key, "First")], 3)
    assert ring.apply([registered("alpha", PrivateKey.generate(), "Second")], 4) == []
    assert ring.emitters["alpha"] == Emitter("alpha", EmitterKind.PLATFORM, "First", 3)
    assert len(ring.keys) == 3


@pytest.mark.parametrize("emitter", [AUTHORITY, REGISTRY])
def test_no_platform_takes_the_name_of_the_registry(emitter: str) -> None:
    ring, key = established(), PrivateKey.generate()
    assert ring.apply([registered(emitter, key)], 3) == []
    assert key.kid not in ring.keys


def test_a_key_belongs_to_one_emitter() -> None:
    ring, key = established(), PrivateKey.generate()
    ring.apply([registered("alpha", key), registered("beta", PrivateKey.generate())], 3)
    assert ring.apply([registered("gamma", key)], 4) == []
    assert ring.apply([act("key.added", emitter="beta", key=plain(key))], 4) == []
    assert ring.apply([registered("delta", _REGISTRY_KEY)], 4) == []
    assert ring.keys[key.kid].emitter == "alpha"
    assert {"gamma", "delta"}.isdisjoint(ring.emitters)


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "OKP", "crv": "Ed25519", "x": b64((1).to_bytes(32, "little"))},
        {"kty": "OKP", "crv": "Ed25519", "x": b64((2).to_bytes(32, "little"))},
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42 + "B"},
    ],
)
def test_an_unusable_key_registers_nobody(jwk: dict[str, Any]) -> None:
    ring = established()
    assert ring.apply([act("platform.registered", emitter="alpha", name="A", key=jwk)], 3) == []
    assert ring.apply([act("key.added", emitter="authority", key=jwk)], 3) == []
    assert "alpha" not in ring.emitters


def test_acts_about_unknown_emitters_and_keys_have_no_effect() -> None:
    ring = established()
    for one in (
        act("platform.renamed", emitter="alpha", name="New"),
        act("platform.renamed", emitter="authority", name="New"),
        act("key.added", emitter="alpha", key=plain(PrivateKey.generate())),
        act("key.revoked", kid=PrivateKey.generate().kid),
    ):
        assert ring.apply([one], 3) == []


def test_the_registrys_key_is_ed25519_or_receipts_would_change() -> None:
    """An ES256 signature is new at every signing; a receipt is the same bytes for ever."""
    ring = established()
    assert ring.apply([act("key.added", emitter=REGISTRY, key=plain(p256()))], 3) == []
    assert len(ring.apply([act("key.added", emitter="authority", key=plain(p256()))], 3)) == 1
    assert ring.in_force(REGISTRY, 9) == ring.keys[_REGISTRY_KEY.kid]


def test_in_force_is_the_newest_key_that_is_valid_at_a_leaf() -> None:
    ring, second, third = established(), PrivateKey.generate(), PrivateKey.generate()
    ring.apply([act("key.added", emitter=REGISTRY, key=plain(second))], 4)
    ring.apply([act("key.added", emitter=REGISTRY, key=plain(third))], 6)
    ring.apply([act("key.revoked", kid=third.kid)], 8)
    found = [ring.in_force(REGISTRY, leaf) for leaf in (0, 4, 5, 6, 7, 8, 9)]
    names = {_REGISTRY_KEY.kid: 1, second.kid: 2, third.kid: 3}
    assert [names[key.kid] for key in found if key] == [1, 1, 2, 2, 3, 3, 2]
    assert ring.in_force("nobody", 5) is None


def test_two_keys_of_one_leaf_are_in_force_alike_in_every_ring() -> None:
    """A ring read from the database has another order than one that applied the acts."""
    ring = established()
    added = [act("key.added", emitter=REGISTRY, key=plain(PrivateKey.generate())) for _ in "abcd"]
    ring.apply(added, 4)
    expected = ring.in_force(REGISTRY, 5)
    for _ in range(10):
        items = list(ring.keys.items())
        random.shuffle(items)
        assert KeyRing(ring.emitters, dict(items)).in_force(REGISTRY, 5) == expected


def test_a_copy_may_lose_without_a_trace() -> None:
    ring, key = established(), PrivateKey.generate()
    ring.copy().apply([registered("alpha", key)], 3)
    assert "alpha" not in ring.emitters
    assert key.kid not in ring.keys


def test_applying_names_what_changed_in_order() -> None:
    ring, key = established(), PrivateKey.generate()
    changed = ring.apply([registered("alpha", key), act("key.revoked", kid=key.kid)], 3)
    jwk = msgspec.convert(plain(key), PublicJwk)
    assert changed == [
        Emitter("alpha", EmitterKind.PLATFORM, "N", 3),
        Key(key.kid, "alpha", jwk, 3),
        Key(key.kid, "alpha", jwk, 3, 3),
    ]
