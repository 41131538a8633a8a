"""Topics whose appends end as a test says: unheard, half done, overtaken, or with the process."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from events.log.kafka.producer import Outgoing
from events.log.kafka.reader import At
from services.transfer.topics import Ends, Topics


class Killed(Exception):
    """The process ended here."""


class Fate(Enum):
    """What becomes of one append."""

    WELL = "appended and told"
    LOST = "not appended, told as failed"
    HALF = "half appended, told as failed"
    UNHEARD = "appended, told as failed"
    KILLED = "half appended, and then nobody is there any more"


class Stumbling:
    """Real topics behind; as a real client, it appends nothing behind what failed until asked
    where the topics end. `overtakes`: it does all the same."""

    def __init__(self, topics: Topics, fates: Iterator[Fate], *, overtakes: bool = False) -> None:
        self._topics, self._fates, self._overtakes = topics, fates, overtakes
        self._failed = False
        #: What became of each append.
        self.met = list[Fate]()

    async def ends(self) -> Ends:
        """Where the topics end; from here on appends are tried again."""
        self._failed = False
        return await self._topics.ends()

    async def read(self, places: Iterable[At]) -> Mapping[At, Any]:
        """The records at these places."""
        return await self._topics.read(places)

    def send(self, records: Sequence[Outgoing]) -> "asyncio.Future[list[int]]":
        """Append, as the next fate says."""
        fate = Fate.LOST if self._failed and not self._overtakes else next(self._fates)
        self._failed |= fate is not Fate.WELL
        self.met.append(fate)
        count = {Fate.LOST: 0, Fate.HALF: len(records) // 2, Fate.KILLED: len(records) // 2}
        appended = records[: count.get(fate, len(records))]
        sent = self._topics.send(appended) if appended else None
        return asyncio.ensure_future(_outcome(fate, sent))


async def _outcome(fate: Fate, sent: "asyncio.Future[list[int]] | None") -> list[int]:
    offsets = await sent if sent is not None else []
    if fate is Fate.WELL:
        return offsets
    if fate is Fate.KILLED:
        raise Killed
    raise ConnectionError(fate.value)
