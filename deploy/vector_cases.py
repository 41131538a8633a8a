"""The vectors themselves: what a door accepts, and the mistakes that every new signer makes."""

import base64
import hashlib
import json
from typing import Any

from deploy.vectors import (
    BODY,
    EMITTER,
    IAT,
    KEYS,
    Answer,
    Vector,
    der_of,
    header_of,
    signature_of,
)
from events.jose import PrivateKey, b64
from events.token import CONTENT_TYPE

ED, EC, OLD = KEYS["ed25519"], KEYS["es256"], KEYS["revoked"]


def token(submission: str, key: PrivateKey = ED, body: str = BODY, **header: Any) -> str:
    """A token whose signature fits; `header` changes members of the protected header."""
    protected, message = _message(header_of(key, submission, **header), body.encode())
    return f"{protected}..{b64(signature_of(key, message))}"


def _message(header: dict[str, Any], payload: bytes) -> tuple[str, bytes]:
    protected = b64(json.dumps(header, separators=(",", ":")).encode())
    return protected, f"{protected}.{b64(payload)}".encode()


def _signed(submission: str, message_of: Any, key: PrivateKey = ED, **header: Any) -> str:
    """A token whose signature covers something else: `message_of(protected)`."""
    protected = b64(json.dumps(header_of(key, submission, **header)).encode())
    return f"{protected}..{b64(signature_of(key, message_of(protected)))}"


def _der() -> str:
    protected, message = _message(header_of(EC, "es256-der"), BODY.encode())
    return f"{protected}..{b64(der_of(EC, message))}"


def _attached() -> str:
    _, message = _message(header_of(ED, "attached"), BODY.encode())
    return f"{message.decode()}.{b64(signature_of(ED, message))}"


def _standard_base64() -> str:
    protected, message = _message(header_of(ED, "standard-base64"), BODY.encode())
    return f"{protected}..{base64.b64encode(signature_of(ED, message)).decode()}"


def _event(**members: Any) -> str:
    event = {
        "specversion": "1.0",
        "id": "t-901-approved",
        "source": f"/emitters/{EMITTER}",
        "type": "task.approved.v1",
        "time": "2026-03-02T11:10:00+01:00",
        "data": {"task": "t-901", "worker": "w-7f3a"},
    }
    return json.dumps([event | members])


def _of_body(name: str, why: str, body: str, answer: Answer) -> Vector:
    return Vector(name, why, token(name, body=body), answer, body=body)


def _of_header(name: str, why: str, answer: Answer, **header: Any) -> Vector:
    return Vector(name, why, token(name, **header), answer)


def _media(**headers: str) -> dict[str, str]:
    return {"Content-Type": CONTENT_TYPE} | headers


OTHER = BODY.replace("240", "241")
_MISFIT = Answer(401, "bad-signature", "sign exactly the bytes that are sent")

ACCEPTED = (
    Vector("first", "Signed with Ed25519.", token("first"), Answer(202)),
    Vector(
        "older-name",
        "`EdDSA` is the older name of the same signature, for libraries that know no other.",
        token("older-name", alg="EdDSA"),
        Answer(202),
    ),
    Vector(
        "es256",
        "Signed with ES256: r and s, 32 bytes each.",
        token("es256", EC),
        Answer(202),
        key="es256",
    ),
    Vector(
        "signed-long-ago",
        "A token never grows old: what waited in an outbox for a year is accepted.",
        token("signed-long-ago", iat=IAT - 365 * 86_400),
        Answer(202),
    ),
)

