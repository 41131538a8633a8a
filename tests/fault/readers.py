"""Readers of a fault run: they ask the query API all the while, and no answer may go back."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from events.access import Role, sign_access
from events.jose import PrivateKey
from services.checker.history import Identity
from tests.fault.remembering import Memory
from tests.support.world import Platform

#: Seconds between two questions of one reader, on average, and for which it waits for an answer.
_PAUSE_SECONDS, _PATIENCE_SECONDS = 0.4, 5.0
_FIGURES = ("/v1/sectors?by=month", "/v1/platforms", "/v1/registry")


class Reader:
    """One reader of one query service: an analyst, and platforms that look for their receipts."""

    def __init__(
        self, url: str, authority: PrivateKey, platforms: Sequence[Platform], memory: Memory
    ) -> None:
        self._url, self._authority, self._memory = url, authority, memory
        self._platforms = {platform.emitter: platform for platform in platforms}
        self._position = -1
        self._identity = ""

    async def read(self, chance: random.Random, stop: asyncio.Event) -> None:
        """Ask this and that until asked to stop."""
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
            while not stop.is_set():
                receipts = list(self._memory.receipts)
                if not self._identity:
                    await self._learn(http)
                elif receipts and chance.random() < 0.5:
                    await self.ask_receipt(http, chance.choice(receipts))
                else:
                    await self._ask_figures(http, chance.choice(_FIGURES))
                await asyncio.sleep(chance.expovariate(1 / _PAUSE_SECONDS))

    async def _learn(self, http: httpx.AsyncClient) -> None:
        """Which registry this is: tokens are good for one alone."""
        answer = await self._get(http, "/v1/registry", None)
        if answer is not None:
            self._identity = answer.json()["identity"]

    async def _ask_figures(self, http: httpx.AsyncClient, path: str) -> None:
        token = sign_access(
            self._authority,
            emitter="authority",
            registry=self._identity,
            at=datetime.now(UTC),
            role=Role.ANALYST,
            subject="reader",
        )
        answer = await self._get(http, path, token)
        if answer is None:
            return
        position = int(answer.headers["Registry-Position"])
        if position < self._position:
            self._memory.odd.append(f"{self._url}: position {position} after {self._position}")
        self._position = position

    async def ask_receipt(self, http: httpx.AsyncClient, identity: Identity) -> bool:
        """Whether a receipt that was given before came, the same bytes."""
        if not self._identity:
            await self._learn(http)
        emitter, submission, _ = identity
        leaf = self._memory.leaf_of(identity)
        key, now = self._platforms[emitter].key, datetime.now(UTC)
        token = sign_access(key, emitter=emitter, registry=self._identity, at=now)
        path = f"/v1/emitters/{emitter}/submissions/{submission}/receipt?leaf={leaf}"
        answer = await self._get(http, path, token)
        if answer is not None:
            self._memory.receipt(identity, answer.content)
        return answer is not None

    async def _get(
        self, http: httpx.AsyncClient, path: str, token: str | None
    ) -> httpx.Response | None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            answer = await http.get(self._url + path, headers=headers)
        except httpx.RequestError:
            return None
        if answer.status_code == 200:
            return answer
        if answer.status_code != 503:
            self._memory.odd.append(f"{answer.status_code} at {path}: {answer.text}")
        return None
