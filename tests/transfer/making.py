"""A small log made by hand, as lines and as the bytes of a file."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

from events.leaf import leaf_hash
from events.log.intake import partition_of
from events.log.protocol import Arrival, Place
from services.transfer.files import read_lines
from services.transfer.format import (
    VERSION,
    EndLine,
    HeadLine,
    IntakeLine,
    LeafLine,
    Line,
    Sealing,
    intake_line,
    leaf_line,
)
from tests.log.writing import PARTITIONS, Writer, arrival

#: Three emitters; the last body, which waits, is no text at all.
SENT = (
    ("authority", "one", b"[]"),
    ("alpha", "two", '[{"é": "\u2028"}]'.encode()),
    ("beta", "three", b"[1]"),
    ("alpha", "four", b"[2]"),
    ("alpha", "waits", bytes(range(256))),
)


def laid_down(sent: Iterable[tuple[str, str, bytes]] = SENT) -> list[tuple[Place, Arrival]]:
    """Arrivals at their places, in the order of sending."""
    following = [0] * PARTITIONS
    placed = []
    for emitter, submission, body in sent:
        one, home = arrival(emitter, submission, body), partition_of(emitter, PARTITIONS)
        placed.append((Place(home, following[home]), replace(one, token=f"token-{submission}")))
        following[home] += 1
    return placed


def lines_of(placed: list[tuple[Place, Arrival]], waiting: int = 1) -> list[Line]:
    """The lines of a log in which the last `waiting` arrivals have no leaf yet."""
    leaves = Writer().round(placed[: len(placed) - waiting]).leaves
    counts = [0] * PARTITIONS
    for place, _ in placed:
        counts[place.partition] += 1
    identity, last = leaf_hash(leaves[0].leaf).hex(), leaf_hash(leaves[-1].leaf).hex()
    head = HeadLine(version=VERSION, identity=identity, leaves=len(leaves), intake=tuple(counts))
    in_order = sorted(placed, key=lambda one: (one[0].partition, one[0].offset))
    intake: list[IntakeLine] = [intake_line(place, one) for place, one in in_order]
    kept: list[LeafLine] = [leaf_line(record) for record in leaves]
    end = EndLine(leaves=len(leaves), intake=len(intake), last=last)
    return [head, *kept, *intake, end]


def sealed(lines: Iterable[Line]) -> list[bytes]:
    """The lines as they stand in a file."""
    sealing = Sealing()
    return [sealing.encode(line) for line in lines]


def read(data: bytes) -> list[Line]:
    """The lines of a file's bytes; raises what reading raises."""
    return list(lines_in(data))


def lines_in(data: bytes) -> Iterator[Line]:
    """The same, one by one."""
    return read_lines(io.BytesIO(data), "test")
