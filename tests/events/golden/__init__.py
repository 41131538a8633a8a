"""One file for each event type: events that are accepted, and what they decode to, for ever.

A file holds `cases`; each is the event as sent and `decodes_to`, the values of its typed fields.
Files are added, never changed: a version once accepted keeps its meaning.
"""

import json
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from msgspec import Struct

from events.submission import Speaker
from tests.events.sample import AUTHORITY, FUND, PLATFORM, REGISTRY

FOLDER = Path(__file__).parent

_SPEAKERS = {str(s.kind): s for s in (PLATFORM, FUND, AUTHORITY, REGISTRY)}


def golden_cases() -> list[tuple[str, dict[str, Any]]]:
    """Every case of every file with its type."""
    return [
        (path.stem, case)
        for path in sorted(FOLDER.glob("*.json"))
        for case in json.loads(path.read_text())["cases"]
    ]


def golden_events() -> list[tuple[Speaker, dict[str, Any]]]:
    """The event of every case with who signed it."""
    return [(speaker_of(case), case["event"]) for _, case in golden_cases()]


def speaker_of(case: dict[str, Any]) -> Speaker:
    """Who signed a case."""
    return _SPEAKERS[case["signed_by"]]


def values(value: Any) -> Any:
    """A decoded value as plain data that shows its types; what is not stated is left out."""
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        stated = {name: values(field) for name, field in fields.items() if field is not None}
        return {"class": type(value).__name__, **stated}
    if isinstance(value, datetime):
        return f"moment {value.astimezone(UTC).isoformat()}"
    if isinstance(value, date):
        return f"day {value.isoformat()}"
    if isinstance(value, Enum):
        return f"{type(value).__name__} {value.value}"
    if isinstance(value, list):
        return [values(item) for item in value]
    return value
