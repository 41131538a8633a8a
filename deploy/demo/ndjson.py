"""Events as a platform's own engineer would write them: one JSON object a line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from deploy.demo.population import Worker
from events.data import Data
from events.vocabulary import Event

#: An event and the day in whose file it stands, which may be later than the event.
Filed = tuple[date, Event]


@dataclass(frozen=True)
class Pen:
    """Writes one platform's events under its own name, with workers under their pseudonyms."""

    platform: str
    pseudonyms: Mapping[str, str]

    def event(self, kind: type[Event], key: str, moment: datetime, data: Data) -> Event:
        """An event of this kind; its id is made of the kind and `key`."""
        tag = str(kind.__struct_config__.tag)
        envelope: dict[str, Any] = {
            "id": f"{tag.removesuffix('.v1')}:{key}",
            "source": f"/emitters/{self.platform}",
            "specversion": "1.0",
            "time": moment,
            "data": data,
        }
        return kind(**envelope)

    def pseudonym(self, worker: Worker) -> str:
        """The worker under the name that the platform's kit gives her."""
        return self.pseudonyms[worker.raw_id]


def filed(event: Event) -> Filed:
    """The event in the file of its own day."""
    return event.time.date(), event


def lines(events: Iterable[Event]) -> bytes:
    """The events, one JSON object a line."""
    return msgspec.json.Encoder().encode_lines(list(events))
