"""A token that does not prove who signed what is refused, and nothing is kept."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from events.jose import PrivateKey, b64
from events.token import CONTENT_TYPE
from tests.ingest.speaking import (
    BETA,
    IAT,
    SUBMIT,
    VALIDATE,
    Caller,
    forged,
    nil_day,
    outcomes,
    problem,
    signed,
)
from tests.support.world import World, body_of

_STRANGER = PrivateKey.generate()


@pytest.fixture(autouse=True)
async def _nothing_is_kept(caller: Caller) -> AsyncIterator[None]:
    """Whatever was sent, it has no leaf."""
    yield
    await caller.world.sequence()
    assert await outcomes(caller.world) == []


_Tokens = dict[str, tuple[int, str, Callable[[World, bytes], str]]]


def _own(world: World) -> PrivateKey:
    return world.alpha.key


def _mac(world: World, body: bytes) -> str:
    """The public key taken for the secret of a MAC, the oldest trick against JWS."""
    jwk = msgspec.to_builtins(_own(world).jwk)
    head: dict[str, Any] = {"alg": "HS256", "kid": _own(world).kid, "typ": "sijill-submission+jws"}
    head |= {"cty": CONTENT_TYPE, "iss": "alpha", "jti": "x", "iat": IAT}
    protected = b64(json.dumps(head).encode())
    mac = hmac.new(jwk["x"].encode(), f"{protected}.{b64(body)}".encode(), hashlib.sha256)
    return f"{protected}..{b64(mac.digest())}"


def _flipped(world: World, body: bytes) -> str:
    protected, _, signature = forged(_own(world), body).split(".")
    return f"{protected}..{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


TOKENS: _Tokens = {
    "a stranger's key": (401, "unknown-key", lambda w, b: forged(_STRANGER, b)),
    "a stranger under alpha's kid": (
        401,
        "bad-signature",
        lambda w, b: forged(_STRANGER, b, kid=_own(w).kid),
    ),
    "another platform's key": (401, "unknown-key", lambda w, b: forged(BETA.key, b)),
    "alpha's key for beta": (401, "unknown-key", lambda w, b: forged(_own(w), b, iss="beta")),
    "alg none": (400, "malformed", lambda w, b: forged(_own(w), b, alg="none")),
    "alg none, no signature": (
        400,
        "malformed",
        lambda w, b: forged(_own(w), b, alg="none").rsplit(".", 1)[0] + ".",
    ),
    "alg swapped to ES256": (401, "bad-signature", lambda w, b: forged(_own(w), b, alg="ES256")),
    "alg swapped to a MAC": (400, "malformed", _mac),
    "one byte changed": (401, "bad-signature", lambda w, b: forged(_own(w), b + b" ")),
    "re-encoded body": (
        401,
        "bad-signature",
        lambda w, b: forged(_own(w), json.dumps(json.loads(b), indent=1).encode()),
    ),
    "a signature's bit": (401, "bad-signature", _flipped),
    "empty signature": (
        401,
        "bad-signature",
        lambda w, b: forged(_own(w), b).rsplit(".", 1)[0] + ".",
    ),
    "the payload inside": (
        400,
        "malformed",
        lambda w, b: f"{b64(b)}".join(forged(_own(w), b).split("..")).replace(b64(b), "." + b64(b)),
    ),
    "padded base64": (400, "malformed", lambda w, b: forged(_own(w), b) + "=="),
    "no token": (400, "malformed", lambda w, b: ""),
    "junk": (400, "malformed", lambda w, b: "\x00\u00e9..\u00ff"),
    "too long": (400, "malformed", lambda w, b: forged(_own(w), b, jti="x" * 500)),
    "crit": (400, "malformed", lambda w, b: forged(_own(w), b, crit=["b64"])),
    "b64 false": (400, "malformed", lambda w, b: forged(_own(w), b, b64=False)),
    "a key inside": (400, "malformed", lambda w, b: forged(_own(w), b, jwk={"kty": "OKP"})),
    "a key's address": (400, "malformed", lambda w, b: forged(_own(w), b, jku="https://x")),
    "no iat": (400, "malformed", lambda w, b: forged(_own(w), b, iat=None)),
    "iat as text": (400, "malformed", lambda w, b: forged(_own(w), b, iat=str(IAT))),
    "iat with a fraction": (400, "malformed", lambda w, b: forged(_own(w), b, iat=IAT + 0.5)),
    "iat six minutes ahead": (401, "clock-ahead", lambda w, b: forged(_own(w), b, iat=IAT + 360)),
    "iat beyond any calendar": (400, "malformed", lambda w, b: forged(_own(w), b, iat=10**15)),
    "iat beyond any float": (400, "malformed", lambda w, b: forged(_own(w), b, iat=2**63 - 1)),
    "iat as a giant": (400, "malformed", lambda w, b: forged(_own(w), b, iat=10**90)),
    "another typ": (400, "malformed", lambda w, b: forged(_own(w), b, typ="JWT")),
    "jti with a slash": (400, "malformed", lambda w, b: forged(_own(w), b, jti="a/b")),
    "jti with a newline": (400, "malformed", lambda w, b: forged(_own(w), b, jti="a\n")),
    "empty jti": (400, "malformed", lambda w, b: forged(_own(w), b, jti="")),
    "iss in capitals": (400, "malformed", lambda w, b: forged(_own(w), b, iss="Alpha")),
    "iss of a newline": (400, "malformed", lambda w, b: forged(_own(w), b, iss="alpha\n")),
    "a header member twice": (
        400,
        "malformed",
        lambda w, b: signed(_own(w), b'{"iss":"beta",' + json.dumps(_members(w)).encode()[1:], b),
    ),
    "header is no object": (400, "malformed", lambda w, b: signed(_own(w), b"[1]", b)),
    "header nests deep": (400, "malformed", lambda w, b: signed(_own(w), b"[" * 300, b)),
    "header is bad UTF-8": (400, "malformed", lambda w, b: signed(_own(w), b'{"alg":"\xff"}', b)),
}


def _members(world: World) -> dict[str, Any]:
    kid = world.alpha.key.kid
    head = {"alg": "Ed25519", "kid": kid, "typ": "sijill-submission+jws", "cty": CONTENT_TYPE}
    return {**head, "iss": "alpha", "jti": "x", "iat": IAT}


@pytest.mark.parametrize("name", TOKENS)
async def test_a_token_that_does_not_prove_who_signed_what(caller: Caller, name: str) -> None:
    status, kind, make = TOKENS[name]
    body = body_of([nil_day(caller.world)])
    token = make(caller.world, body).encode("latin-1")
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"submission-signature", token)]
    pushed = await caller.http.post(SUBMIT, content=body, headers=headers)
    problem(pushed, status, kind)
    tried = await caller.http.post(VALIDATE, content=body, headers=headers)
    assert tried.content == pushed.content


async def test_an_iat_just_within_the_allowance_and_a_very_old_one_are_fine(
    caller: Caller,
) -> None:
    body = body_of([nil_day(caller.world)])
    for iat in (IAT + 300, 0):
        token = forged(caller.world.alpha.key, body, iat=iat)
        assert (await caller.send(body, "", token=token, path=VALIDATE)).status_code == 200


async def test_both_names_of_the_algorithm_and_a_hardware_key_are_taken(caller: Caller) -> None:
    world = caller.world
    body = body_of([nil_day(world)])
    older = forged(world.alpha.key, body, alg="EdDSA")
    assert (await caller.send(body, "", token=older, path=VALIDATE)).status_code == 200
    hardware = PrivateKey(ec.generate_private_key(ec.SECP256R1()))
    jwk = msgspec.to_builtins(hardware.jwk)
    await world.act("key.added", {"emitter": "alpha", "key": jwk})
    token = forged(hardware, body)
    assert (await caller.send(body, "", token=token, path=VALIDATE)).status_code == 200
    swapped = forged(hardware, body, alg="Ed25519")
    problem(await caller.send(body, "", token=swapped), 401, "bad-signature")
