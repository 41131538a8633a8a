"""Workbooks of Excel and LibreOffice as records. The library is an extra of the kit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sijill_client.errors import UnreadableFile
from sijill_client.importers.source import Source
from sijill_client.importers.table import Record
from sijill_client.importers.values import text_of


@contextmanager
def table(source: Source) -> Iterator[tuple[list[str], Iterator[Record], list[str]]]:
    """The columns of the first sheet that is not empty, its rows, and the names of the others.

    A record's line is the number of its row in the sheet. `UnreadableFile` if it cannot be read, or
    if python-calamine is not installed.
    """
    try:
        import python_calamine as calamine
    except ImportError:
        raise UnreadableFile(
            "reading a workbook needs python-calamine: pip install 'sijill-client[sheets]', "
            "or save the sheet as CSV"
        ) from None
    try:
        with calamine.load_workbook(source.path) as workbook:
            sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
            filled = [sheet for sheet in sheets if sheet.height]
            if not filled:
                raise UnreadableFile("the workbook is empty")
            first, *others = filled
            header, records = _cut(first)
            yield header, records, [sheet.name for sheet in others]
    except calamine.PasswordError:
        raise UnreadableFile("the workbook is locked with a password") from None
    except (calamine.CalamineError, OSError) as fault:
        raise UnreadableFile(f"not a whole workbook: {fault}") from None


def _cut(sheet: Any) -> tuple[list[str], Iterator[Record]]:
    rows = enumerate(sheet.to_python(skip_empty_area=False), start=1)
    filled = ((line, cells) for line, row in rows if any(cells := [text_of(one) for one in row]))
    _, header = next(filled)
    return header, (Record(line, cells) for line, cells in filled)
