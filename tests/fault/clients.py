"""A platform's side in a fault test: sends through the door and remembers every answer."""

import hashlib
from collections.abc import Sequence
from typing import Any

from events.errors import Refused
from services.checker.history import Answer, Attempt
from services.ingest.door import Unavailable
from tests.support.world import Platform, World, body_of


class Client:
    """Sends and remembers. What it sent, it can send again."""

    def __init__(self, world: World, platform: Platform) -> None:
        self._world, self.platform = world, platform
        self.history: list[Attempt] = []
        self._sent: list[tuple[str, bytes]] = []

    async def send(self, submission: str, events: Sequence[dict[str, Any]] = ()) -> Answer:
        """A submission of these events, or of one nil day."""
        body = body_of(events or [self.platform.event("day.nil", {"day": "2026-03-03"})])
        self._sent.append((submission, body))
        return await self._push(submission, body)

    async def send_again(self, number: int = -1) -> Answer:
        """One of the submissions sent before, the same bytes under a fresh signature."""
        return await self._push(*self._sent[number])

    async def send_unknown_again(self) -> None:
        """What a platform does with answers that never came."""
        acked = {attempt[:2] for attempt in self.history if attempt.answer is Answer.ACKED}
        for submission, body in list(self._sent):
            if (self.platform.emitter, submission) not in acked:
                await self._push(submission, body)

    async def _push(self, submission: str, body: bytes) -> Answer:
        token, answer = self.platform.sign(body, submission), Answer.ACKED
        try:
            await self._world.door.submit(token, body, wait=0)
        except Refused:
            answer = Answer.REFUSED
        except Unavailable:
            answer = Answer.UNKNOWN
        digest = hashlib.sha256(body).digest()
        self.history.append(Attempt(self.platform.emitter, submission, digest, answer))
        return answer
