"""Bodies read with the standard library: JSON, moments, the content of an event.

The vocabulary's decoder is not used on purpose: a mistake of it must not be shared here.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Object = dict[str, Any]


class Unreadable(ValueError):
    """Bytes that are not what they should be."""


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
            text.decode(), parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=made
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


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _exact(value: Any) -> Any:
    """Equal numbers get one spelling, and none that a string could have."""
    sign, digits, exponent = value.as_tuple()
    significant = "".join(map(str, digits)).lstrip("0")
    stripped = significant.rstrip("0")
    power = int(exponent) + len(significant) - len(stripped)
    if not stripped:
        return 0
    if 0 <= power <= 30:
        return int(stripped) * 10**power * (-1 if sign else 1)
    return [{"": [sign, stripped, power]}]


_CONTENT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_exact)


def content_of(event: Object) -> bytes:
    """Equal for events with equal values, whatever the order of their members (RULES 3.2)."""
    return hashlib.sha256(_CONTENT.encode(event).encode()).digest()[:16]


def moment(text: str) -> datetime:
    """An RFC 3339 moment; digits beyond microseconds are cut off, never rounded to a next day."""
    return datetime.fromisoformat(text.upper())


def utc(text: str) -> str:
    """One spelling for equal moments."""
    return moment(text).astimezone(UTC).isoformat()
