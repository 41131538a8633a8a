"""Which format a file has, from its first bytes and its header."""

from collections.abc import Mapping

from sijill_client.errors import UnreadableFile
from sijill_client.importers.formats import FORMATS, Format

EVENTS = "events"
#: What `--format` takes.
NAMES = ("auto", *sorted(FORMATS), EVENTS)

#: A table that shares fewer columns with a format is no damaged export, but something else.
LIKENESS_MIN = 4
#: Nor is one that has a worker and a time by chance.
FITTING_MIN = 3


def table_format(columns: Mapping[str, int], wanted: str) -> Format:
    """The format of a table with these columns: the one asked for, or found with `auto`.

    `UnreadableFile` if none fits; the message names the columns that the nearest format lacks.
    """
    fitting = [one for one in FORMATS.values() if not one.missing(columns)]
    found = max(fitting, key=lambda one: one.likeness(columns), default=None)
    if wanted == "auto":
        return found if found and found.likeness(columns) >= FITTING_MIN else _nearest(columns)
    if FORMATS[wanted] in fitting:
        return FORMATS[wanted]
    lacks = ", ".join(FORMATS[wanted].missing(columns))
    seems = (
        f"; it looks like {found.name}: say --format {found.name}, or leave it out" if found else ""
    )
    raise UnreadableFile(f"not an export of {wanted}: it lacks the columns {lacks}{seems}")


def _nearest(columns: Mapping[str, int]) -> Format:
    nearest = max(FORMATS.values(), key=lambda one: one.likeness(columns))
    if nearest.likeness(columns) < LIKENESS_MIN:
        raise UnreadableFile(
            f"not an export of a known format ({', '.join(NAMES[1:])}); "
            "`sijill map FILE` writes a first mapping for --map"
        )
    listed = ", ".join(nearest.missing(columns))
    raise UnreadableFile(f"not a known export: as {nearest.name} it lacks the columns {listed}")
