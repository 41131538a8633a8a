"""Rows as PostgreSQL's binary COPY reads them, so that loading a batch costs its sender nothing.

A row is its number of fields, then each field as its length in bytes (-1: NULL) and its bytes, all
big-endian (PostgreSQL's documentation, "COPY", "Binary Format"). Emitter and worker stand in a row
by codes that only the generation knows: each row has a hole for the two, which `fill` closes.
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import date
from struct import Struct as Layout

import msgspec

from services.projections.adders import Row

#: The columns of a row in its order. The last dozen repeat in so few ways that each way is
#: encoded once; `_block` writes them.
BATCH_COLUMNS = (
    "event_number",
    "digest",
    "leaf_index",
    "recorded_day",
    "emitter_code",
    "worker_code",
    "event_id",
    "task",
    "contract",
    "corrects_id",
    "seconds",
    "amount",
    "fee",
    "tax",
    "withheld",
    "net",
    "type",
    "residence",
    "task_group",
    "currency",
    "rail",
    "day",
    "kind",
    "n",
    "reason",
    "decided_by",
    "sandbox",
    "unstated",
    "replaces",
)
#: Before the first row, after the last one.
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
#: Ways of the last columns that are remembered.
_WAYS_MAX = 50_000
#: Bytes of a table sent at once.
_CHUNK_BYTES = 1 << 19
_DAY_ZERO = date(2000, 1, 1).toordinal()

_NULL = b"\xff\xff\xff\xff"
_LENGTH, _INT4, _INT8 = Layout(">i"), Layout(">ii"), Layout(">iq")
_HEAD, _CANDIDATE, _LEAF = Layout(">hiqiq"), Layout(">hiqi"), Layout(">iqii")
_BOTH, _NO_WORKER = Layout(">iiii"), Layout(">iii")
_HOLE, _NARROW_HOLE = bytes(_BOTH.size), bytes(_NO_WORKER.size)
#: fee, tax, withheld and net of what is no payment.
_NO_DEDUCTIONS = 4 * _NULL
_BOOLEANS = (b"\0\0\0\1\0", b"\0\0\0\1\1")

#: An emitter, and one of its workers or nobody.
Speaker = tuple[str, str | None]


class Table(msgspec.Struct):
    """Encoded rows with holes: hole i, at `holes[i]`, is for speaker `speaking[i]`."""

    rows: int
    encoded: bytearray
    holes: bytes
    speaking: bytes
    speakers: list[Speaker]

    def fill(self, codes: Sequence[tuple[int, int | None]]) -> None:
        """Put codes of emitter and worker, in the order of `speakers`, into the holes."""
        fillings = [
            _NO_WORKER.pack(4, emitter, -1) if worker is None else _BOTH.pack(4, emitter, 4, worker)
            for emitter, worker in codes
        ]
        encoded = self.encoded
        for hole, speaker in zip(_numbers(self.holes), _numbers(self.speaking), strict=True):
            filling = fillings[speaker]
            encoded[hole : hole + len(filling)] = filling

    def chunks(self) -> Iterator[bytes]:
        """What COPY is to be sent."""
        yield _HEADER
        for start in range(0, len(self.encoded), _CHUNK_BYTES):
            yield bytes(self.encoded[start : start + _CHUNK_BYTES])
        yield _TRAILER


class Encoder:
    """Makes one table of rows that come leaf by leaf."""

    def __init__(self) -> None:
        self._rows = 0
        self._encoded = bytearray()
        self._holes, self._speaking = array("Q"), array("Q")
        self._speakers: dict[Speaker, int] = {}

    def add(self, rows: Sequence[Row]) -> None:
        """Rows of one leaf. Raises if a value fits no column, such as an integer past 64 bits."""
        if not rows:
            return
        encoded, speakers = self._encoded, self._speakers
        of_leaf = _LEAF.pack(8, rows[0].leaf_index, 4, _days(rows[0].recorded_day))
        for row in rows:
            encoded += _start(row)
            encoded += of_leaf
            self._holes.append(len(encoded))
            speaker = (row.emitter, row.worker)
            self._speaking.append(speakers.setdefault(speaker, len(speakers)))
            encoded += _NARROW_HOLE if row.worker is None else _HOLE
            encoded += _rest(row)
        self._rows += len(rows)

    def table(self) -> Table:
        """All that was added."""
        holes, speaking = self._holes.tobytes(), self._speaking.tobytes()
        return Table(self._rows, self._encoded, holes, speaking, list(self._speakers))


def _start(row: Row) -> bytes:
    if row.digest is None:
        return _CANDIDATE.pack(len(BATCH_COLUMNS), 8, row.event_number, -1)
    return _HEAD.pack(len(BATCH_COLUMNS), 8, row.event_number, 8, row.digest)


def _rest(row: Row) -> bytes:
    """All that stands behind the codes."""
    payment = row.kind == "payment"
    return b"".join(
        (
            _text(row.event_id),
            _text(row.task),
            _text(row.contract),
            _text(row.corrects_id),
            _int4(row.seconds),
            _int8(row.amount),
            _deductions(row) if payment else _NO_DEDUCTIONS,
            _way(row),
        )
    )


def _deductions(row: Row) -> bytes:
    return _int8(row.fee) + _int8(row.tax) + _int8(row.withheld) + _int8(row.net)


def _text(value: str | None) -> bytes:
    if value is None:
        return _NULL
    encoded = value.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def _int4(value: int | None) -> bytes:
    return _NULL if value is None else _INT4.pack(4, value)


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value)


_Way = tuple[str, str, str, str, str, date | None, str | None, int | None, str | None, str, bool,
             str | None, str | None]  # fmt: skip
_ways: dict[_Way, bytes] = {}


def _way(row: Row) -> bytes:
    way = (
        row.type,
        row.residence,
        row.task_group,
        row.currency,
        row.rail,
        row.day,
        row.kind,
        row.n,
        row.reason,
        row.decided_by,
        row.sandbox,
        row.unstated,
        row.replaces,
    )
    known = _ways.get(way)
    if known is None:
        if len(_ways) >= _WAYS_MAX:
            _ways.clear()
        known = _ways[way] = _block(way)
    return known


def _block(way: _Way) -> bytes:
    return b"".join(map(_field, way))


def _field(value: str | date | int | bool | None) -> bytes:
    match value:
        case bool():
            return _BOOLEANS[value]
        case int():
            return _INT4.pack(4, value)
        case date():
            return _INT4.pack(4, _days(value))
        case _:
            return _text(value)


def _days(day: date) -> int:
    return day.toordinal() - _DAY_ZERO


def _numbers(encoded: bytes) -> "array[int]":
    numbers = array("Q")
    numbers.frombytes(encoded)
    return numbers
