"""Cutting events into submissions. The cuts depend on the events alone, so that the same files
always make the same bodies, hence the same submission ids, and a second push is all repeats."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: Events in one submission, and bytes of its body.
EVENTS_MAX = 1_000
BODY_BYTES_MAX = 4 * 1024 * 1024


class ReadyEvent(NamedTuple):
    """An event as it will be sent: its type, its id, its JSON."""

    type: str
    id: str
    body: bytes


class Batch(NamedTuple):
    """The body of a submission, and how many events stand in it."""

    body: bytes
    events: int


def batches(events: Iterable[ReadyEvent]) -> Iterator[Batch]:
    """Bodies of at most 1,000 events and 4 MiB, in the order given."""
    held: list[bytes] = []
    size = 2
    for event in events:
        # Each event brings its comma, the first one too: one byte of slack keeps this simple.
        more = len(event.body) + 1
        if held and (len(held) == EVENTS_MAX or size + more > BODY_BYTES_MAX):
            yield _batch(held)
            held, size = [], 2
        held.append(event.body)
        size += more
    if held:
        yield _batch(held)


def _batch(bodies: list[bytes]) -> Batch:
    return Batch(b"[" + b",".join(bodies) + b"]", len(bodies))
