"""Test vectors for whoever signs without the kit: keys, bodies, tokens and the door's answers.

Everything is derived from fixed words, and ECDSA is deterministic here (RFC 6979), so the file is
the same whenever it is made. The tests send every vector to a real door.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from events.jose import PrivateKey
from events.token import CONTENT_TYPE, TOKEN_TYPE

#: What the registry's clock says when the vectors are checked.
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
IAT = int(NOW.timestamp())
EMITTER = "atlas-tasks"
#: The identity in the key files; no registry has it.
REGISTRY = hashlib.sha256(b"sijill test vectors: a registry that does not exist").hexdigest()
#: White space, an escape and a letter beyond ASCII: signed are bytes, not what they mean.
BODY = (
    '[{"specversion": "1.0", "id": "t-900-done", "source": "/emitters/atlas-tasks",\n'
    '  "type": "task.completed.v1", "time": "2026-03-02T11:04:00+01:00",\n'
    '  "data": {"task": "t-900", "worker": "w-7f3a", "seconds": 240, "note": "d\\u00e9j\u00e0"}}]\n'
)


def _secret(name: str) -> bytes:
    return hashlib.sha256(f"sijill test vectors: {name}".encode()).digest()


def _p256(name: str) -> PrivateKey:
    return PrivateKey(ec.derive_private_key(int.from_bytes(_secret(name)), ec.SECP256R1()))


def _ed25519(name: str) -> PrivateKey:
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(_secret(name)))


KEYS = {"ed25519": _ed25519("ed25519"), "es256": _p256("es256"), "revoked": _ed25519("revoked")}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door says: a status, and of a problem its type and a part of its detail."""

    status: int
    type: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Vector:
    """A request and its answer. `why`: what is right or wrong about it, and what to do."""

    name: str
    why: str
    token: str
    answer: Answer
    body: str = BODY
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": CONTENT_TYPE})
    key: str = "ed25519"


def header_of(key: PrivateKey, submission: str, **other: Any) -> dict[str, Any]:
    """The protected header, with members put in or changed; None leaves one out."""
    header = {
        "alg": key.algorithm,
        "kid": key.kid,
        "typ": TOKEN_TYPE,
        "cty": CONTENT_TYPE,
        "iss": EMITTER,
        "jti": submission,
        "iat": IAT,
        **other,
    }
    return {name: value for name, value in header.items() if value is not None}


def signature_of(key: PrivateKey, message: bytes) -> bytes:
    """64 bytes, the same for the same message."""
    if isinstance(key.raw, Ed25519PrivateKey):
        return key.raw.sign(message)
    r, s = decode_dss_signature(der_of(key, message))
    return r.to_bytes(32) + s.to_bytes(32)


def der_of(key: PrivateKey, message: bytes) -> bytes:
    """An ES256 signature in DER, as openssl and most libraries give it."""
    assert isinstance(key.raw, ec.EllipticCurvePrivateKey)
    return key.raw.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
