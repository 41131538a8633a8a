"""Ready events: a JSON array, or one JSON object per line."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from sijill_client.batches import BODY_BYTES_MAX, ReadyEvent
from sijill_client.errors import UnreadableFile

_TYPE = re.compile(r"[a-z]+\.[a-z]+\.v[0-9]+\Z")
_REQUIRED = ("id", "type", "time", "data")
#: Bytes of a JSON array of events, which must be held whole; one event a line has no such bound.
ARRAY_BYTES_MAX = 32 * 1024 * 1024
#: An event is at most as large as a submission; a line may have blanks around it.
_LINE_BYTES_MAX = BODY_BYTES_MAX + 64 * 1024


def read_events(raw: BinaryIO, source: str) -> Iterator[tuple[int, ReadyEvent | str]]:
    """Each event with its line (or its number in an array), or why it cannot be sent.

    `source` and `specversion` are filled in where they are missing; an event that is whole is
    sent with the bytes that it has, so that nothing in it is rounded or reordered.
    """
    for number, piece in _pieces(raw):
        try:
            yield number, ready_event(piece, source)
        except (ValueError, msgspec.MsgspecError) as fault:
            yield number, str(fault)


def _pieces(raw: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number, begun = 0, False
    while line := raw.readline(_LINE_BYTES_MAX):
        number += 1
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            continue
        if not begun and text.lstrip().startswith(b"["):
            yield from _array(text + raw.read(ARRAY_BYTES_MAX))
            return
        if len(line) == _LINE_BYTES_MAX:
            raise UnreadableFile(f"line {number} is larger than a submission may be")
        begun = True
        yield number, text.strip()


def _array(body: bytes) -> Iterator[tuple[int, bytes]]:
    if len(body) > ARRAY_BYTES_MAX:
        raise UnreadableFile(f"an array of over {ARRAY_BYTES_MAX:,} bytes: write an event a line")
    try:
        array = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.MsgspecError as fault:
        raise UnreadableFile(f"not a JSON array of events: {fault}") from None
    yield from ((number, bytes(raw)) for number, raw in enumerate(array, start=1))


def ready_event(raw: bytes, source: str) -> ReadyEvent:
    """One JSON object as it will be sent; `ValueError` says why it cannot be."""
    event: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    missing = [name for name in _REQUIRED if name not in event]
    if missing:
        raise ValueError(f"the event lacks {', '.join(missing)}")
    if not isinstance(event["type"], str) or not _TYPE.match(event["type"]):
        raise ValueError(f"{event['type']!r} is not an event type")
    if event.get("source", source) != source:
        raise ValueError(f"`source` is {event['source']!r}, but this key signs for {source!r}")
    whole = {"source": source, "specversion": "1.0", **event}
    body = raw if len(whole) == len(event) else msgspec.json.encode(whole)
    if len(body) > BODY_BYTES_MAX - 2:
        raise ValueError(f"the event alone is larger than {BODY_BYTES_MAX} bytes")
    return ReadyEvent(event["type"], str(event["id"]), body)
