"""Private keys as files: JSON, mode 0600, never overwritten."""

import json
from dataclasses import dataclass
from pathlib import Path

from sijill_client.errors import KeyFileError
from sijill_client.keys import read_secret, write_secret

from events.jose import PrivateKey

#: Names in a registry's key folder; retired registry keys stay beside the one in force.
AUTHORITY_FILE, REGISTRY_GLOB = "authority.json", "registry*.json"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key and whose it is; `registry` is the identity of the log it signs for."""

    emitter: str
    key: PrivateKey
    registry: str


def write_key(path: Path, emitter: str, key: PrivateKey, registry: str) -> None:
    """Write a new key file, readable by its owner alone. It must not exist."""
    document = {"emitter": emitter, "kid": key.kid, "key": key.to_jwk(), "registry": registry}
    try:
        write_secret(path, json.dumps(document, indent=2).encode() + b"\n")
    except FileExistsError as error:
        raise KeyFileError(f"{path} exists: a key is never overwritten, name a new file") from error
    except OSError as error:
        raise KeyFileError(f"cannot write {path}: {error.strerror}") from error


def read_key(path: Path) -> KeyFile:
    """Read a key file that nobody but its owner may read."""
    try:
        document = json.loads(read_secret(path))
        return KeyFile(
            str(document["emitter"]),
            PrivateKey.from_jwk(document["key"]),
            str(document.get("registry", "")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{path} is no key file") from error


def registry_keys(folder: Path) -> dict[str, PrivateKey]:
    """All keys of the registry in a folder, by kid."""
    found = [read_key(path).key for path in sorted(folder.glob(REGISTRY_GLOB))]
    if not found:
        raise KeyFileError(f"{folder} holds no {REGISTRY_GLOB}: the registry cannot sign")
    return {key.kid: key for key in found}
