"""Fills the topics from groups of records: what lies there is compared, what lacks is appended.

Read `Filling.put` and `_confirm` from top to bottom: they are why nothing is written twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from events.errors import Fatal
from services.transfer.groups import Group, is_same
from services.transfer.topics import Ends, Topics

_log = structlog.get_logger()
#: Bytes that may wait for the broker; well below what the producer takes.
_WAITING_BYTES_MAX = 8 * 1024 * 1024
#: Failures in a row after which an import ends, and seconds before the first new try.
_TRIES_MAX, _PAUSE_SECONDS = 5, 0.2
_START_ANEW = "delete both topics, make them anew with `sijill topics apply`, and import again"


class Filling:
    """Puts groups where they belong, in the order in which they are given.

    Killed anywhere, it is repeated from the first group: everything that lies in the topics is
    then compared again, and `Fatal` says what is not the same.
    """

    def __init__(self, topics: Topics, ends: Ends, tell: Callable[[int], None]) -> None:
        self._topics, self._ends, self._tell = topics, dict(ends), tell
        self._sent = deque[tuple[Group, "asyncio.Future[list[int]]"]]()
        self._waiting = deque[Group]()
        self._failures, self._done = 0, 0

    async def put(self, group: Group) -> None:
        """Take the next group. ConnectionError or TimeoutError: run the import again."""
        self._waiting.append(group)
        while self._waiting:
            await self._start(self._waiting.popleft())
            while self._bytes_sent() > _WAITING_BYTES_MAX:
                await self._confirm()

    async def finish(self) -> None:
        """Return once everything lies in the topics."""
        while self._sent or self._waiting:
            while self._waiting:
                await self._start(self._waiting.popleft())
            await self._confirm()

    async def _start(self, group: Group) -> None:
        """Compare what lies in the topic already, send what does not."""
        lying, lacking = group.split(self._ends[group.partition])
        if lying.records:
            await self._compare(lying)
        if lacking.records:
            self._sent.append((lacking, self._topics.send(lacking.records)))

    async def _compare(self, group: Group) -> None:
        found = await self._topics.read((group.partition, offset) for offset in group.offsets)
        for offset, wanted in zip(group.offsets, group.records, strict=True):
            record = found.get((group.partition, offset))
            if record is None or not is_same(record, wanted):
                raise Fatal(
                    f"offset {offset} of {group.partition.topic} partition "
                    f"{group.partition.partition} holds another record than the export: "
                    "the topics are another log's, or a door or a sequencer ran before the import "
                    f"was done; {_START_ANEW}"
                )
        self._count(group)

    async def _confirm(self) -> None:
        """Settle the first group on its way.

        A crash before this returns costs nothing: whatever of the group lies in the topic is
        found there by the next run.
        """
        if not self._sent:
            return
        group, outcome = self._sent[0]
        try:
            offsets = await outcome
        except ConnectionError as error:
            await self._look_again(error)
            return
        if offsets != list(group.offsets):
            raise Fatal(
                f"{group.partition.topic} partition {group.partition.partition}: records were "
                f"appended at {offsets[0]} to {offsets[-1]} and belong at {group.start} to "
                f"{group.end - 1}: somebody else writes into this topic; {_START_ANEW}"
            )
        self._sent.popleft()
        self._failures = 0
        self._count(group)

    async def _look_again(self, error: ConnectionError) -> None:
        """Nobody knows what of the groups on their way lies in the topics: read it, never guess.

        All of them are settled first, for what is still on its way may come to lie there too.
        """
        self._failures += 1
        if self._failures > _TRIES_MAX:
            raise error
        _log.warning("not confirmed: looking what lies in the topics", error=str(error))
        await asyncio.gather(*(outcome for _, outcome in self._sent), return_exceptions=True)
        await asyncio.sleep(_PAUSE_SECONDS * 2**self._failures)
        self._ends = dict(await self._topics.ends())
        self._waiting.extendleft(group for group, _ in reversed(self._sent))
        self._sent.clear()

    def _bytes_sent(self) -> int:
        return sum(group.bytes for group, _ in self._sent)

    def _count(self, group: Group) -> None:
        self._done += len(group.records)
        self._tell(self._done)
