"""Cutting events into submissions. The cuts depend on the events alone, so that the same files
always make the same bodies, hence the same submission ids, and a second push is all repeats."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sijill_client.errors import SijillError

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


class Cut:
    """The bodies of a command's submissions, in a temporary file: all are known before the first
    is sent, and none is held in memory. `SijillError` if the folder has no room for them."""

    def __init__(self, made: Iterable[Batch]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._lengths: list[int] = []
        try:
            for batch in made:
                self._file.write(batch.body)
                self._lengths.append(len(batch.body))
            self._file.flush()
        except OSError as fault:
            self._file.close()
            raise SijillError(
                f"the temporary folder cannot hold the submissions ({fault.strerror}): free space "
                "there, or name another folder in TMPDIR"
            ) from None

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        for length in self._lengths:
            yield self._file.read(length)

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()


def _batch(bodies: list[bytes]) -> Batch:
    return Batch(b"[" + b",".join(bodies) + b"]", len(bodies))
