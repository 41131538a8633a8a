"""Opaque keyset cursors, bound to a position and to what was asked.

A cursor grants nothing: whoever changes one can only ask what she may ask anyway.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from events.jose import JoseError, b64, unb64
from services.web.problems import Problem


class Cursor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Where a page ended, the position all pages are computed at, and a digest of the question."""

    after: tuple[int, str, str]
    position: int
    asked: str


#: Parameters that may change from page to page.
_PAGING = frozenset({"limit", "cursor"})


def question(path: str, asked: Mapping[str, Any]) -> str:
    """The digest of a question, its paging left out."""
    kept = sorted((k, str(v)) for k, v in asked.items() if k not in _PAGING and v is not None)
    return hashlib.sha256(msgspec.json.encode([path, kept])).hexdigest()[:16]


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text for a URL."""
    return b64(msgspec.json.encode(cursor))


def read_cursor(text: str, asked: str) -> Cursor:
    """A cursor of this very question; Problem 400 for any other text."""
    try:
        cursor = msgspec.json.decode(unb64(text), type=Cursor)
    except (JoseError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad("it is not one that the registry gave out") from error
    if cursor.asked != asked:
        raise _bad("it belongs to another question: repeat the parameters of the first page")
    number, *texts = cursor.after
    # PostgreSQL takes no text with a NUL in it.
    if not (0 <= cursor.position < 2**62 and 0 <= number < 2**62) or "\0" in "".join(texts):
        raise _bad("it is not one that the registry gave out")
    return cursor


def _bad(why: str) -> Problem:
    return Problem(400, "bad-cursor", f"cursor: {why}", parameter="cursor")
