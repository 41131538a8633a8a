"""Bodies read with the standard library: JSON, moments, the content of an event.

The vocabulary's decoder is not used on purpose: a mistake of it must not be shared here.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Object = dict[str, Any]
_BEYOND_MICROSECONDS = re.compile(r"\.\d{6}(\d)")
_MICROSECOND = timedelta(microseconds=1)


class Unreadable(ValueError):
    """Bytes that are not what they should be."""


#: Digits that `int` reads without being told to (`sys.set_int_max_str_digits`).
_INTEGER_DIGITS = 4_300


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value and the member names that stood twice in one of its objects."""

    value: Any
    duplicates: tuple[str, ...]


def parse(text: bytes) -> Parsed:
    """Strict JSON (RFC 8259) with exact numbers; the last of two equal names wins."""
    duplicates: list[str] = []

    def made(pairs: list[tuple[str, Any]]) -> Object:
        members = dict(pairs)
        if len(members) != len(pairs):
            names = [name for name, _ in pairs]
            duplicates.extend(sorted({name for name in names if names.count(name) > 1}))
        return members

    try:
        value = json.loads(
            text.decode(),
            parse_float=Decimal,
            parse_int=_whole,
            parse_constant=_refuse,
            object_pairs_hook=made,
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error
    return Parsed(value, tuple(duplicates))


def parse_events(body: bytes) -> tuple[list[Object], tuple[str, ...]]:
    """The events of a body as plain objects, and the duplicate names in it."""
    parsed = parse(body)
    events = parsed.value
    if not isinstance(events, list) or not all(_is_event(event) for event in events):
        raise Unreadable("not an array of events with type, id and data")
    return events, parsed.duplicates


def _is_event(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("type"), str)
        and isinstance(value.get("id"), str)
        and isinstance(value.get("data"), dict)
    )


def _whole(digits: str) -> int | str:
    """An integer; one that Python will not read (4,300 digits and more) stays as it was written."""
    return int(digits) if len(digits) < _INTEGER_DIGITS else digits


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


# Known fields hold integers and strings only. A number with a fraction stands in unknown ones, is
# a double as in most of the world (RFC 8259 section 6), and is never equal to an integer.
_CONTENT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=float)


def content_of(event: Object) -> bytes:
    """Equal for events with equal values, whatever the order of their members (RULES 3.2)."""
    return hashlib.sha256(_CONTENT.encode(event).encode()).digest()[:16]


def moment(text: str) -> datetime:
    """An RFC 3339 moment to the nearest microsecond, half a one upwards: a registry keeps no more.

    Clocks that give nanoseconds are common, so this decides what is told and, at midnight, a day.
    """
    whole = datetime.fromisoformat(text.upper())
    beyond = _BEYOND_MICROSECONDS.search(text)
    return whole + _MICROSECOND if beyond and beyond[1] >= "5" else whole


def utc(text: str) -> str:
    """One spelling for equal moments."""
    return moment(text).astimezone(UTC).isoformat()
