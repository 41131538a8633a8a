"""Pseudonyms of workers, and salted digests of text about them.

Both are HMAC-SHA-256 under a secret that never leaves the platform. The registry sees one stable
name per worker and cannot lead it back; two platforms never give one person the same name.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from sijill_client.errors import KeyFileError
from sijill_client.keys import read_secret, write_secret

SECRET_BYTES = 32
#: Base32 characters of a pseudonym after its `w`: 130 bits, so two workers never share one.
PSEUDONYM_CHARS = 26
#: How Mechanical Turk writes a worker's id. Running numbers that a publisher put in their place
#: (`0`, `17`, `A166`) do not look so.
PLATFORM_FORM = re.compile(r"A[A-Z0-9]{10,}\Z")
_SECRET_TEXT = re.compile(rb"[0-9a-f]{64}\s*\Z")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms and digests under one secret."""

    secret: bytes = field(repr=False)

    def worker(
        self,
        worker_id: str,
        file_digest: bytes = b"",
        form: re.Pattern[str] = PLATFORM_FORM,
    ) -> str:
        """The pseudonym of a worker: `w` and 26 characters.

        An id of the platform's form is the same worker in every file. Any other id means nothing
        outside its file, so the pseudonym covers the digest of the file's content as well. A
        platform that names its own workers leaves `file_digest` and `form` out.
        """
        if form.match(worker_id):
            code = self._mac(b"worker", worker_id.encode())
        else:
            code = self._mac(b"worker of a file", file_digest, worker_id.encode())
        return "w" + base64.b32encode(code).decode().lower()[:PSEUDONYM_CHARS]

    def task(self, content: str) -> str:
        """A name for work that its platform gives none: `row-` and 32 hex digits, keyed."""
        return "row-" + self._mac(b"task", content.encode()).hex()[:32]

    def digest(self, text: str) -> str:
        """Proof of a text that is never sent: `sha256:` and 64 hex digits, keyed."""
        return "sha256:" + self._mac(b"text", text.encode()).hex()

    def _mac(self, purpose: bytes, *parts: bytes) -> bytes:
        """Every part goes in with its length, so that no two inputs read the same."""
        message = b"".join(len(part).to_bytes(8, "big") + part for part in (purpose, *parts))
        return hmac.new(self.secret, message, hashlib.sha256).digest()


def pseudonyms_path(key_file: Path) -> Path:
    """Where the secret of a key file's platform is kept: `<KEYFILE>.pseudonyms`."""
    return key_file.with_name(key_file.name + ".pseudonyms")


def open_pseudonyms(key_file: Path) -> Pseudonyms:
    """The platform's pseudonyms; makes the secret on first use.

    Whoever loses the secret file gives every worker a new name from then on, and their record
    splits in two; so it is never replaced silently, and a damaged one is an error.
    """
    path = pseudonyms_path(key_file)
    if not path.exists():
        _make(path)
    text = read_secret(path)
    if not _SECRET_TEXT.match(text):
        raise KeyFileError(
            f"{path} is not a pseudonym secret (64 hex digits). Restore it from your backup: "
            "with another secret every worker would get a new name and lose their record"
        )
    return Pseudonyms(bytes.fromhex(text.decode()))


def _make(path: Path) -> None:
    try:
        write_secret(path, secrets.token_hex(SECRET_BYTES).encode() + b"\n")
    except FileExistsError:
        return  # Another process made it between the look and the write; that one is the secret.
    except OSError as fault:
        raise KeyFileError(
            f"cannot write the pseudonym secret {path}: {fault.strerror}. The folder of the key "
            "file must be writable on the first push"
        ) from None
