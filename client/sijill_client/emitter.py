"""Signing and sending events, and reading back what became of them: `Emitter` and `AsyncEmitter`.

What is said and what an answer means is in `conversation`; here it is done, in either way.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import httpx

from sijill_client.conversation import POLLS_MAX, Conversation, SubmissionResult
from sijill_client.documents import PlatformStatus, Problem, RegistryStatus, Report
from sijill_client.http import AsyncSleep, Caller, Clock, Patience, Sleep, Steps, arun, now, run
from sijill_client.keys import PlatformKey

__all__ = ["POLLS_MAX", "AsyncEmitter", "Emitter", "SubmissionResult"]

_Result = TypeVar("_Result")


class _Speaker:
    """What both emitters know of the platform."""

    conversation: Conversation

    @property
    def key(self) -> PlatformKey:
        """The key that signs."""
        return self.conversation.key

    @property
    def source(self) -> str:
        """The `source` of every event of this platform."""
        return self.conversation.source


class Emitter(_Speaker):
    """One platform's mouth. `ValueError` if `url` is no http(s) address."""

    def __init__(
        self,
        key: PlatformKey,
        url: str,
        client: httpx.Client,
        *,
        clock: Clock = now,
        sleep: Sleep = time.sleep,
        patience: Patience = Patience(),
    ) -> None:
        self._client, self._sleep = client, sleep
        caller = Caller(clock, patience)
        self.conversation = Conversation(key, url, client.build_request, caller)

    def submit(self, events: Sequence[Mapping[str, Any]], wait: int = 10) -> SubmissionResult:
        """Signs and sends 1 to 1,000 events as one submission.

        `source` and `specversion` are filled in. `wait`: seconds for which the registry may hold
        the answer back until the submission has its receipt; 0 takes the acknowledgement.
        The same events again are the same submission. `Unreachable` if no answer came.
        """
        return self.run(self.conversation.submit(events, wait))

    def send(self, body: bytes, wait: int = 10, submission: str | None = None) -> SubmissionResult:
        """Signs and sends exactly these bytes; see `submit`.

        `submission`: the id that these bytes were sent under before, perhaps with another key.
        """
        return self.run(self.conversation.send(body, wait, submission))

    def report(self, submission: str, polls: int = POLLS_MAX) -> Report | Problem | None:
        """The report of a submission of this platform, or why the registry refuses it.

        Asks again, `polls` times at most, while the views have not read the submission; None if
        they still have not then.
        """
        return self.run(self.conversation.report(submission, polls))

    def status(
        self, first: date | None = None, last: date | None = None
    ) -> PlatformStatus | Problem:
        """What the registry holds of this platform: by day, what is wrong, and silent days.

        From the first to the last day inclusive, at most 366; the last 30 unless stated.
        """
        return self.run(self.conversation.status(first, last))

    def registry(self) -> RegistryStatus | None:
        """Which registry answers at the URL; None if it is no registry."""
        return self.run(self.conversation.registry())

    def check_registry(self) -> RegistryStatus:
        """`SijillError` unless the key's own registry answers: it speaks to no other.

        What the registry says of itself.
        """
        return self.run(self.conversation.check_registry())

    def run(self, steps: Steps[_Result]) -> _Result:
        """Takes the steps of a conversation, to their result."""
        return run(steps, self._client, self._sleep)


class AsyncEmitter(_Speaker):
    """The same for asyncio: the methods of `Emitter`, awaited, over an `httpx.AsyncClient`.

    Many calls may be on their way at once. A call that is cancelled may have been heard: the same
    events again are the same submission. Under another event loop pass its `sleep`.
    """

    def __init__(
        self,
        key: PlatformKey,
        url: str,
        client: httpx.AsyncClient,
        *,
        clock: Clock = now,
        sleep: AsyncSleep = asyncio.sleep,
        patience: Patience = Patience(),
    ) -> None:
        self._client, self._sleep = client, sleep
        caller = Caller(clock, patience)
        self.conversation = Conversation(key, url, client.build_request, caller)

    async def submit(self, events: Sequence[Mapping[str, Any]], wait: int = 10) -> SubmissionResult:
        """As `Emitter.submit`."""
        return await self.run(self.conversation.submit(events, wait))

    async def send(
        self, body: bytes, wait: int = 10, submission: str | None = None
    ) -> SubmissionResult:
        """As `Emitter.send`."""
        return await self.run(self.conversation.send(body, wait, submission))

    async def report(self, submission: str, polls: int = POLLS_MAX) -> Report | Problem | None:
        """As `Emitter.report`."""
        return await self.run(self.conversation.report(submission, polls))

    async def status(
        self, first: date | None = None, last: date | None = None
    ) -> PlatformStatus | Problem:
        """As `Emitter.status`."""
        return await self.run(self.conversation.status(first, last))

    async def registry(self) -> RegistryStatus | None:
        """As `Emitter.registry`."""
        return await self.run(self.conversation.registry())

    async def check_registry(self) -> RegistryStatus:
        """As `Emitter.check_registry`."""
        return await self.run(self.conversation.check_registry())

    async def run(self, steps: Steps[_Result]) -> _Result:
        """As `Emitter.run`."""
        return await arun(steps, self._client, self._sleep)
