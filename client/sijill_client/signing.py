"""Signing what a platform sends: submissions (detached JWS) and its own access token (JWT).

Formats: RFC 7515 appendix F with ordinary base64url (never RFC 7797's `b64`), RFC 7519.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from sijill_client.keys import PlatformKey, b64url

CONTENT_TYPE = "application/cloudevents-batch+json"
#: Seconds for which one access token is good; the registry allows five minutes at most.
ACCESS_SECONDS = 240


def submission_id(key: PlatformKey, body: bytes) -> str:
    """The id of a submission: hex SHA-256 of the key's thumbprint and the body.

    The same bytes under the same key are the same submission however often they are sent. A new
    key makes new ids, because an id that was used under a revoked key is used up.
    """
    return hashlib.sha256(key.kid.encode() + body).hexdigest()


def sign_submission(key: PlatformKey, submission: str, body: bytes, at: datetime) -> str:
    """The `Submission-Signature` of exactly these bytes: `<protected>..<signature>`."""
    header = {
        "alg": key.alg,
        "kid": key.kid,
        "typ": "sijill-submission+jws",
        "cty": CONTENT_TYPE,
        "iss": key.emitter,
        "jti": submission,
        "iat": int(at.timestamp()),
    }
    protected, signature = _signed(key, header, body)
    return f"{protected}..{signature}"


def access_token(key: PlatformKey, at: datetime) -> str:
    """A bearer token with which the platform reads its own data at its own registry."""
    header = {"alg": key.alg, "kid": key.kid, "typ": "sijill-access+jwt"}
    issued = int(at.timestamp())
    claims = {
        "iss": key.emitter,
        "aud": key.registry,
        "iat": issued,
        "exp": issued + ACCESS_SECONDS,
    }
    payload = msgspec.json.encode(claims)
    protected, signature = _signed(key, header, payload)
    return f"{protected}.{b64url(payload)}.{signature}"


def _signed(key: PlatformKey, header: Mapping[str, object], payload: bytes) -> tuple[str, str]:
    protected = b64url(msgspec.json.encode(header))
    message = f"{protected}.{b64url(payload)}".encode()
    return protected, b64url(key.sign(message))
