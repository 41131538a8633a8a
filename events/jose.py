"""Signatures: detached JWS over exact bytes (RFC 7515 appendix F), compact JWS, thumbprints.

Small enough to read whole, because every promise of the registry stands on it. Signatures are
the `cryptography` package's work; what a key must be beyond what it asks for is checked here.
"""

import hashlib
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
from pybase64 import urlsafe_b64encode

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
            encoded = unb64(jwk.x)
            _refuse_bad_point(encoded)
            return Ed25519PublicKey.from_public_bytes(encoded)
        x, y = (int.from_bytes(unb64(part)) for part in (jwk.x, jwk.y))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        if key.public_numbers() != ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()):
            raise JoseError("a coordinate is not reduced")
        return key
    except ValueError as error:
        raise JoseError(f"not a usable public key: {error}") from error


#: The field and the curve -x² + y² = 1 + d·x²·y² of Ed25519 (RFC 8032 section 5.1).
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def _refuse_bad_point(encoded: bytes) -> None:
    """OpenSSL takes any 32 bytes; these must be a point, spelled once, and of a large order.

    Under a key of small order one signature fits nearly every message, so it would prove nothing.
    Such are y = 0, 1, -1 and, doubling to those, the roots of d·y⁴ + 2y² - 1.
    """
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _P:
        raise JoseError("a coordinate is not reduced")
    square = y * y % _P
    if y * (square - 1) * (_D * square * square + 2 * square - 1) % _P == 0:
        raise JoseError("a point of small order")
    # x² is (y² - 1) / (d·y² + 1), which must be a square (Euler's criterion).
    if pow((square - 1) * (_D * square + 1), (_P - 1) // 2, _P) != 1:
        raise JoseError("no point of the curve")


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
            if (jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519"):
                key = cls(Ed25519PrivateKey.from_private_bytes(secret))
            elif (jwk["kty"], jwk["crv"]) == ("EC", "P-256"):
                key = cls(ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1()))
            else:
                raise JoseError("of another type or curve")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise JoseError("not a private Ed25519 or P-256 JWK") from error
        return key

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
