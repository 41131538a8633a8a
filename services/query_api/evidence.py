"""Signed bodies taken apart for reading: one event of many, and whom it is about."""

from collections.abc import Sequence

import msgspec

from events.log.protocol import Leaves
from events.submission import decode_events
from events.vocabulary import Event
from services.query_api.stored import StoredLeaf


class _Named(msgspec.Struct):
    id: str


_IDS = msgspec.json.Decoder(list[_Named])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])


async def body_of(leaves: Leaves, stored: StoredLeaf) -> bytes:
    """The exact bytes that a leaf stands for."""
    (body,) = await leaves.bodies([stored.place])
    return body


def raw_event(body: bytes, index: int) -> msgspec.Raw:
    """One event of a body, byte for byte."""
    return raw_events(body)[index]


def raw_events(body: bytes) -> list[msgspec.Raw]:
    """The events of a body, byte for byte."""
    return _RAW.decode(body)


def typed_events(body: bytes) -> Sequence[Event]:
    """The events of a body; none of one that no decoder can read, such as a quarantined one."""
    try:
        return decode_events(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def event_ids(body: bytes, first_event: int) -> dict[int, str]:
    """Ids by event number; none of a body that no decoder can read."""
    try:
        return {first_event + i: event.id for i, event in enumerate(_IDS.decode(body))}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def typed_event(raw: msgspec.Raw) -> Event | None:
    """One event out of a body; None if no decoder can read it."""
    found = typed_events(b"[%b]" % bytes(raw))
    return found[0] if found else None


def workers_of(event: Event) -> frozenset[str]:
    """The pseudonyms that an event names, its replacement's included."""
    replacement = getattr(event.data, "replacement", None)
    stated = [event.data] if replacement is None else [event.data, replacement.data]
    return frozenset(data.worker for data in stated if getattr(data, "worker", None))
