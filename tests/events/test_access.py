"""Access tokens: what proves who reads, and everything that does not."""

import json
from datetime import timedelta
from typing import Any

import pytest

from events.access import (
    PERSON_SECONDS_MAX,
    AccessDenied,
    Reader,
    Role,
    read_access,
    sign_access,
)
from events.jose import PrivateKey, b64, sign_compact
from events.keys import KeyRing
from events.limits import ACCESS_SECONDS_MAX
from tests.events.sample import NOW
from tests.events.test_keys import (
    _AUTHORITY_KEY,
    _REGISTRY_KEY,
    act,
    established,
    plain,
    registered,
)

REGISTRY_ID = "ab" * 32
ALPHA, CNSS = PrivateKey.generate(), PrivateKey.generate()
_NOW = int(NOW.timestamp())
_CLAIMS = {"iss": "alpha", "aud": REGISTRY_ID, "iat": _NOW, "exp": _NOW + 300}


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    made = established()
    fund = act("fund.registered", emitter="cnss", name="C", schemes=["a"], key=plain(CNSS))
    made.apply([registered("alpha", ALPHA), fund], 1)
    return made


def token(key: PrivateKey = ALPHA, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    stated = {k: v for k, v in (_CLAIMS | claims).items() if v is not None}
    return sign_compact(key, header or {"typ": "sijill-access+jwt"}, json.dumps(stated).encode())


def denied(text: str, ring: KeyRing, why: str = ".") -> None:
    with pytest.raises(AccessDenied, match=why):
        read_access(text, ring, registry=REGISTRY_ID, now=NOW)


def reader(text: str, ring: KeyRing) -> Reader:
    return read_access(text, ring, registry=REGISTRY_ID, now=NOW)


def test_an_emitter_reads_as_itself(ring: KeyRing) -> None:
    assert reader(token(), ring) == Reader(Role.PLATFORM, "alpha", "alpha")
    assert reader(token(CNSS, iss="cnss"), ring) == Reader(Role.FUND, "cnss")
    assert reader(token(_AUTHORITY_KEY, iss="authority"), ring).role is Role.AUTHORITY
    denied(token(_REGISTRY_KEY, iss="registry"), ring, "does not read")


def test_what_an_emitter_claims_of_another_platform_is_not_believed(ring: KeyRing) -> None:
    found = reader(token(platform="beta", worker="w-9", sub="inspector"), ring)
    assert found == Reader(Role.PLATFORM, "alpha", "alpha")


@pytest.mark.parametrize("role", list(Role))
def test_only_the_authority_signs_for_people(ring: KeyRing, role: Role) -> None:
    denied(token(role=role, sub="me"), ring, "only the authority")
    denied(token(CNSS, iss="cnss", role=role, sub="me"), ring, "only the authority")


@pytest.mark.parametrize("role", [Role.FUND, Role.PLATFORM, Role.AUTHORITY])
def test_the_authority_makes_no_emitters_token(ring: KeyRing, role: Role) -> None:
    denied(token(_AUTHORITY_KEY, iss="authority", role=role, platform="alpha"), ring, "people")


def test_a_worker_reads_her_own(ring: KeyRing) -> None:
    made = {"iss": "authority", "role": "worker", "sub": "w"}
    found = reader(token(_AUTHORITY_KEY, **made, platform="alpha", worker="w-1"), ring)
    assert found == Reader(Role.WORKER, "w", "alpha", "w-1")
    for missing in ({}, {"platform": "alpha"}, {"worker": "w-1"}, {"platform": "", "worker": "w"}):
        denied(token(_AUTHORITY_KEY, **made, **missing), ring, "names her platform")


def test_the_makers_tokens_are_read(ring: KeyRing) -> None:
    own = sign_access(ALPHA, emitter="alpha", registry=REGISTRY_ID, at=NOW)
    assert reader(own, ring).who == "alpha"
    of_person = sign_access(
        _AUTHORITY_KEY,
        emitter="authority",
        registry=REGISTRY_ID,
        at=NOW,
        seconds=PERSON_SECONDS_MAX,
        role=Role.INSPECTOR,
        subject="Amal",
    )
    assert reader(of_person, ring) == Reader(Role.INSPECTOR, "Amal")


def test_a_token_lives_its_seconds_and_no_longer(ring: KeyRing) -> None:
    text = token()
    last = NOW + timedelta(seconds=ACCESS_SECONDS_MAX)
    assert read_access(text, ring, registry=REGISTRY_ID, now=last)
    with pytest.raises(AccessDenied, match="expired"):
        read_access(text, ring, registry=REGISTRY_ID, now=last + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("iat", "exp"),
    [
        (_NOW, _NOW + 301),
        (_NOW + 301, _NOW + 400),
        (_NOW + 200, _NOW + 100),
        (_NOW, _NOW),
        (-(10**400), 10**400),
        (10**400, 10**400 + 1),
        (0, _NOW + 1),
        (_NOW - 400, _NOW - 100),
        (_NOW, -1),
    ],
)
def test_lifetimes_that_are_none(ring: KeyRing, iat: int, exp: int) -> None:
    denied(token(iat=iat, exp=exp), ring)


def test_a_persons_token_lives_a_working_day_at_most(ring: KeyRing) -> None:
    person = {"iss": "authority", "role": "analyst", "sub": "a"}
    assert reader(token(_AUTHORITY_KEY, **person, exp=_NOW + PERSON_SECONDS_MAX), ring)
    denied(token(_AUTHORITY_KEY, **person, exp=_NOW + PERSON_SECONDS_MAX + 1), ring, "may live")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "cd" * 32},
        {"aud": [REGISTRY_ID]},
        {"aud": None},
        {"iss": None},
        {"iss": "beta"},
        {"iss": "cnss"},
        {"iss": "authority"},
        {"iat": None},
        {"exp": None},
        {"exp": float(_NOW)},
        {"exp": str(_NOW + 9)},
        {"iat": True},
        {"role": "root"},
    ],
)
def test_claims_that_do_not_hold(ring: KeyRing, claims: dict[str, Any]) -> None:
    denied(token(**claims), ring)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"typ": "JWT"},
        {"typ": "sijill-submission+jws"},
        {"typ": "sijill-access+jwt", "crit": ["exp"]},
        {"typ": "sijill-access+jwt", "b64": False},
        {"typ": "sijill-access+jwt", "jwk": plain(ALPHA)},
        {"typ": "sijill-access+jwt", "alg": "none"},
        {"typ": "sijill-access+jwt", "alg": "HS256"},
        {"typ": "sijill-access+jwt", "alg": "ES256"},
        {"typ": "sijill-access+jwt", "kid": CNSS.kid},
        {"typ": "sijill-access+jwt", "kid": "unknown"},
    ],
)
def test_headers_that_prove_nothing(ring: KeyRing, header: dict[str, Any]) -> None:
    denied(token(header=header or {"cty": "x"}), ring)


def test_a_key_that_is_not_in_the_log_or_revoked_proves_nothing(ring: KeyRing) -> None:
    denied(token(PrivateKey.generate()), ring, "not one of this emitter")
    later = ring.copy()
    later.apply([act("key.revoked", kid=ALPHA.kid)], 9)
    denied(token(), later, "in force")


def test_other_bytes_under_a_right_signature(ring: KeyRing) -> None:
    head, payload, signature = token().split(".")
    other = b64(json.dumps(_CLAIMS | {"exp": _NOW + 299}).encode())
    denied(f"{head}.{other}.{signature}", ring, "does not fit")
    for text in (
        f"{head}.{payload}.",
        f"{head}..{signature}",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}\n",
        f"{head}.{payload}.{signature}.x",
        f"{head}.{payload}={signature}",
        f"{head}.{payload}.{signature[:-1]}B",
        f"{b64(b'[' * 900)}.{payload}.{signature}",
        f"{b64(bytes([123, 255]))}.{payload}.{signature}",
        "A" * 3_000,
        "",
    ):
        denied(text, ring)
