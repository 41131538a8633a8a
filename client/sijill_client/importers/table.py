"""Text tables as platforms, spreadsheets and scripts save them.

A table is decoded (byte order mark, UTF-8, UTF-16, else Windows-1252), its separator is found in
the header, and every record keeps the number of the line on which it begins.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sijill_client.errors import UnreadableFile

if TYPE_CHECKING:
    import _csv

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SEPARATORS = ",\t;"
#: What R and spreadsheets write for an empty cell.
_EMPTY = frozenset({"NA", "N/A", "#N/A", "NULL"})


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line where it begins, its cells, or why it cannot be read."""

    line: int
    cells: list[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A header and the text below it. Column names are compared without regard to case."""

    header: list[str]
    text: str
    separator: str

    @property
    def columns(self) -> dict[str, int]:
        """Where each column stands; of two of one name the first."""
        names = [name.strip().casefold() for name in self.header]
        return {name: names.index(name) for name in names}

    def records(self) -> Iterator[Record]:
        """The records after the header; blank lines are not records."""
        reader = _reader(self.text, self.separator)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                yield Record(line, [], f"not well-formed: {fault}{_hint(fault)}")
                continue
            if cells:
                yield Record(line, cells, _too_long(cells, len(self.header)))


def read_table(body: bytes) -> Table:
    """The table in these bytes; `UnreadableFile` if there is not even a header."""
    text = decode(body)
    if not text.strip():
        raise UnreadableFile("the file is empty")
    tables = [Table(_header(text, one), text, one) for one in _SEPARATORS]
    return max(tables, key=lambda table: len(table.header))


def decode(body: bytes) -> str:
    """The text of a file whose encoding nobody states."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, errors="replace")
    if b"\0" in body[:64]:
        return body.decode("utf-16-be" if body[:1] == b"\0" else "utf-16-le", errors="replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def cell(cells: list[str], index: int | None) -> str:
    """A cell without blanks around it; empty if the row is too short or it says `NA`."""
    if index is None or index >= len(cells):
        return ""
    text = cells[index].strip()
    return "" if text in _EMPTY else text


def _header(text: str, separator: str) -> list[str]:
    """The header as this separator cuts it; nothing if it cannot."""
    try:
        return next(_reader(text, separator))
    except csv.Error:
        return []


def _reader(text: str, separator: str) -> "_csv.Reader":
    """Strict, because a lenient reader swallows the rest of a file after one stray quote."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def _hint(fault: csv.Error) -> str:
    if "unexpected end" in str(fault):
        return "; a quote is opened here and never closed, nothing after it was read"
    return ""


def _too_long(cells: list[str], width: int) -> str | None:
    """Cells beyond the header mean that a separator stands unquoted and columns have shifted."""
    if any(extra.strip() for extra in cells[width:]):
        return f"{len(cells)} cells, but the header names {width}"
    return None
