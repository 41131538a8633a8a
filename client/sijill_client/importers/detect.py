"""Which format a file has, from its first bytes and its header."""

from sijill_client.errors import UnreadableFile
from sijill_client.importers.mturk import COLUMNS, missing_columns
from sijill_client.importers.table import Table

EVENTS = "events"
FORMATS = ("auto", *COLUMNS, EVENTS)


def looks_like_events(text: str) -> bool:
    """Ready events are JSON: an array, or an object per line."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def table_format(table: Table, wanted: str) -> str:
    """The table's format: the one asked for, or found with `auto`. `UnreadableFile` if none fits.

    A format whose marking columns are all there is it; the message names what the nearest lacks.
    """
    names = COLUMNS if wanted == "auto" else (wanted,)
    lacks = {name: missing_columns(table, name) for name in names}
    nearest = min(lacks, key=lambda name: len(lacks[name]))
    if not lacks[nearest]:
        return nearest
    listed = ", ".join(lacks[nearest])
    raise UnreadableFile(f"not a known export: as {nearest} it lacks the columns {listed}")