MISTAKES = (
    Vector(
        "body-written-anew",
        "The body was parsed and written anew after it was signed. Send the very bytes that you "
        "signed.",
        token("body-written-anew"),
        _MISFIT,
        body=json.dumps(json.loads(BODY), separators=(",", ":")),
    ),
    Vector(
        "payload-not-encoded",
        "The body was signed as it is (RFC 7797). Sign its base64url.",
        _signed("payload-not-encoded", lambda head: f"{head}.{BODY}".encode()),
        _MISFIT,
    ),
    _of_header(
        "b64-false",
        "The header asks for RFC 7797. Leave out `b64` and `crit`.",
        Answer(400, "malformed", "protected header"),
        b64=False,
        crit=["b64"],
    ),
    Vector(
        "digest-signed",
        "The SHA-256 of the body was signed in its place. Sign the whole body.",
        _signed(
            "digest-signed",
            lambda head: f"{head}.{b64(hashlib.sha256(BODY.encode()).digest())}".encode(),
        ),
        _MISFIT,
    ),
    Vector(
        "es256-der",
        "The signature is in DER, as openssl gives it. Send r and s, 32 bytes each, one after the "
        "other.",
        _der(),
        _MISFIT,
        key="es256",
    ),
    Vector(
        "attached",
        "The payload stands in the token. Nothing may stand between the two points.",
        _attached(),
        Answer(400, "malformed", "leave the payload out"),
    ),
    Vector(
        "standard-base64",
        "Ordinary base64, with `+`, `/` and `=`. Use base64url without padding.",
        _standard_base64(),
        Answer(400, "malformed", "not base64url"),
    ),
    Vector(
        "no-token",
        "The header `Submission-Signature` is missing, or a proxy took it away.",
        "",
        Answer(400, "malformed", "Submission-Signature is required"),
    ),
    _of_header(
        "hs256",
        "An algorithm that the registry does not know. Only Ed25519 and ES256 are accepted.",
        Answer(400, "malformed", "sign with Ed25519 or ES256"),
        alg="HS256",
    ),
    _of_header(
        "alg-of-another-key",
        "`alg` is not that of the key. An Ed25519 key signs `Ed25519`, a P-256 key `ES256`.",
        _MISFIT,
        alg="ES256",
    ),
    _of_header(
        "key-inside",
        "The token carries its key. The registry knows your key by `kid`; leave `jwk` out.",
        Answer(400, "malformed", "unknown field `jwk`"),
        jwk={"kty": "OKP"},
    ),
    _of_header(
        "typ-missing",
        "A member is missing. All seven are required.",
        Answer(400, "malformed", "`typ`"),
        typ=None,
    ),
    _of_header(
        "kid-of-your-own",
        "`kid` is a name of your own. It is the RFC 7638 thumbprint, as in your key file.",
        Answer(401, "unknown-key", "is not a key of emitter atlas-tasks"),
        kid="my-key-1",
    ),
    _of_header(
        "emitter-of-another",
        "`iss` is not who the key belongs to. It is `emitter` of your key file.",
        Answer(401, "unknown-key", "is not a key of emitter atlas"),
        iss="atlas",
    ),
    _of_header(
        "milliseconds",
        "`iat` is in milliseconds. It is whole seconds since 1970.",
        Answer(400, "malformed", "`$.iat`"),
        iat=IAT * 1000,
    ),
    _of_header(
        "clock-ahead",
        "The signing machine's clock is an hour ahead. Five minutes are allowed; set the clock.",
        Answer(401, "clock-ahead", "ahead of the registry's time 2026-03-04T12:00:00"),
        iat=IAT + 3600,
    ),
    Vector(
        "id-with-colon",
        "`jti` holds a character that it may not. Use 1 to 64 of A-Z a-z 0-9 . _ -",
        token("id-with-colon", jti="2026-03-02T12:00"),
        Answer(400, "malformed", "jti must be 1 to 64 of A-Z a-z 0-9 . _ -"),
    ),
    Vector(
        "media-type",
        "`Content-Type: application/json`. It is `application/cloudevents-batch+json`.",
        token("media-type"),
        Answer(415, "unsupported", "Content-Type must be"),
        headers={"Content-Type": "application/json"},
    ),
    Vector(
        "compressed",
        "The body is sent compressed. Send it as it is.",
        token("compressed"),
        Answer(415, "unsupported", "Content-Encoding is not accepted"),
        headers=_media(**{"Content-Encoding": "gzip"}),
    ),
    _of_body(
        "no-array",
        "One event alone. A body is a JSON array, also of one event.",
        BODY.strip()[1:-1],
        Answer(400, "malformed", "not a JSON array"),
    ),
    _of_body(
        "source-of-another",
        "`source` is not yours. It is `/emitters/` and your `emitter`.",
        _event(source="https://atlas.example"),
        Answer(422, "schema", "/0/source"),
    ),
    _of_body(
        "time-without-offset",
        "`time` does not say its zone. End it with `Z` or an offset such as `+01:00`.",
        _event(time="2026-03-02T11:10:00"),
        Answer(422, "schema", "/0/time"),
    ),
    _of_body(
        "amount-as-number",
        'The amount is a JSON number. Money is a decimal string such as `"0.05"`.',
        _event(data={"task": "t-901", "worker": "w-7f3a", "amount": 0.05, "currency": "USD"}),
        Answer(422, "schema", "/0/data/amount"),
    ),
    _of_body(
        "type-without-version",
        "The type lacks its version. All end in `.v1`.",
        _event(type="task.approved"),
        Answer(422, "schema", "/0/type"),
    ),
    Vector(
        "other-bytes-under-one-id",
        "`jti` was used for another body (the vector `first`). New content needs a new id.",
        token("first", body=OTHER),
        Answer(409, "conflict", "send other content under another id"),
        body=OTHER,
    ),
    Vector(
        "revoked",
        "The key was revoked. Sign with your newer key, under a new id.",
        token("revoked", OLD),
        Answer(403, "revoked-key", "was revoked by leaf"),
        key="revoked",
    ),
)
