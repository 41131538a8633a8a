"""Reading made-up files as a push does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from kit_tables import NOW
from sijill_client.importers.formats import Format
from sijill_client.importers.merge import Reading
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.reader import Reader
from sijill_client.work_events import events_of

PSEUDONYMS = Pseudonyms(b"\x01" * 32)
SOURCE = "/emitters/alpha"


def read(
    files: Sequence[Path], format_name: str = "auto", mapping: Format | None = None
) -> Reading:
    reader = Reader(format_name, SOURCE, PSEUDONYMS, NOW, mapping)
    reader.read(files, lambda phase, done, total: None)
    return reader.reading


def all_events(reading: Reading, **options: str) -> list[dict[str, Any]]:
    made = events_of(reading, PushOptions(**options), SOURCE)
    return [msgspec.json.decode(event.body) for event in made]


def events(reading: Reading, **options: str) -> dict[str, dict[str, Any]]:
    """Events by type without `.v1`; the last of each type."""
    return {one["type"].removesuffix(".v1"): one for one in all_events(reading, **options)}


def file_of(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def reasons(reading: Reading) -> list[str]:
    return [str(fault) for fault in reading.faults]
