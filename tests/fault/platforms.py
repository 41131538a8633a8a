"""The load of a fault run: platforms that push through the door, as engineers' scripts do.

They send new submissions, the same bytes again, other bytes under an id that was used, and what
the door must refuse. An outcome that stayed unknown they settle by sending the same bytes again,
over another connection and to any door.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from events.token import CONTENT_TYPE
from services.checker.history import Answer
from tests.fault.remembering import Memory, Sent
from tests.projections.scripts import data_of
from tests.support.plain import PLAIN
from tests.support.world import Platform, body_of

#: Seconds between two submissions of one platform, on average.
_PAUSE_SECONDS = 0.15
#: Seconds that one waits for an answer: some give up sooner than the door does.
_PATIENCE_SECONDS = (1.0, 3.0, 15.0)
#: Seconds for which a receipt is asked for with `Prefer: wait`.
_WAITS = (0, 0, 1, 3)
#: What a platform does next, by weight.
_ACTS = {"new": 60, "again": 10, "conflict": 8, "settle": 14, "faulty": 4}
_TYPES = (
    "task.completed",
    "task.approved",
    "task.returned",
    "time.reported",
    "rejection.issued",
    "rejection.withdrawn",
    "payment.made",
    "payment.reversed",
)
#: Events of one submission at most, and how many of a platform's last may be corrected.
_EVENTS_MAX, _REMEMBERED = 5, 50


class Writer:
    """One platform's events and submissions, under ids that `numbers` makes unique."""

    def __init__(self, platform: Platform, numbers: Iterator[int], chance: random.Random) -> None:
        self.platform, self._numbers, self._chance = platform, numbers, chance
        self._told: list[dict[str, Any]] = []

    def new(self) -> Sent:
        """A submission under a new id."""
        return self._submission(f"s{next(self._numbers)}", self._some_events())

    def conflict(self, sent: Sent) -> Sent:
        """Other bytes under the same id."""
        return self._submission(sent.submission, self._some_events())

    def faulty(self) -> Sent:
        """What no door may accept."""
        event = self.platform.event("task.completed", {"task": "t1"})
        return self._submission(f"s{next(self._numbers)}", [event])

    def _submission(self, name: str, events: Sequence[dict[str, Any]]) -> Sent:
        return Sent(self.platform.emitter, name, body_of(events))

    def _some_events(self) -> list[dict[str, Any]]:
        events = [self._any_event() for _ in range(self._chance.randint(1, _EVENTS_MAX))]
        self._told = [*self._told, *events][-_REMEMBERED:]
        return events

    def _any_event(self) -> dict[str, Any]:
        chance, told = self._chance, self._told
        turn = chance.random()
        if told and turn < 0.05:
            # An engineer cuts batches anew after a time-out: a repeat.
            return chance.choice(told)
        if told and turn < 0.10:
            return self._said(chance.choice(told)["id"])
        if told and turn < 0.25:
            return self._correction(chance.choice(told)["id"])
        return self._said()

    def _said(self, id: str | None = None) -> dict[str, Any]:
        """A statement about work or pay; under an id of old it is other content."""
        type_ = self._chance.choice(_TYPES)
        return self.platform.event(type_, data_of(type_, self._fields()), id=id)

    def _correction(self, event: str) -> dict[str, Any]:
        if self._chance.random() < 0.5:
            return self.platform.event("correction.cancelled", {"event": event})
        said = self._said()
        replacement = {"type": said["type"], "data": said["data"]}
        data = {"event": event, "replacement": replacement}
        return self.platform.event("correction.replaced", data)

    def _fields(self) -> dict[str, Any]:
        chance = self._chance
        return {
            "worker": chance.choice(["w1", "w2", "w3", "w4"]),
            "day": chance.randint(1, 3),
            "seconds": chance.choice([None, 0, 1, 60, 3600]),
            "amount": chance.choice([None, "0.000001", "0.05", "12.5"]),
            "currency": chance.choice(["MAD", "USD"]),
            "residence": chance.choice([None, "MA", "FR"]),
            "task_group": chance.choice([None, "surveys"]),
            "flag": chance.random() < 0.5,
            "sandbox": chance.choice([None, None, None, True]),
        }


class Pushing:
    """Pushes to any of several doors, and remembers what came of it."""

    def __init__(self, doors: Sequence[str], memory: Memory, chance: random.Random) -> None:
        self._doors, self._memory, self._chance = doors, memory, chance
        self._kept = httpx.AsyncClient(verify=PLAIN)

    async def close(self) -> None:
        """Give up the connections that are kept."""
        await self._kept.aclose()

    async def push(
        self, platform: Platform, sent: Sent, *, wait: int = 0, patience: float = 15.0
    ) -> Answer:
        """One attempt over a connection that may have served before."""
        return await self._push(self._kept, platform, sent, wait, patience)

    async def push_anew(
        self, platform: Platform, sent: Sent, *, wait: int = 0, patience: float = 15.0
    ) -> Answer:
        """One attempt over a connection of its own."""
        async with httpx.AsyncClient(verify=PLAIN) as http:
            return await self._push(http, platform, sent, wait, patience)

    async def _push(
        self, http: httpx.AsyncClient, platform: Platform, sent: Sent, wait: int, patience: float
    ) -> Answer:
        iat = int(datetime.now(UTC).timestamp())
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Submission-Signature": platform.sign(sent.body, sent.submission, iat=iat),
        }
        if wait:
            headers["Prefer"] = f"wait={wait}"
        url = f"{self._chance.choice(self._doors)}/v1/submissions"
        answer = None
        try:
            async with asyncio.timeout(patience):
                answer = await http.post(url, content=sent.body, headers=headers, timeout=patience)
        except (httpx.RequestError, TimeoutError):
            pass
        return self._memory.heard(sent, answer)


async def load(
    writer: Writer, pushing: Pushing, memory: Memory, chance: random.Random, stop: asyncio.Event
) -> None:
    """One platform at work until asked to stop."""
    platform, sent = writer.platform, list[Sent]()
    while not stop.is_set():
        act = chance.choices(list(_ACTS), list(_ACTS.values()))[0]
        wait, patience = chance.choice(_WAITS), chance.choice(_PATIENCE_SECONDS)
        if act == "settle":
            await _settle_one(platform, pushing, memory, chance, patience)
        elif act == "again" and sent:
            await pushing.push(platform, chance.choice(sent), wait=wait, patience=patience)
        elif act == "conflict" and sent:
            other = writer.conflict(chance.choice(sent))
            await pushing.push(platform, other, wait=wait, patience=patience)
        elif act == "faulty":
            await pushing.push(platform, writer.faulty(), patience=patience)
        else:
            sent.append(writer.new())
            await pushing.push(platform, sent[-1], wait=wait, patience=patience)
        await asyncio.sleep(chance.expovariate(1 / _PAUSE_SECONDS))


async def _settle_one(
    platform: Platform, pushing: Pushing, memory: Memory, chance: random.Random, patience: float
) -> None:
    open_ = [one for one in memory.unsettled.values() if one.emitter == platform.emitter]
    if open_:
        await pushing.push_anew(platform, chance.choice(open_), patience=patience)


async def settle_all(platforms: Sequence[Platform], pushing: Pushing, memory: Memory) -> list[Sent]:
    """Send again whatever is still unknown; what then still is."""
    by_name = {platform.emitter: platform for platform in platforms}
    for one in list(memory.unsettled.values()):
        await pushing.push_anew(by_name[one.emitter], one)
    return list(memory.unsettled.values())
