"""What a push would send, without sending it: the first events, the counts, what stays unstated."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.push import PushResult, events_in, tell_reading
from sijill_client.reader import Progress, Reader

#: Events of each type that are shown.
SHOWN = 1
_WORK = ("contract", "task_group", "residence", "submitted", "seconds")
#: What an event of each type can state. Nothing of it is required; all of it is worth having.
FIELDS: dict[str, tuple[str, ...]] = {
    "contract.published.v1": (
        *("title", "task_group", "unit_pay", "total_rule", "final_client"),
        *("max_duration_seconds", "recourse", "processing_platform", "data_purpose"),
    ),
    "task.completed.v1": (*_WORK, "started"),
    "task.returned.v1": (*_WORK, "started"),
    "task.expired.v1": (*_WORK, "started"),
    "task.approved.v1": (*_WORK, "amount", "currency", "decided_by", "decided_at"),
    "rejection.issued.v1": (
        *(*_WORK, "pay_refused", "work_kept", "reason_code", "feedback"),
        *("decided_by", "decided_at"),
    ),
}


@dataclass(slots=True)
class DryRun:
    """What was read and made. `unstated`: events by (type, field) that do not state the field."""

    result: PushResult = field(default_factory=PushResult)
    first: list[dict[str, Any]] = field(default_factory=list)
    unstated: Counter[tuple[str, str]] = field(default_factory=Counter)

    def lines(self) -> Iterator[tuple[str, str, int, int]]:
        """Type, field, how many events do not state it, of how many."""
        for kind, names in FIELDS.items():
            for name in names:
                if missing := self.unstated[kind, name]:
                    yield kind, name, missing, self.result.events[kind]


def dry_run(
    files: Sequence[Path],
    source: str,
    pseudonyms: Pseudonyms,
    options: PushOptions,
    now: datetime,
    progress: Progress,
) -> DryRun:
    """Reads the files and makes the events as a push would; the registry is not spoken to."""
    reader, done = Reader(options.format, source, pseudonyms, now, options.mapping), DryRun()
    try:
        reader.read(files, progress)
        tell_reading(reader.reading, options, done.result)
        for event in events_in(reader, options):
            done.result.events[event.type] += 1
            _look_at(msgspec.json.decode(event.body), event.type, done)
    finally:
        reader.close()
    return done


def _look_at(event: dict[str, Any], kind: str, done: DryRun) -> None:
    if done.result.events[kind] <= SHOWN:
        done.first.append(event)
    data = event["data"] if isinstance(event["data"], dict) else {}
    for name in FIELDS.get(kind, ()):
        done.unstated[kind, name] += name not in data
