"""A platform's signing key: the key file, its thumbprint, raw signatures.

The key file is JSON, mode 0600: `{"emitter", "kid", "key": {private JWK}, "registry"}`. The key is
Ed25519 (RFC 8037) or EC P-256 (RFC 7518); `kid` is the RFC 7638 thumbprint; `registry` is the hex
SHA-256 of the registry's leaf 0, so that a key is never used at another registry by mistake.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sijill_client.errors import KeyFileError

#: Bytes of a P-256 coordinate, and of each half of an ES256 signature.
P256_BYTES = 32
_EMITTER = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\Z")
_IDENTITY = re.compile(r"[0-9a-f]{64}\Z")

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """Who signs, with what, at which registry. The private half never shows in a repr."""

    emitter: str
    kid: str
    registry: str
    private: PrivateKey = field(repr=False)

    @property
    def alg(self) -> str:
        """The JWS `alg`: `Ed25519` (RFC 9864) or `ES256`."""
        return "Ed25519" if isinstance(self.private, ed25519.Ed25519PrivateKey) else "ES256"

    def sign(self, message: bytes) -> bytes:
        """64 bytes: an Ed25519 signature, or r and s of ES256 side by side (RFC 7518, 3.4)."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")


class _KeyFile(msgspec.Struct):
    emitter: str
    kid: str
    key: dict[str, str]
    registry: str


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def public_jwk(private: PrivateKey) -> dict[str, str]:
    """The public JWK with its required members only, in the order that RFC 7638 hashes."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        raw = private.public_key().public_bytes_raw()
        return {"crv": "Ed25519", "kty": "OKP", "x": b64url(raw)}
    point = private.public_key().public_numbers()
    x, y = (b64url(value.to_bytes(P256_BYTES, "big")) for value in (point.x, point.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def private_jwk(private: PrivateKey) -> dict[str, str]:
    """The private JWK: the public members and `d`."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        secret = private.private_bytes_raw()
    else:
        secret = private.private_numbers().private_value.to_bytes(P256_BYTES, "big")
    return {**public_jwk(private), "d": b64url(secret)}


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638 thumbprint of a public JWK that has only its required members."""
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return b64url(hashlib.sha256(canonical).digest())


def make_key(emitter: str, registry: str, *, p256: bool = False) -> PlatformKey:
    """A fresh key: Ed25519, or P-256 for whose hardware cannot do Ed25519."""
    private: PrivateKey = (
        ec.generate_private_key(ec.SECP256R1()) if p256 else ed25519.Ed25519PrivateKey.generate()
    )
    return PlatformKey(emitter, thumbprint(public_jwk(private)), registry, private)


def save_key(key: PlatformKey, path: Path) -> None:
    """Writes the key file, readable by its owner only; never over an existing file."""
    document = {
        "emitter": key.emitter,
        "kid": key.kid,
        "key": private_jwk(key.private),
        "registry": key.registry,
    }
    try:
        write_secret(path, json.dumps(document, indent=2).encode() + b"\n")
    except FileExistsError:
        raise KeyFileError(f"{path} exists already; a key is never written over") from None


def load_key(path: Path) -> PlatformKey:
    """Reads a key file; `KeyFileError` says what is wrong with it and never shows the key."""
    body = read_secret(path)
    try:
        document = msgspec.json.decode(body, type=_KeyFile)
    except msgspec.MsgspecError as fault:
        raise KeyFileError(f"{path} is not a key file: {fault}") from None
    return _checked(path, document)


def _checked(path: Path, document: _KeyFile) -> PlatformKey:
    if not _EMITTER.match(document.emitter):
        raise KeyFileError(f"{path}: {document.emitter!r} is not an emitter's id")
    if not _IDENTITY.match(document.registry):
        raise KeyFileError(f"{path}: `registry` must be the registry's identity, 64 hex digits")
    try:
        private = _private(document.key)
    except (KeyError, ValueError, binascii.Error):
        raise KeyFileError(
            f"{path}: `key` must be a private JWK, Ed25519 (OKP) or P-256 (EC)"
        ) from None
    if thumbprint(public_jwk(private)) != document.kid:
        raise KeyFileError(f"{path}: `kid` is not the RFC 7638 thumbprint of `key`")
    return PlatformKey(document.emitter, document.kid, document.registry, private)


def _private(jwk: dict[str, Any]) -> PrivateKey:
    """The private key of a JWK. Its public half is derived, and checked through the thumbprint."""
    secret = _unb64url(jwk["d"])
    match jwk["kty"], jwk["crv"]:
        case "OKP", "Ed25519":
            return ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        case "EC", "P-256":
            return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    raise ValueError("unknown kind of key")


def write_secret(path: Path, content: bytes) -> None:
    """Creates a file that only its owner can read, at once and whole.

    The content goes to a file of its own first and is linked into place, so that a second
    process, or a kill, can never leave or read half a secret. `FileExistsError` if `path` exists.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()


def read_secret(path: Path) -> bytes:
    """The bytes of a file that nobody but its owner may read; `KeyFileError` otherwise."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise KeyFileError(
                    f"{path} can be read by others (mode {mode:04o}); run: chmod 600 {path}"
                )
            return file.read()
    except OSError as fault:
        raise KeyFileError(f"cannot read {path}: {fault.strerror}") from None
