"""Which format a file has, from its first bytes and its header."""

from sijill_client.errors import UnreadableFile
from sijill_client.importers.mturk import COLUMNS, missing_columns
from sijill_client.importers.table import Table

EVENTS = "events"
FORMATS = ("auto", *COLUMNS, EVENTS)

#: A file that lacks more of the required columns is no damaged export, but something else.
MISSING_MAX = 3


def looks_like_events(text: str) -> bool:
    """Ready events are JSON: an array, or an object per line."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def table_format(table: Table, wanted: str) -> str:
    """The table's format: the one asked for, or found with `auto`.

    `UnreadableFile` if none fits; the message names the columns that the nearest format lacks.
    """
    names = COLUMNS if wanted == "auto" else (wanted,)
    lacks = {name: missing_columns(table, name) for name in names}
    nearest = min(lacks, key=lambda name: len(lacks[name]))
    if not lacks[nearest]:
        return nearest
    if wanted == "auto" and len(lacks[nearest]) > MISSING_MAX:
        raise UnreadableFile(f"not an export of a known format ({', '.join(FORMATS[1:])})")
    listed = ", ".join(lacks[nearest])
    raise UnreadableFile(f"not a known export: as {nearest} it lacks the columns {listed}")
