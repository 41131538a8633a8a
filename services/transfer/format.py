"""The file that carries a log: one JSON object a line, each line sealed. Pure.

Bytes are base64, hashes of leaves too; only the two that people compare are hex. A line ends with
`,"seal":"…"}`: the SHA-256, in hex, of the seal of the line before (nothing for the first one)
followed by all of this line before `,"seal"`. So a line is proven before anything is done with
it, lines cannot change places, and docs/moving.md can tell others how to read it.

    sijill-log   the first line: version, identity, leaves and intake records by partition
    leaf         every leaf in order, with what is kept beside it
    intake       every record of the intake, partition by partition, with its body
    end          the last line: counts again, and the hash of the last leaf
"""

import hashlib
from typing import TypeAlias

import msgspec

from events.errors import Fatal
from events.limits import BODY_BYTES_MAX
from events.log.protocol import Arrival, LeafRecord, Place, Positions

#: Version of the format; a reader refuses what it does not know.
VERSION = 1
#: Bytes of one line at most: a body in base64, and what stands beside it.
LINE_BYTES_MAX = BODY_BYTES_MAX // 3 * 4 + 16 * 1024
_MARK, _CLOSE = b',"seal":"', b'"}\n'
_SEAL_CHARS = 64
_TAIL_BYTES = len(_MARK) + _SEAL_CHARS + len(_CLOSE)


class _Line(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """One line without its seal."""


class HeadLine(_Line, tag="sijill-log", frozen=True, kw_only=True):
    """What follows. `identity`: hex hash of leaf 0; `intake`: records of each partition."""

    version: int
    identity: str
    leaves: int
    intake: tuple[int, ...]

    @property
    def lines(self) -> int:
        """Leaves and intake records."""
        return self.leaves + sum(self.intake)


class LeafLine(_Line, tag="leaf", frozen=True, kw_only=True):
    """A leaf and what is kept beside it."""

    index: int
    previous: bytes
    leaf: bytes
    partition: int
    offset: int
    positions: Positions

    @property
    def record(self) -> LeafRecord:
        """As the log knows it."""
        place = Place(self.partition, self.offset)
        return LeafRecord(self.index, self.previous, self.leaf, place, self.positions)


class IntakeLine(_Line, tag="intake", frozen=True, kw_only=True):
    """A record of the intake, with or without a leaf."""

    partition: int
    offset: int
    emitter: str
    submission: str
    sha256: bytes
    token: str
    events: int
    received: str
    body: bytes

    @property
    def arrival(self) -> Arrival:
        """As the door appended it."""
        return Arrival(
            self.emitter,
            self.submission,
            self.sha256,
            self.token,
            self.events,
            self.received,
            self.body,
        )


class EndLine(_Line, tag="end", frozen=True, kw_only=True):
    """Nothing is missing. `last`: hex hash of the last leaf."""

    leaves: int
    intake: int
    last: str


Line: TypeAlias = HeadLine | LeafLine | IntakeLine | EndLine


def leaf_line(record: LeafRecord) -> LeafLine:
    """The line of a leaf."""
    return LeafLine(
        index=record.index,
        previous=record.previous_hash,
        leaf=record.leaf,
        partition=record.place.partition,
        offset=record.place.offset,
        positions=record.positions,
    )


def intake_line(place: Place, arrival: Arrival) -> IntakeLine:
    """The line of a record of the intake."""
    return IntakeLine(
        partition=place.partition,
        offset=place.offset,
        emitter=arrival.emitter,
        submission=arrival.submission,
        sha256=arrival.body_sha256,
        token=arrival.token,
        events=arrival.events,
        received=arrival.received_at,
        body=arrival.body,
    )


class Sealing:
    """Turns the lines of one file into bytes, first to last."""

    def __init__(self) -> None:
        self._seal = b""
        self._encoder = msgspec.json.Encoder()

    def encode(self, line: Line) -> bytes:
        """The next line, its end included."""
        content = self._encoder.encode(line)[:-1]
        self._seal = _seal(self._seal, content)
        return b"".join((content, _MARK, self._seal, _CLOSE))


class Unsealing:
    """Turns the bytes of one file into lines, first to last."""

    def __init__(self) -> None:
        self._seal = b""
        self._decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)

    def decode(self, sealed: bytes) -> Line:
        """The next line; `Fatal` if it is not what was written there."""
        content, tail = sealed[:-_TAIL_BYTES], sealed[-_TAIL_BYTES:]
        self._seal = _seal(self._seal, content)
        if tail != b"".join((_MARK, self._seal, _CLOSE)):
            raise Fatal("the seal does not fit: the file was cut or changed here")
        try:
            return self._decoder.decode(content + b"}")
        except msgspec.DecodeError as error:
            raise Fatal(f"not a line of this format: {error}") from error


def _seal(before: bytes, content: bytes) -> bytes:
    sealing = hashlib.sha256(before)
    sealing.update(content)
    return sealing.hexdigest().encode()
