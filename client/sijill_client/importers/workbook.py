"""Workbooks as records: those of Excel by ourselves, LibreOffice's and old ones by a library, which
is an extra of the kit and holds the sheet in memory."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import NamedTuple

from sijill_client.errors import UnreadableFile
from sijill_client.importers import xlsx
from sijill_client.importers.source import Advance, Source
from sijill_client.importers.table import HEADER_ROWS, Fits, Record, header_place, likely
from sijill_client.importers.values import text_of
from sijill_client.importers.xlsx import Row


class Sheet(NamedTuple):
    """The columns of a sheet, the rows below them, and the names of the other sheets.

    `line`: the number of the header's row; a record's line is the number of its row. `above`: how
    many rows stand above the header and were not read.
    """

    header: list[str]
    records: Iterator[Record]
    others: list[str]
    line: int
    above: int

    def notes(self) -> Iterator[str]:
        """What of the workbook is not read."""
        if self.above:
            yield f"its header is row {self.line}; the rows above it were not read"
        if self.others:
            yield f"only its first sheet was read, not {', '.join(self.others)}"


@contextmanager
def table(source: Source, advance: Advance, fits: Fits = likely) -> Iterator[Sheet]:
    """The first sheet that is not empty. Its header is the first row that `fits`, else likely.

    `UnreadableFile` if it cannot be read, or if a library for its kind is not installed.
    """
    if source.is_xlsx:
        with source.bytes(advance) as file:
            book = xlsx.open_workbook(file)
            yield _sheet(book.names, book.rows, fits)
    else:
        with _others(source) as (names, rows):
            yield _sheet(names, rows, fits)


def _sheet(names: list[str], rows: Callable[[str], Iterator[Row]], fits: Fits) -> Sheet:
    for place, name in enumerate(names):
        found = rows(name)
        if top := list(islice(found, HEADER_ROWS)):
            others = [one for one in names[place + 1 :] if next(rows(one), None)]
            return _cut(top, found, others, fits)
    raise UnreadableFile("the workbook is empty")


def _cut(top: list[Row], rest: Iterator[Row], others: list[str], fits: Fits) -> Sheet:
    place = header_place([cells for _, cells in top], fits)
    line, header = top[place]
    below = chain(top[place + 1 :], rest)
    # A row ends with its last cell that says something.
    empty = [""] * len(header)
    records = (Record(number, cells + empty[len(cells) :]) for number, cells in below)
    return Sheet([one.strip() for one in header], records, others, line, place)


@contextmanager
def _others(source: Source) -> Iterator[tuple[list[str], Callable[[str], Iterator[Row]]]]:
    """Names of the sheets, and their rows, of what is no .xlsx."""
    try:
        import python_calamine as calamine
    except ImportError:
        raise UnreadableFile(
            "reading a workbook of this kind needs python-calamine: "
            "pip install 'sijill-client[sheets]', or save it as .xlsx or CSV"
        ) from None
    try:
        with calamine.load_workbook(source.path) as book:

            def rows(name: str) -> Iterator[Row]:
                sheet = book.get_sheet_by_name(name)
                found = sheet.to_python(skip_empty_area=False) if sheet.height else []
                texts = ((line, [text_of(one) for one in row]) for line, row in enumerate(found, 1))
                return ((line, cells) for line, cells in texts if any(cells))

            yield list(book.sheet_names), rows
    except calamine.PasswordError:
        raise UnreadableFile("the workbook is locked with a password") from None
    except (calamine.CalamineError, zipfile.BadZipFile, OSError) as fault:
        raise UnreadableFile(f"not a whole workbook: {fault}") from None
