"""Small makers of events and bodies, and the one way in which these tests read and digest them."""

import hashlib
import json
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from events.days import Days
from events.errors import Fault, Refused
from events.leaf import Leaf, LeafOutcome
from events.submission import Speaker, read_submission
from events.vocabulary import EmitterKind, Event
from services.projections.rows import Rows, add_leaf

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CASABLANCA = Days("Africa/Casablanca")
WORK = {"task": "t-1", "worker": "w-1"}

PLATFORM = Speaker("alpha", EmitterKind.PLATFORM)
FUND = Speaker("cnss", EmitterKind.FUND, frozenset({"cnss-general"}))
AUTHORITY = Speaker("authority", EmitterKind.AUTHORITY)
REGISTRY = Speaker("registry", EmitterKind.REGISTRY)


def event(type_: str, data: Any, speaker: Speaker = PLATFORM, **other: Any) -> dict[str, Any]:
    """A CloudEvent; `type_` without its version, `other` adds or replaces attributes."""
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": f"/emitters/{speaker.emitter}",
        "type": f"{type_}.v1",
        "time": "2026-03-04T10:00:00+01:00",
        "data": data,
    } | other


def completed(**data: Any) -> dict[str, Any]:
    """The smallest `task.completed`, with more or other data."""
    return event("task.completed", WORK | data)


def body_of(*events: Any) -> bytes:
    """A batch as bytes."""
    return json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()


def read(*events: Any, speaker: Speaker = PLATFORM) -> list[Event]:
    """What the door makes of a batch."""
    return read_submission(body_of(*events), speaker, NOW)


def refusal(body: bytes, speaker: Speaker = PLATFORM) -> Refused:
    """Why the door refuses a body; an AssertionError if it does not."""
    try:
        read_submission(body, speaker, NOW)
    except Refused as refused:
        return refused
    raise AssertionError(f"the door let this through: {body[:300]!r}")


def faults(*events: Any, speaker: Speaker = PLATFORM) -> dict[str, str]:
    """The faults of a refused batch by pointer; each pointer is checked to lead somewhere."""
    found = refusal(body_of(*events), speaker).faults
    for fault in found:
        check_pointer(list(events), fault)
    return {fault.pointer: fault.detail for fault in found}


def check_pointer(document: Any, fault: Fault) -> None:
    """A pointer resolves in what was sent; that of a missing member resolves but for its name."""
    tokens = [t.replace("~1", "/").replace("~0", "~") for t in fault.pointer.split("/")[1:]]
    if fault.detail.startswith("is required"):
        *tokens, missing = tokens
        place = reduce(_step, tokens, document)
        assert isinstance(place, dict)
        assert missing not in place or not isinstance(place[missing], str)
        return
    reduce(_step, tokens, document)


def _step(value: Any, token: str) -> Any:
    return value[int(token)] if isinstance(value, list) else value[token]


def leaf_of(body: bytes, events: int, emitter: str = "alpha") -> Leaf:
    """The counted leaf of a body."""
    return Leaf(
        v=1,
        emitter=emitter,
        submission="s-1",
        received_at="2026-03-04T12:00:00.000000Z",
        sequenced_at="2026-03-04T12:00:01.000000Z",
        body_sha256=hashlib.sha256(body).hexdigest(),
        body_bytes=len(body),
        events=events,
        first_event=40,
        outcome=LeafOutcome.COUNTED,
        token="-",
    )


def digest(body: bytes, events: int, *, emitter: str = "alpha", index: int = 7) -> Rows:
    """What a fold makes of an accepted body; raises where the projection would stop."""
    rows = Rows()
    add_leaf(rows, index, leaf_of(body, events, emitter), body, days=CASABLANCA)
    return rows
