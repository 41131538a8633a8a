"""The submission token: the detached JWS in the header `Submission-Signature` (RULES 1.2)."""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from events.errors import Reason, Refused
from events.jose import ALGORITHMS, JoseError, PrivateKey, sign_detached, signing_input, unb64
from events.limits import TOKEN_CHARS_MAX
from events.scalars import EmitterId

TOKEN_TYPE = "sijill-submission+jws"  # noqa: S105 (a media type, no secret)
CONTENT_TYPE = "application/cloudevents-batch+json"
SUBMISSION_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: Seconds since 1970; to the end of year 9999, beyond which no clock can say a time.
IssuedAt = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected header: exactly these members, so no `crit`, no key and no key address."""

    alg: str
    kid: str
    typ: Literal["sijill-submission+jws"]
    cty: Literal["application/cloudevents-batch+json"]
    iss: EmitterId
    jti: str
    iat: IssuedAt


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing about it is verified yet but its form."""

    text: str
    header: Header
    protected: str
    signature: bytes

    def signing_input(self, body: bytes) -> bytes:
        """The bytes that the signature must cover."""
        return signing_input(self.protected, body)


class _Signer(msgspec.Struct):
    kid: str


_HEADER = msgspec.json.Decoder(Header)
_SIGNER = msgspec.json.Decoder(_Signer)


def parse_token(text: str) -> Token:
    """Take a token apart; `Refused` (malformed) if its form is not exactly RULES 1.2."""
    if len(text) > TOKEN_CHARS_MAX:
        raise _malformed(
            f"the token is longer than {TOKEN_CHARS_MAX} characters: it is "
            "`<protected>..<signature>`, leave the payload out"
        )
    parts = text.split(".")
    if len(parts) != 3 or parts[1]:
        raise _malformed("a detached JWS is `<protected>..<signature>`: leave the payload out")
    try:
        raw, signature = unb64(parts[0]), unb64(parts[2])
        header = _HEADER.decode(raw)
        _refuse_duplicates(raw)
    except JoseError as error:
        raise _malformed(f"the token is {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(f"protected header: {error}") from error
    if header.alg not in ALGORITHMS:
        raise _malformed(f"alg {header.alg!r} is not accepted: sign with Ed25519 or ES256")
    if not SUBMISSION_ID.fullmatch(header.jti):
        raise _malformed("jti must be 1 to 64 of A-Z a-z 0-9 . _ -")
    return Token(text, header, parts[0], signature)


def signer_of(text: str) -> str:
    """The kid of a token that the door took apart before; empty if it holds none."""
    try:
        return _SIGNER.decode(unb64(text.partition(".")[0])).kid
    except (JoseError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def sign_submission(key: PrivateKey, *, emitter: str, submission: str, at: int, body: bytes) -> str:
    """The token of `body`; `at` is seconds since 1970 (`iat`)."""
    header = {
        "typ": TOKEN_TYPE,
        "cty": CONTENT_TYPE,
        "iss": emitter,
        "jti": submission,
        "iat": at,
    }
    return sign_detached(key, header, body)


def _refuse_duplicates(raw: bytes) -> None:
    """JSON parsers differ on which duplicate wins, so a header may hold none."""
    pairs: list[tuple[str, Any]] = json.loads(raw, object_pairs_hook=list)
    if len({name for name, _ in pairs}) != len(pairs):
        raise _malformed("protected header: a member stands twice")


def _malformed(detail: str) -> Refused:
    return Refused(Reason.MALFORMED, f"Submission-Signature: {detail}")
