"""The records of both topics: which header holds what. Pure; a golden test holds the format.

A record that anybody else wrote has not these headers and is told apart here, never guessed at.
"""

from dataclasses import dataclass
from typing import Any

from events.leaf import leaf_hash
from events.log.protocol import Arrival, IntakeRecord, LeafRecord, Place, Positions

#: Version of both formats; a reader refuses what it does not know.
FORMAT = b"1"

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A record of the leaves topic that has the form of a leaf, and where it lies."""

    record: LeafRecord
    offset: int

    @property
    def hash(self) -> bytes:
        """The hash that the next leaf names."""
        return leaf_hash(self.record.leaf)


def arrival_headers(arrival: Arrival) -> Headers:
    """Beside the body, which is the record's value; the key is the emitter."""
    return [
        ("format", FORMAT),
        ("submission", arrival.submission.encode()),
        ("sha256", arrival.body_sha256),
        ("events", b"%d" % arrival.events),
        ("received", arrival.received_at.encode()),
        ("token", arrival.token.encode()),
    ]


def intake_record(record: Any) -> IntakeRecord | None:
    """A consumed record of the intake without its body; None if no door wrote it."""
    headers = dict(record.headers)
    place = Place(record.partition, record.offset)
    try:
        if headers["format"] != FORMAT or record.value is None:
            return None
        return IntakeRecord(
            place,
            record.key.decode(),
            headers["submission"].decode(),
            bytes(headers["sha256"]),
            len(record.value),
            headers["token"].decode(),
            int(headers["events"]),
            headers["received"].decode(),
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def leaf_headers(record: LeafRecord) -> Headers:
    """Beside the leaf, which is the record's value; there is no key."""
    return [
        ("format", FORMAT),
        ("index", b"%d" % record.index),
        ("previous", record.previous_hash),
        ("body", b"%d:%d" % (record.place.partition, record.place.offset)),
        ("positions", positions_text(record.positions)),
    ]


def placed_leaf(record: Any) -> Placed | None:
    """A consumed record of the leaves topic; None if no sequencer wrote it."""
    headers = dict(record.headers)
    try:
        if headers["format"] != FORMAT or record.value is None:
            return None
        partition, offset = map(int, headers["body"].split(b":"))
        leaf = LeafRecord(
            int(headers["index"]),
            bytes(headers["previous"]),
            record.value,
            Place(partition, offset),
            tuple(map(int, headers["positions"].split(b","))),
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return Placed(leaf, record.offset)


def positions_text(positions: Positions) -> bytes:
    """Positions in their one spelling."""
    return b",".join(b"%d" % position for position in positions)
