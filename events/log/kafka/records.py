"""The records of both topics: which header holds what. Pure; a golden test holds the format.

A record that anybody else wrote has not these headers and is told apart here, never guessed at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from events.leaf import leaf_hash
from events.limits import EVENTS_MAX, EVENTS_MIN, TOKEN_CHARS_MAX
from events.log.protocol import Arrival, IntakeRecord, LeafRecord, Place, Positions
from events.scalars import EmitterId
from events.token import SUBMISSION_ID

#: Version of both formats; a reader refuses what it does not know.
FORMAT = b"1"

#: What makes reading headers fail where somebody else wrote them: one is missing, or no bytes.
_STRANGE = (KeyError, ValueError, TypeError, AttributeError)
_EMITTER = re.compile(get_args(EmitterId)[1].pattern)
_MOMENT = re.compile(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z")
_DIGEST_BYTES = 32

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
    try:
        headers = _headers(record)
        found = IntakeRecord(
            Place(record.partition, record.offset),
            record.key.decode(),
            headers["submission"].decode(),
            headers["sha256"],
            len(record.value),
            headers["token"].decode(),
            _number(headers["events"]),
            headers["received"].decode(),
        )
        return found if _by_a_door(found) else None
    except _STRANGE:
        return None


def _by_a_door(one: IntakeRecord) -> bool:
    """Whether it has the form that the door demands. Anything else might fit into no leaf or no
    index, and would stop the sequencer for good.

    A limit that is raised has to be raised at the sequencers before it is at the doors.
    """
    datetime.fromisoformat(one.received_at)
    return bool(
        _EMITTER.match(one.emitter)
        and SUBMISSION_ID.fullmatch(one.submission)
        and _MOMENT.fullmatch(one.received_at)
        and len(one.body_sha256) == _DIGEST_BYTES
        and EVENTS_MIN <= one.events <= EVENTS_MAX
        and 0 < len(one.token) <= TOKEN_CHARS_MAX
        and one.token.isascii()
        and one.token.isprintable()
    )


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
    try:
        headers = _headers(record)
        partition, offset = headers["body"].split(b":")
        leaf = LeafRecord(
            _number(headers["index"]),
            headers["previous"],
            record.value,
            Place(_number(partition), _number(offset)),
            tuple(map(_number, headers["positions"].split(b","))),
        )
        return Placed(leaf, record.offset) if len(leaf.previous_hash) == _DIGEST_BYTES else None
    except _STRANGE:
        return None


def _headers(record: Any) -> Mapping[str, bytes]:
    """The headers of a record in a format that is known; ValueError if it is in another.

    Two headers of one name would let two readers see two records.
    """
    headers = dict(record.headers)
    if record.value is None or len(headers) != len(record.headers) or headers["format"] != FORMAT:
        raise ValueError("not a record of ours")
    return headers


def _number(text: bytes) -> int:
    """A number as ours are written; `int` alone takes signs, blanks and underscores."""
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def positions_text(positions: Positions) -> bytes:
    """Positions in their one spelling."""
    return b",".join(b"%d" % position for position in positions)
