"""A fund's own copy of its ledger: pulled without a gap, cut anywhere, proven against statements.

The copy is one file of NDJSON, the very bytes that the registry serves. It holds all that a pull
must remember: what is whole in it stands, and the next pull goes on behind its last whole line.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import msgspec

from deploy.asking import Asking
from services.projections.ledger.lines import CLOSING, Entry
from services.projections.ledger.statement import Statement, statement_digest

_LINE = msgspec.json.Decoder(Entry)
#: How often a stream that was cut is taken up again without having brought anything.
_TRIES = 3


class NotProven(ValueError):
    """The copy is not what the registry's statement says."""


@dataclass(slots=True)
class Totals:
    """Debits and credits by account and currency, entries, and their digest, of one period."""

    entries: int = 0
    moved: dict[tuple[str, str], list[Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: [Decimal(), Decimal()])
    )
    digest: Any = field(default_factory=hashlib.sha256)

    def take(self, entry: Entry, line: bytes) -> None:
        """One entry more."""
        self.entries += 1
        sides = self.moved[entry.account, entry.currency or ""]
        sides[0] += Decimal(entry.debit or 0)
        sides[1] += Decimal(entry.credit or 0)
        self.digest.update(line)


@dataclass(slots=True)
class Copy:
    """What a file holds. `first` and `last`: entry numbers, `closings`: number by period."""

    path: Path
    first: int | None = None
    last: int = 0
    size: int = 0
    periods: dict[str, Totals] = field(default_factory=lambda: defaultdict(Totals))
    closings: dict[str, int] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        """One whole line more. `NotProven` if its number is not the next one."""
        try:
            entry = _LINE.decode(line)
        except msgspec.DecodeError as error:
            raise NotProven(f"{self.path}: the line behind entry {self.last} is none") from error
        if self.first is None:
            self.first = entry.number
        elif entry.number != self.last + 1:
            raise NotProven(f"{self.path}: entry {entry.number} follows entry {self.last}")
        self.last = entry.number
        self.size += len(line)
        if entry.account == CLOSING:
            self.closings[entry.period] = entry.number
        else:
            self.periods[entry.period].take(entry, line)


def read_copy(path: Path) -> Copy:
    """What a file holds, which need not exist. A last line that was cut is not in it."""
    copy = Copy(path)
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    copy.take(line)
    return copy


def pull(asking: Asking, scheme: str, copy: Copy, since: int, tell: Callable[[int], None]) -> int:
    """Append what the registry has behind the copy; the scheme's last number as it says.

    `since`: where an empty copy begins. What was written is on the disk when this returns, and
    whole lines of it are whatever ends this.
    """
    if copy.first is None:
        copy.last = since
    elif copy.first != since + 1 and since > 0:
        raise NotProven(f"{copy.path} begins with entry {copy.first}: name another folder")
    copy.path.parent.mkdir(parents=True, exist_ok=True)
    copy.path.touch()
    os.truncate(copy.path, copy.size)
    with copy.path.open("ab") as file:
        return _pull_all(asking, scheme, copy, file, tell)


def _pull_all(
    asking: Asking, scheme: str, copy: Copy, file: BinaryIO, tell: Callable[[int], None]
) -> int:
    idle = 0
    while True:
        before = copy.last
        try:
            last = _pull_once(asking, scheme, copy, file, tell)
            if copy.last >= last:
                return last
        except httpx.TransportError:
            if idle >= _TRIES:
                raise
        idle = idle + 1 if copy.last == before else 0
        if idle > _TRIES:
            raise NotProven(f"the registry keeps back what is behind entry {copy.last}")


def _pull_once(
    asking: Asking, scheme: str, copy: Copy, file: BinaryIO, tell: Callable[[int], None]
) -> int:
    path = f"/v1/funds/{scheme}/entries.ndjson"
    with asking.stream(path, after=copy.last) as answer:
        try:
            for line in _lines(answer):
                copy.take(line)
                file.write(line)
                tell(copy.last)
        finally:
            file.flush()
            os.fsync(file.fileno())
        return int(answer.headers["Registry-Last-Entry"])


def _lines(answer: httpx.Response) -> Iterator[bytes]:
    """Whole lines; what is cut off at the end is left out."""
    rest = b""
    for chunk in answer.iter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)


def prove(asking: Asking, scheme: str, copy: Copy) -> list[str]:
    """Hold every closed period of the copy to its signed statement; the months that were proven.

    A period that begins before the copy cannot be proven. Raises `NotProven` with what differs.
    """
    proven = []
    for period, number in copy.closings.items():
        document = asking.document(f"/v1/funds/{scheme}/statements/{period}")
        statement = msgspec.convert(document["statement"], Statement)
        if copy.first is None or (statement.first_entry or copy.first) < copy.first:
            continue
        closing = asking.document(f"/v1/explain/entries/{scheme}/{number}")["event"]["data"]
        _compare(period, copy.periods[period], statement, closing["statement"])
        proven.append(period)
    return proven


def _compare(period: str, totals: Totals, statement: Statement, signed: str) -> None:
    moved = {(m.account, m.currency): [Decimal(m.debit), Decimal(m.credit)]
             for m in statement.movements}  # fmt: skip
    pairs = (
        ("digest of the statement", signed, statement_digest(statement)),
        ("number of entries", statement.entries, totals.entries),
        ("sums by account", moved, dict(totals.moved)),
        ("digest of the entries", statement.entries_sha256, f"sha256:{totals.digest.hexdigest()}"),
    )
    for what, stated, found in pairs:
        if stated != found:
            raise NotProven(f"{period}: the {what} should be {stated} and is {found}")
