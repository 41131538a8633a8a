"""The submission token, taken apart and verified again (RULES 1.1, 1.2)."""

from dataclasses import dataclass
from typing import Any

from events.jose import ALGORITHMS, JoseError, Verifier, signing_input, unb64
from services.checker.reading import Unreadable, parse

_MEMBERS = {"alg", "kid", "typ", "cty", "iss", "jti", "iat"}
_FIXED = {"typ": "sijill-submission+jws", "cty": "application/cloudevents-batch+json"}


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached JWS; nothing about it is verified yet but its form."""

    protected: str
    header: dict[str, Any]
    signature: bytes

    @property
    def kid(self) -> str:
        """The thumbprint of the key that should have signed."""
        return str(self.header["kid"])

    def by(self, key: Verifier, body: bytes) -> bool:
        """Whether that key signed exactly these bytes."""
        message = signing_input(self.protected, body)
        return key.verify(self.header["alg"], self.signature, message)


def take_apart(token: str) -> Signature:
    """A token's parts; `Unreadable` if its form is not exactly RULES 1.2."""
    parts = token.split(".")
    if len(parts) != 3 or parts[1]:
        raise Unreadable("not a detached JWS")
    try:
        parsed, signature = parse(unb64(parts[0])), unb64(parts[2])
    except JoseError as error:
        raise Unreadable(str(error)) from error
    header = parsed.value
    if not isinstance(header, dict) or set(header) != _MEMBERS or parsed.duplicates:
        raise Unreadable("the protected header has other members")
    if str(header["alg"]) not in ALGORITHMS or any(header[k] != v for k, v in _FIXED.items()):
        raise Unreadable("the protected header is not that of a submission")
    return Signature(parts[0], header, signature)
