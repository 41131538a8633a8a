"""JSON texts as records: one object a line, or one document of bounded size.

Also what the MTurk API answers, cut into rows: an assignment each, with the fields of its HIT
beside its own (`ListAssignmentsForHIT`, `GetAssignment`, `GetHIT` of the MTurk Requester API,
version 2017-01-17).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Any

import msgspec

from sijill_client.errors import UnreadableFile
from sijill_client.importers.formats import Format
from sijill_client.importers.table import LINE_CHARS_MAX, Record, plain_name

#: Characters of a JSON document that is not one object a line: it must be held whole.
DOCUMENT_CHARS_MAX = 32 * 1024 * 1024
#: Members that stand in none of so many objects are taken for absent.
OBJECTS_LOOKED_AT = 1_000
#: Numbers are kept as they are written, so that no amount becomes a float.
_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=str)
_ANY = msgspec.json.Decoder(float_hook=str)

Row = dict[str, str]
#: Cuts an object into rows.
Rows = Callable[[Mapping[str, Any]], list[Row]]


def looks_like_json(text: str) -> bool:
    """JSON is an array, or an object per line."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def objects(text: IO[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Each object with its line (or its number in an array), or why it cannot be read."""
    number = 0
    while line := text.readline(LINE_CHARS_MAX):
        number += 1
        stripped = line.strip("\ufeff \t\r\n")
        if not stripped:
            continue
        found = _decoded(stripped)
        if isinstance(found, str) and number == 1:
            yield from _document(line + text.read(DOCUMENT_CHARS_MAX))
            return
        yield number, found


def _decoded(line: str) -> dict[str, Any] | str:
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError) as fault:
        return f"not a JSON object: {fault}"


def _document(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """A whole JSON document: an array of objects, or one object over several lines.

    A first line that is broken by itself is a fault of that line alone.
    """
    try:
        found = _ANY.decode(text.strip("\ufeff \t\r\n"))
    except (msgspec.MsgspecError, UnicodeEncodeError) as fault:
        if len(text) >= DOCUMENT_CHARS_MAX:
            size = f"{DOCUMENT_CHARS_MAX:,} characters"
            raise UnreadableFile(
                f"a JSON document of over {size}: write an object a line"
            ) from None
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        each = [(number, _decoded(line.strip("\ufeff \t"))) for number, line in lines]
        if not any(isinstance(one, dict) for _, one in each):
            raise UnreadableFile(f"not JSON, or cut off: {fault}") from None
        yield from each
        return
    for number, one in enumerate(found if isinstance(found, list) else [found], start=1):
        yield number, one if isinstance(one, dict) else "not a JSON object"


def flat(value: Mapping[str, Any], before: str = "") -> Row:
    """The members of an object as cells by plain name; those of inner objects as `outer.inner`."""
    cells: Row = {}
    for name, one in value.items():
        key = before + plain_name(name)
        if isinstance(one, dict):
            cells |= flat(one, f"{key}.")
        elif one is None or isinstance(one, list):
            cells.setdefault(key, "")
        elif isinstance(one, bool):
            cells[key] = "true" if one else "false"
        else:
            cells[key] = str(one)
    return cells


def is_api(document: Mapping[str, Any]) -> bool:
    """Whether an object is one that the MTurk API answers, or a row made from it."""
    return bool(document.keys() & {"AssignmentId", "HITId", "Assignments", "Assignment", "HIT"})


def api_rows(document: Mapping[str, Any]) -> list[Row]:
    """The rows in an answer of the API: one an assignment, or one for a HIT alone."""
    own = {name: one for name, one in document.items() if not isinstance(one, dict | list)}
    hit = document.get("HIT")
    shared = flat(hit) if isinstance(hit, dict) else {}
    single = document.get("Assignment")
    listed = document.get("Assignments")
    works = listed if isinstance(listed, list) else [single] if isinstance(single, dict) else []
    rows = [shared | flat(own) | flat(one) for one in works if isinstance(one, dict)]
    if rows or isinstance(listed, list):
        return rows or ([shared] if shared else [])
    return [shared | flat(own)]


def mapped_rows(document: Mapping[str, Any]) -> list[Row]:
    """The one row of an object of a platform that we do not know."""
    return [flat(document)]


def columns_of(form: Format) -> dict[str, int]:
    """A place for every name that the format knows; objects bring their members in any order."""
    names = {plain_name(name) for known in form.columns.values() for name in known}
    return {name: place for place, name in enumerate(sorted(names))}


def columns_seen(text: IO[str]) -> dict[str, int]:
    """The members of the first objects: enough to tell a mapping that names none of them."""
    names: dict[str, int] = {}
    for _, found in islice(objects(text), OBJECTS_LOOKED_AT):
        for name in flat(found) if isinstance(found, dict) else ():
            names.setdefault(name, len(names))
    return names


def records(
    found: Iterable[tuple[int, dict[str, Any] | str]],
    rows: Rows,
    columns: Mapping[str, int],
) -> Iterator[Record]:
    """The rows of all objects, as cells in the places that the columns have."""
    for number, document in found:
        if isinstance(document, str):
            yield Record(number, [], document)
            continue
        for row in rows(document):
            yield Record(number, [row.get(name, "") for name in columns])
