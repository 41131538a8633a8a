"""Which characters a name, an id or a text may hold.

Control characters cannot be stored or shown; direction marks and invisible characters make two
names look alike. Letters of every script, and the joiners that Arabic script needs, may stand.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

#: Direction marks, zero-width space, word joiner, byte order mark: they only deceive.
_DECEIVING = frozenset("\u061c\u200b\u200e\u200f\u2060\ufeff") | frozenset(
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
_BAD_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp", "Cn"})


def is_plain(body: bytes) -> bool:
    """Whether a JSON body can hold no bad character at all: the usual case, told fast."""
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


def bad_character(text: str, *, allowed: str = "") -> str | None:
    """The first character of `text` that may not stand, as `U+XXXX`, or None."""
    for char in text:
        if char in allowed:
            continue
        if char in _DECEIVING or unicodedata.category(char) in _BAD_CATEGORIES:
            return f"U+{ord(char):04X}"
    return None


def texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Every string in plain data with its JSON Pointer, keys of objects included."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield f"{pointer}/{escape(str(key))}", str(key)
            yield from texts(child, f"{pointer}/{escape(str(key))}")
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from texts(child, f"{pointer}/{index}")


def escape(token: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901 section 3)."""
    return token.replace("~", "~0").replace("/", "~1")
