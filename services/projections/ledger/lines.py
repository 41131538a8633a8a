"""An entry as everybody sees it: its fields, its order, its bytes. Pure.

A statement's digest is over these very bytes, so a field is never added here: a new one would be
a second kind of line.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from events.money import from_micros

#: The account of the number that a closing takes; it moves nothing.
CLOSING = "period.closed"
_ENCODER = msgspec.json.Encoder()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A posted line. Amounts are decimal strings of units, exactly one of the two is stated.

    `number` is dense in a scheme. `about`: the closed period that it is about, where it was posted
    to a later one. Its cause lies between the positions `previous_basis` and `basis`. The number
    of a closing stands under the account `period.closed` and moves nothing.
    """

    scheme: str
    number: int
    period: str
    about: str | None
    account: str
    branch: str | None
    currency: str | None
    debit: str | None
    credit: str | None
    platform: str | None
    worker: str | None
    person: str | None
    previous_basis: int | None
    basis: int
    policy: str | None
    event_number: int
    leaf_index: int


COLUMNS = Entry.__struct_fields__


_SIDES = COLUMNS.index("debit"), COLUMNS.index("credit")
_BEFORE, _BEHIND = slice(0, _SIDES[0]), slice(_SIDES[1] + 1, len(COLUMNS))


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row of the view `entry`, which holds micro-units."""
    return entry_at([row[name] for name in COLUMNS])


def entry_at(row: Sequence[Any]) -> Entry:
    """A row whose columns are in the order of the fields."""
    debit, credit = row[_SIDES[0]], row[_SIDES[1]]
    sides = [None if side is None else from_micros(side) for side in (debit, credit)]
    values: list[Any] = [*row[_BEFORE], *sides, *row[_BEHIND]]
    return Entry(*values)


def encode_entry(entry: Entry) -> bytes:
    """The line of NDJSON, with its line feed."""
    return _ENCODER.encode(entry) + b"\n"


class Digest:
    """SHA-256 over lines in the order of their numbers."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of the view `entry`, columns in the order of the fields, the next ones by number."""
        self._hash.update(b"".join([encode_entry(entry_at(row)) for row in rows]))

    def text(self) -> str:
        """As acts state digests."""
        return f"sha256:{self._hash.hexdigest()}"
