"""Signatures: detached JWS over exact bytes (RFC 7515 appendix F), compact JWS, thumbprints.

Small enough to read whole, because every promise of the registry stands on it. The curve
arithmetic is the `cryptography` package's.
"""

import hashlib
from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from events.acts import Ed25519Key, P256Key, PublicJwk

#: `EdDSA` is the older name of `Ed25519` (RFC 9864).
ED25519_NAMES = frozenset({"Ed25519", "EdDSA"})
ALGORITHMS = ED25519_NAMES | {"ES256"}
_SIGNATURE_BYTES = 64
_COORDINATE_BYTES = 32


class JoseError(ValueError):
    """A token or key that is not what it says it is."""


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Decode base64url without padding; refuses any second spelling of the same bytes."""
    try:
        padded = text.translate(_TO_STANDARD).encode("ascii") + b"=" * (-len(text) % 4)
        data = a2b_base64(padded, strict_mode=True)
    except (Base64Error, UnicodeEncodeError) as error:
        raise JoseError("not base64url") from error
    if b64(data) != text:
        raise JoseError("not canonical base64url")
    return data


_TO_STANDARD = str.maketrans("-_+/=", "+/!!!")


def thumbprint(key: PublicJwk) -> str:
    """RFC 7638: SHA-256 of the required members in lexical order."""
    if isinstance(key, Ed25519Key):
        members = {"crv": key.crv, "kty": "OKP", "x": key.x}
    else:
        members = {"crv": key.crv, "kty": "EC", "x": key.x, "y": key.y}
    return b64(hashlib.sha256(msgspec.json.encode(members)).digest())


class Verifier:
    """A public key ready to verify with."""

    def __init__(self, jwk: PublicJwk) -> None:
        self.jwk = jwk
        self.kid = thumbprint(jwk)
        self._key = _load(jwk)

    def verify(self, algorithm: str, signature: bytes, message: bytes) -> bool:
        """Whether `signature` (64 bytes) over `message` is this key's under that algorithm."""
        try:
            if isinstance(self._key, Ed25519PublicKey):
                if algorithm not in ED25519_NAMES:
                    return False
                self._key.verify(signature, message)
            else:
                if algorithm != "ES256" or len(signature) != _SIGNATURE_BYTES:
                    return False
                self._key.verify(_to_der(signature), message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def _load(jwk: PublicJwk) -> Ed25519PublicKey | ec.EllipticCurvePublicKey:
    try:
        if isinstance(jwk, Ed25519Key):
            return Ed25519PublicKey.from_public_bytes(unb64(jwk.x))
        x, y = (int.from_bytes(unb64(part)) for part in (jwk.x, jwk.y))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise JoseError(f"not a usable public key: {error}") from error


def _to_der(signature: bytes) -> bytes:
    half = _COORDINATE_BYTES
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


class PrivateKey:
    """An Ed25519 or P-256 private key with its public JWK."""

    def __init__(self, key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> None:
        self.raw = key
        self.jwk: PublicJwk = _public_jwk(key)
        self.kid = thumbprint(self.jwk)
        self.algorithm = "Ed25519" if isinstance(key, Ed25519PrivateKey) else "ES256"

    @classmethod
    def generate(cls) -> "PrivateKey":
        """A new Ed25519 key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_jwk(cls, jwk: dict[str, Any]) -> "PrivateKey":
        """From a private JWK (RFC 8037 or RFC 7518) with its member `d`."""
        try:
            secret = unb64(jwk["d"])
            if jwk.get("kty") == "OKP":
                return cls(Ed25519PrivateKey.from_private_bytes(secret))
            return cls(ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1()))
        except (KeyError, TypeError, ValueError) as error:
            raise JoseError("not a private Ed25519 or P-256 JWK") from error

    def to_jwk(self) -> dict[str, str]:
        """The private JWK: keep it secret."""
        public: dict[str, str] = msgspec.to_builtins(self.jwk)
        if isinstance(self.raw, Ed25519PrivateKey):
            return {**public, "d": b64(self.raw.private_bytes_raw())}
        number = self.raw.private_numbers().private_value
        return {**public, "d": b64(number.to_bytes(_COORDINATE_BYTES))}

    def sign(self, message: bytes) -> bytes:
        """64 bytes: an Ed25519 signature, or r and s of ECDSA."""
        if isinstance(self.raw, Ed25519PrivateKey):
            return self.raw.sign(message)
        r, s = decode_dss_signature(self.raw.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)


def _public_jwk(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> PublicJwk:
    if isinstance(key, Ed25519PrivateKey):
        return Ed25519Key(crv="Ed25519", x=b64(key.public_key().public_bytes_raw()))
    numbers = key.public_key().public_numbers()
    x, y = (b64(n.to_bytes(_COORDINATE_BYTES)) for n in (numbers.x, numbers.y))
    return P256Key(crv="P-256", x=x, y=y)


def sign_compact(key: PrivateKey, header: dict[str, Any], payload: bytes) -> str:
    """A compact JWS; `alg` and `kid` are put in front of `header`."""
    protected = b64(msgspec.json.encode({"alg": key.algorithm, "kid": key.kid, **header}))
    message = f"{protected}.{b64(payload)}"
    return f"{message}.{b64(key.sign(message.encode()))}"


def sign_detached(key: PrivateKey, header: dict[str, Any], payload: bytes) -> str:
    """The same with the payload left out between the two dots."""
    protected, _, signature = sign_compact(key, header, payload).split(".")
    return f"{protected}..{signature}"


def signing_input(protected: str, payload: bytes) -> bytes:
    """What a JWS signature covers (RFC 7515 section 5.1)."""
    return b"%s.%s" % (protected.encode(), urlsafe_b64encode(payload).rstrip(b"="))
