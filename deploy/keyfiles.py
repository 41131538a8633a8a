"""Private keys as files: JSON, mode 0600, never overwritten."""

import json
from collections.abc import Iterator, Mapping
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


class RegistryKeyFolder(Mapping[str, PrivateKey]):
    """The registry's private keys in a folder, by kid.

    A key file that is laid there later is found when its kid is asked for: after `sijill key add
    registry` no process needs a restart.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, PrivateKey] = {}
        self._look()
        if not self._read:
            raise KeyFileError(f"{folder} holds no {REGISTRY_GLOB}: the registry cannot sign")

    def _look(self) -> None:
        for path in sorted(self._folder.glob(REGISTRY_GLOB)):
            if path not in self._read:
                self._read[path] = read_key(path).key

    def _find(self, kid: str) -> PrivateKey | None:
        return next((key for key in self._read.values() if key.kid == kid), None)

    def __getitem__(self, kid: str) -> PrivateKey:
        found = self._find(kid)
        if found is None:
            self._look()
            found = self._find(kid)
        if found is None:
            raise KeyError(kid)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter([key.kid for key in self._read.values()])

    def __len__(self) -> int:
        return len(self._read)
