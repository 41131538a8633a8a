"""What is remembered of every event and every leaf for the whole of a check, in few bytes each.

There may be millions, so names are kept as digests, and what only a correction will ask for lies
in a temporary file.
"""

import hashlib
import os
import tempfile
import weakref
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

import msgspec

from services.checker.facts import Values

#: Bytes of a digest that stands for a name: nobody finds two names with the same one.
_DIGEST_BYTES = 24
#: Content, event number, type, and place and size of what stands; a size of 0: nothing does.
_FIRST = Struct("<16sqHqI")
_STANDING = msgspec.msgpack.Decoder(Values)


def digest_of(emitter: str, name: str) -> bytes:
    """What stands for a name that an emitter gave."""
    # Names come from bodies: JSON can hold halves of a character, which UTF-8 cannot.
    text = f"{len(emitter)}:{emitter}{name}".encode(errors="surrogatepass")
    return hashlib.sha256(text).digest()[:_DIGEST_BYTES]


@dataclass(slots=True)
class LeafOf:
    """The leaf of each (emitter, submission, digest of the body)."""

    leaves: dict[bytes, int] = field(default_factory=dict)

    def get(self, identity: tuple[str, str, bytes]) -> int | None:
        """Its leaf; None if it has none."""
        return self.leaves.get(_digest_of(identity))

    def keep(self, identity: tuple[str, str, bytes], leaf: int) -> None:
        """The first leaf of an identity stands."""
        self.leaves.setdefault(_digest_of(identity), leaf)


def _digest_of(identity: tuple[str, str, bytes]) -> bytes:
    emitter, submission, body = identity
    return digest_of(emitter, f"{len(submission)}:{submission}{body.hex()}")


class First(NamedTuple):
    """The first use of an event id; `at`, `size`: where what stands for it was written."""

    content: bytes
    number: int
    type: str
    at: int
    size: int

    @property
    def stands(self) -> bool:
        """Whether anything stands for the event."""
        return self.size > 0


class KnownEvents:
    """The first use of each event id, and what stands for it now."""

    def __init__(self) -> None:
        self._firsts: dict[bytes, bytes] = {}
        self._types: list[str] = []
        self._codes: dict[str, int] = {}
        # It has no name, so nothing is left behind whatever ends the check.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this object)
        weakref.finalize(self, self._file.close)
        self._end = 0

    def find(self, emitter: str, event_id: str) -> First | None:
        """The first use of an emitter's event id."""
        packed = self._firsts.get(digest_of(emitter, event_id))
        if packed is None:
            return None
        content, number, code, at, size = _FIRST.unpack(packed)
        return First(content, number, self._types[code], at, size)

    def standing(self, first: First) -> Values | None:
        """What stands for an event."""
        if not first.stands:
            return None
        self._file.flush()
        return _STANDING.decode(os.pread(self._file.fileno(), first.size, first.at))

    def keep(
        self,
        emitter: str,
        event_id: str,
        number: int,
        event_type: str,
        content: bytes,
        standing: Values | None,
    ) -> None:
        """Remember an event, or what stands for it from now on."""
        at, size = self._end, 0
        if standing is not None:
            size = self._file.write(msgspec.msgpack.encode(standing))
            self._end += size
        code = self._codes.setdefault(event_type, len(self._codes))
        if code == len(self._types):
            self._types.append(event_type)
        packed = _FIRST.pack(content, number, code, at, size)
        self._firsts[digest_of(emitter, event_id)] = packed
