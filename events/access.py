"""Access tokens: short JWTs signed by a key that stands in the log (RULES 6).

An emitter reads its own data with a token of its own key, at most five minutes old. The authority's
key also signs tokens for people: analyst, inspector, worker.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from events.jose import ALGORITHMS, JoseError, PrivateKey, sign_compact, unb64
from events.keys import KeyRing
from events.limits import ACCESS_SECONDS_MAX, CLOCK_AHEAD_MAX
from events.vocabulary import EmitterKind

ACCESS_TYPE = "sijill-access+jwt"
#: Seconds a person's token may live at most: one working day.
PERSON_SECONDS_MAX = 12 * 3600
#: Characters of a token at most.
_TOKEN_CHARS_MAX = 2_000


class Role(StrEnum):
    """Who reads."""

    ANALYST = "analyst"
    INSPECTOR = "inspector"
    WORKER = "worker"
    FUND = "fund"
    PLATFORM = "platform"
    AUTHORITY = "authority"


PERSON_ROLES = frozenset({Role.ANALYST, Role.INSPECTOR, Role.WORKER})


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, as proven. A worker's `platform` and `pseudonym` are her own."""

    role: Role
    who: str
    platform: str | None = None
    pseudonym: str | None = None


class AccessDenied(ValueError):
    """The token proves nothing; the text says why."""


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """Exactly these members: no `crit`, no key and no key address."""

    alg: str
    kid: str
    typ: str


class _Claims(msgspec.Struct):
    iss: str
    aud: str
    iat: int
    exp: int
    sub: str | None = None
    role: Role | None = None
    platform: str | None = None
    worker: str | None = None


def sign_access(
    key: PrivateKey,
    *,
    emitter: str,
    registry: str,
    at: datetime,
    seconds: int = ACCESS_SECONDS_MAX,
    role: Role | None = None,
    subject: str | None = None,
    platform: str | None = None,
    worker: str | None = None,
) -> str:
    """A token. For a person the authority signs, with `role` and who she is as `subject`."""
    now = int(at.timestamp())
    claims = {
        "iss": emitter,
        "aud": registry,
        "iat": now,
        "exp": now + seconds,
        "sub": subject,
        "role": role,
        "platform": platform,
        "worker": worker,
    }
    stated = {name: value for name, value in claims.items() if value is not None}
    return sign_compact(key, {"typ": ACCESS_TYPE}, msgspec.json.encode(stated))


_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def read_access(token: str, ring: KeyRing, *, registry: str, now: datetime) -> Reader:
    """Who a token proves its bearer to be; `AccessDenied` with the reason otherwise."""
    if len(token) > _TOKEN_CHARS_MAX or not _COMPACT.fullmatch(token):
        raise AccessDenied("not a compact JWS")
    signed, _, signature = token.rpartition(".")
    try:
        header = msgspec.json.decode(unb64(signed.partition(".")[0]), type=_Header)
        claims = msgspec.json.decode(unb64(signed.partition(".")[2]), type=_Claims)
        given = unb64(signature)
    except (JoseError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AccessDenied(f"not an access token: {error}") from error
    if header.alg not in ALGORITHMS or header.typ != ACCESS_TYPE:
        raise AccessDenied(f"an access token has typ {ACCESS_TYPE}, signed Ed25519 or ES256")
    key = ring.keys.get(header.kid)
    if key is None or key.emitter != claims.iss or key.revoked_leaf is not None:
        raise AccessDenied("the key is not one of this emitter's in force")
    if not ring.verifier(header.kid).verify(header.alg, given, signed.encode()):
        raise AccessDenied("the signature does not fit")
    return _reader(claims, ring.emitters[claims.iss].kind, registry=registry, now=now)


def _reader(claims: _Claims, kind: EmitterKind, *, registry: str, now: datetime) -> Reader:
    most = PERSON_SECONDS_MAX if claims.role else ACCESS_SECONDS_MAX
    seconds = int(now.timestamp())
    if claims.aud != registry:
        raise AccessDenied("the token is for another registry")
    lives = claims.exp - claims.iat
    if not 0 < lives <= most or claims.iat > seconds + CLOCK_AHEAD_MAX.total_seconds():
        raise AccessDenied(f"a token like this may live {most} seconds and not begin in the future")
    if claims.exp < seconds:
        raise AccessDenied(f"the token has expired; the registry's time is {now.isoformat()}")
    if claims.role is None:
        return _emitter_reader(claims.iss, kind)
    if kind is not EmitterKind.AUTHORITY or claims.role not in PERSON_ROLES:
        raise AccessDenied("only the authority signs tokens for people")
    if claims.role is Role.WORKER and not (claims.platform and claims.worker):
        raise AccessDenied("a worker's token names her platform and pseudonym")
    return Reader(claims.role, claims.sub or claims.iss, claims.platform, claims.worker)


def _emitter_reader(emitter: str, kind: EmitterKind) -> Reader:
    roles = {
        EmitterKind.PLATFORM: Role.PLATFORM,
        EmitterKind.FUND: Role.FUND,
        EmitterKind.AUTHORITY: Role.AUTHORITY,
    }
    if kind not in roles:
        raise AccessDenied("the registry itself does not read")
    platform = emitter if kind is EmitterKind.PLATFORM else None
    return Reader(roles[kind], emitter, platform)
