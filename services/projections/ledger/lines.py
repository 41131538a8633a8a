"""An entry as everybody sees it: its fields, its order, its bytes. Pure.

A statement's digest is over these very bytes, so a field is never added here: a new one would be
a second kind of line.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from events.money import from_micros

#: The account of the number that a closing takes; it moves nothing.
CLOSING = "period.closed"
_ENCODER = msgspec.json.Encoder()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
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


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row of the view `entry`, which holds micro-units."""
    values = {name: row[name] for name in COLUMNS}
    for side in ("debit", "credit"):
        if values[side] is not None:
            values[side] = from_micros(values[side])
    return Entry(**values)


def encode_entry(entry: Entry) -> bytes:
    """The line of NDJSON, with its line feed."""
    return _ENCODER.encode(entry) + b"\n"


class Digest:
    """SHA-256 over lines in the order of their numbers."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of the view `entry`, the next ones by number."""
        for row in rows:
            self._hash.update(encode_entry(entry_of(row)))

    def text(self) -> str:
        """As acts state digests."""
        return f"sha256:{self._hash.hexdigest()}"
