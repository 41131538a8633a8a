"""Which characters a name, an id or a text may hold.

Control characters cannot be stored or shown; direction marks and invisible characters make two
names look alike. Letters of every script, and the joiners that Arabic script needs, may stand.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

#: Format characters that are seen or needed: the joiners of Arabic and Indic scripts, and the
#: signs that Arabic sets around numbers and verses. All others (category Cf) only deceive:
#: direction marks, zero-width space, soft hyphen, byte order mark, tags.
_NEEDED = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u08e2")
_BAD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"})


def is_plain(body: bytes) -> bool:
    """Whether valid UTF-8 JSON can hold no bad character at all: the usual case, told fast."""
    # Control characters stand in JSON as escapes only; quotes and backslashes are harmless.
    letters = body
    if b"\\" in body:
        letters = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if b"\\" in letters:
        return False
    if letters.isascii():
        return b"\x7f" not in letters
    # Between its strings JSON may hold these, and in them only as escapes.
    return bad_character(letters.translate(None, b"\n\r\t").decode()) is None


def bad_character(text: str, *, allowed: str = "") -> str | None:
    """The first character of `text` that may not stand, as `U+XXXX`, or None."""
    if text.isprintable():
        return None
    for char in dict.fromkeys(text):
        if char in allowed or char in _NEEDED:
            continue
        if unicodedata.category(char) in _BAD_CATEGORIES:
            return f"U+{ord(char):04X}"
    return None


def odd_texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Every string in plain data that `isprintable` doubts, with its JSON Pointer, keys too."""
    if isinstance(value, str):
        if not value.isprintable():
            yield pointer, value
    elif isinstance(value, dict):
        for key, child in value.items():
            place = f"{pointer}/{escape(str(key))}"
            yield from odd_texts(str(key), place)
            yield from odd_texts(child, place)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            # A payment can name very many tasks: make no pointer for one that is in order.
            if not (isinstance(child, str) and child.isprintable()):
                yield from odd_texts(child, f"{pointer}/{index}")


def escape(token: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901 section 3)."""
    return token.replace("~", "~0").replace("/", "~1")
