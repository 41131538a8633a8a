"""Text tables as platforms, spreadsheets and scripts save them, a record at a time.

The separator is found in the header, and every record keeps the number of the line on which it
begins.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from sijill_client.errors import UnreadableFile
from sijill_client.importers.source import Advance, Source

if TYPE_CHECKING:
    import _csv

#: Characters of one cell, and of one line. More is a quote that was never closed, or no text.
CELL_CHARS_MAX = 4 * 1024 * 1024
LINE_CHARS_MAX = 16 * 1024 * 1024
#: Rows among which the header is looked for: titles, notes and logos may stand above it.
HEADER_ROWS = 30
#: A header fills at least this part of the fullest row near it; a title fills less.
_HEADER_SHARE = 0.6
#: Whether a row of names is the header that is wanted.
Fits = Callable[[Sequence[str]], bool]
_SEPARATORS = ",\t;|"
_NO_HEADER = "its first line is no header: not well-formed"
_BETWEEN = re.compile(r"\s+|-")
#: Excel says its separator in a first line of its own.
_TOLD = re.compile(r'"?sep=(?P<separator>[,;\t|])"?\s*\Z')
#: Characters that a text has none of, or few by accident.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
#: What R and spreadsheets write for an empty cell.
_EMPTY = frozenset({"NA", "N/A", "#N/A", "NULL", "NaN", "nan", "None", "null"})


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """A column's name without what spreadsheets and scripts change: case, blanks, line breaks,
    hyphens."""
    return _BETWEEN.sub("_", name.strip().casefold())


def plain_word(text: str) -> str:
    """A status without what platforms change in it: `TIMED_OUT` and `Timed out` are `timed out`."""
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def places_of(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands, by its plain name; of two of one name the first."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(plain_name(name), place)
    return places


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line where it begins, its cells, or why it cannot be read."""

    line: int
    cells: list[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A header, and records that are read from the source when they are asked for."""

    header: list[str]
    source: Source
    separator: str
    #: Records above the header, and the line on which it ends.
    above: int = 0
    line: int = 1
    columns: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", places_of(self.header))

    @contextmanager
    def records(self, advance: Advance) -> Iterator[Iterator[Record]]:
        """The records after the header; blank lines are not records."""
        with self.source.text(advance) as text:
            yield self._records(_Lines(text))

    def _records(self, lines: "_Lines") -> Iterator[Record]:
        reader = _reader(lines, self.separator)
        for _ in range(self.above + 1):
            if not _header_of(reader):
                raise UnreadableFile(_NO_HEADER)
        last = 0
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                yield Record(line, [], _not_well_formed(fault, line, reader.line_num))
                continue
            if not cells:
                continue
            fault_found = _too_long(cells, len(self.header))
            if lines.ended_open and len(cells) < last:
                fault_found = "the file breaks off in this row: fetch it again"
            yield Record(line, cells, fault_found)
            last = len(cells)


def likely(header: Sequence[str]) -> bool:
    """Nobody knows what is wanted: the first of the fullest rows near the top is the header."""
    return False


def header_place(rows: Sequence[Sequence[str]], fits: Fits) -> int:
    """Which of the first rows is the header: one that fits, else the first that is full enough."""
    wanted = next((place for place, cells in enumerate(rows) if fits(cells)), None)
    if wanted is not None:
        return wanted
    filled = [sum(map(bool, map(str.strip, cells))) for cells in rows]
    enough = max(filled) * _HEADER_SHARE
    return next(place for place, count in enumerate(filled) if count >= enough)


def read_table(source: Source, fits: Fits = likely) -> Table:
    """The table in a source, its header the first row that `fits`, else a likely one.

    `UnreadableFile` if there is not even a header.
    """
    head = source.text_head
    if not head.strip("\ufeff \t\r\n"):
        raise UnreadableFile("the file is empty")
    if len(_CONTROLS.findall(head)) > len(head) // 50:
        raise UnreadableFile("not a text file")
    tables = [_cut(source, head, one, fits) for one in _SEPARATORS]
    told = _TOLD.match(head.lstrip("\ufeff").partition("\n")[0])
    if told:
        tables = [table for table in tables if table.separator == told["separator"]]
    table = max(tables, key=lambda one: (fits(one.header), len(one.header)))
    if not table.header:
        raise UnreadableFile(_NO_HEADER)
    return table


def cell(cells: list[str], index: int | None) -> str:
    """A cell without blanks around it; empty if the row is too short or it says `NA`."""
    if index is None or index >= len(cells):
        return ""
    text = cells[index].strip()
    return "" if text in _EMPTY else text


class _Lines:
    """The lines of a text. `ended_open`: the last one has no line end."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.ended_open = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_CHARS_MAX)
        if not line:
            raise StopIteration
        if len(line) >= LINE_CHARS_MAX:
            raise UnreadableFile(f"a line of over {LINE_CHARS_MAX:,} characters: not a text table")
        self.ended_open = line[-1] not in "\r\n"
        # The csv module refuses NUL in a way that stops it for good.
        return line.replace("\0", "\ufffd") if "\0" in line else line


def _cut(source: Source, head: str, separator: str, fits: Fits) -> Table:
    """The table as this separator cuts its beginning; without a header if it cannot."""
    reader = _reader(io.StringIO(head, newline=""), separator)
    top: list[tuple[int, list[str]]] = []
    while len(top) < HEADER_ROWS and (cells := _header_of(reader)):
        top.append((reader.line_num, cells))
    if not top:
        return Table([], source, separator)
    above = header_place([cells for _, cells in top], fits)
    line, header = top[above]
    return Table(header, source, separator, above, line)


def _header_of(reader: "_csv.Reader") -> list[str]:
    """The first record that is neither blank nor Excel's word on the separator; else nothing."""
    try:
        for cells in reader:
            told = reader.line_num == 1 and cells[:1] and cells[0].lstrip("\ufeff")[:4] == "sep="
            if any(one.strip() for one in cells) and not told:
                return cells
    except csv.Error:
        return []
    return []


def _reader(lines: Iterator[str], separator: str) -> "_csv.Reader":
    """Strict, because a lenient reader swallows the rest of a file after one stray quote."""
    csv.field_size_limit(max(csv.field_size_limit(), CELL_CHARS_MAX))
    return csv.reader(lines, delimiter=separator, strict=True)


def _not_well_formed(fault: csv.Error, line: int, last: int) -> str:
    lost = f"; lines {line} to {last} were not read" if last > line else ""
    if "unexpected end" in str(fault) or "field limit" in str(fault):
        cut = lost or ": where the file breaks off, fetch it again"
        return f"not well-formed: a quote is opened here and never closed{cut}"
    return f"not well-formed: {fault}{lost}"


def _too_long(cells: list[str], width: int) -> str | None:
    """Cells beyond the header mean that a separator stands unquoted and columns have shifted."""
    if any(extra.strip() for extra in cells[width:]):
        return f"{len(cells)} cells, but the header names {width}"
    return None
