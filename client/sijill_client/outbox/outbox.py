"""The outbox: events go in durably at once, and to the registry in the background."""

import asyncio
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from sijill_client.batches import ReadyEvent
from sijill_client.emitter import Emitter, SubmissionResult
from sijill_client.http import Clock, Patience, now
from sijill_client.importers.events_file import ready_event
from sijill_client.keys import PlatformKey
from sijill_client.outbox.sender import BACKGROUND, Sender, Told
from sijill_client.outbox.spool import KEEP_RECEIPTS, OutboxStatus, RefusedEvent, Spool, connect
from sijill_client.session import new_client

_log = logging.getLogger("sijill_client.outbox")
#: Seconds after which events that another process put are noticed.
_LOOK_SECONDS = 1.0
#: Seconds that `close` gives an answer that is on its way, and a `with` block what still waits.
_CLOSE_SECONDS, _FLUSH_SECONDS = 5.0, 30.0


class Outbox:
    """A durable local spool with a sender in the background.

    ```
    with Outbox(Path("events.outbox"), key, "https://registry.example") as outbox:
        outbox.put({"id": "t-1-done", "type": "task.completed.v1", "time": ..., "data": {...}})
    ```

    An event is on the disk when `put` returns, and leaves it when the registry's receipt is. What
    is sent twice has one id and counts once. The end of a `with` block waits half a minute for
    what still waits, an exception (Ctrl-C too) not at all: the next outbox on this file goes on.
    `async with`, `aput`, `aflush` and `aclose` are the same for asyncio.

    `path`: an SQLite file of this platform alone. Several processes may put into one; let one of
    them send (`sends=False` in the others) and no file system over a network hold it. `linger`:
    seconds for which the first waiting event waits for company. `keep_receipts`: the age at which a
    receipt leaves the file (None: never); the counts of `status` go on counting it. `told` is
    called in the sender's thread with each answer that was kept. `client`, `clock`, `patience`,
    `chance`, `connect` and `after` (see `Sender`) come from outside, so that each can fail on
    command.

    `OutboxError` if the file is damaged, of another platform, or cannot be written; `ValueError`
    if `url` is no address or `keep_receipts` negative.
    """

    def __init__(
        self,
        path: Path,
        key: PlatformKey,
        url: str,
        *,
        sends: bool = True,
        linger: float = 1.0,
        keep_receipts: timedelta | None = KEEP_RECEIPTS,
        told: Told = lambda result: None,
        client: httpx.Client | None = None,
        clock: Clock = now,
        patience: Patience = BACKGROUND,
        chance: Callable[[], float] = random.random,
        connect: Callable[[Path], sqlite3.Connection] = connect,
        after: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._client = client or new_client()
        self._owns_client = client is None
        once = replace(patience, tries=1)
        try:
            emitter = Emitter(key, url, self._client, clock=clock, patience=once)
            self._spool = Spool(path, key, connect, clock=clock, keep=keep_receipts)
        except BaseException:
            if self._owns_client:
                self._client.close()
            raise
        self._source, self._linger, self._after = emitter.source, linger, after
        self._changed = threading.Condition()
        self._puts, self._hurried, self._stopping = 0, 0, False
        self._sender: Sender | None = None
        self._thread: threading.Thread | None = None
        if sends:
            spool = Spool(path, key, connect, clock=clock, keep=keep_receipts)
            self._sender = Sender(
                spool, emitter, patience=patience, chance=chance, told=told, after=after
            )
            work = threading.Thread(target=self._run, args=(self._sender, spool), daemon=True)
            self._thread = work
            work.start()

    def put(self, *events: Mapping[str, Any]) -> None:
        """Keeps events, all or none; they are on the disk when it returns.

        An event needs `id`, `type`, `time` and `data`; `source` and `specversion` are filled in,
        `datetime` and `Decimal` written as the registry reads them. `ValueError` if one lacks
        something, `OutboxError` if the disk is full: then nothing of this call was kept.
        """
        ready = _ready(events, self._source)
        self._spool.put(ready)
        self._after("put")
        with self._changed:
            self._puts += 1
            self._changed.notify_all()

    def flush(self, timeout: float | None = None) -> bool:
        """Sends without lingering; whether all was answered within `timeout` seconds.

        Waits no longer once key or clock are refused: `status().problem` says what to do.
        """
        until = float("inf") if timeout is None else time.monotonic() + timeout
        with self._changed:
            self._hurried += 1
            self._changed.notify_all()
            try:
                while not self._spool.is_empty():
                    left = until - time.monotonic()
                    if left <= 0 or (self._sender is not None and self._sender.blocked):
                        return False
                    # Another process may be the one that sends: nobody tells us.
                    self._changed.wait(min(left, _LOOK_SECONDS))
                return True
            finally:
                self._hurried -= 1

    def close(self) -> None:
        """Stops sending and closes the file. What waits stays in it."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            # One that waits for an answer is left alone: cut there or elsewhere, nothing is lost.
            self._thread.join(_CLOSE_SECONDS)
        self._spool.close()
        if self._thread is None and self._owns_client:
            self._client.close()

    def status(self) -> OutboxStatus:
        """Events that wait and that were answered, and why the last attempt failed if it did."""
        problem = self._sender.problem if self._sender else None
        return replace(self._spool.tally(), problem=problem)

    def refused(self) -> list[RefusedEvent]:
        """Events that the registry refused, each with the reason. They are kept until `forget`:
        mend the event, put it again, and forget the refused one."""
        return self._spool.refused()

    def forget(self, *refused: RefusedEvent) -> None:
        """Drops refused events."""
        self._spool.forget([one.number for one in refused])

    def receipts(self) -> list[SubmissionResult]:
        """The submissions that the registry holds, each with the receipt that it signed, in order.

        Those older than `keep_receipts` have gone: store elsewhere what you need for longer.
        """
        return self._spool.receipts()

    async def aput(self, *events: Mapping[str, Any]) -> None:
        """As `put`. One that is cancelled may have kept the events: put them again."""
        await asyncio.to_thread(self.put, *events)

    async def aflush(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 (as `flush`)
        """As `flush`."""
        return await asyncio.to_thread(self.flush, timeout)

    async def aclose(self) -> None:
        """As `close`."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._thread is not None and not self._stopping:
                self.flush(_FLUSH_SECONDS)
        finally:
            self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._thread is not None and not self._stopping:
                await self.aflush(_FLUSH_SECONDS)
        finally:
            await self.aclose()

    # --- the sender's thread --------------------------------------------------------------

    def _run(self, sender: Sender, spool: Spool) -> None:
        try:
            while not self._stopping:
                seen = self._puts
                wait = self._attempt(sender)
                with self._changed:
                    self._changed.notify_all()
                    if wait is None:
                        self._rest(seen)
                    elif wait:
                        self._changed.wait_for(lambda: self._stopping, wait)
        finally:
            spool.close()
            if self._owns_client:
                self._client.close()

    def _attempt(self, sender: Sender) -> float | None:
        try:
            return sender.step()
        except Exception as fault:
            # Whatever it was, what waits is in the file: the thread lives on and tries again.
            _log.exception("an attempt to send failed")
            sender.problem = f"{type(fault).__name__}: {fault}"
            return BACKGROUND.longest

    def _rest(self, seen: int) -> None:
        """Until more was put here, or perhaps by another process, and had time to get company."""
        self._changed.wait_for(
            lambda: self._stopping or self._hurried or self._puts != seen, _LOOK_SECONDS
        )
        if self._puts != seen:
            self._changed.wait_for(lambda: self._stopping or self._hurried, self._linger)


def _ready(events: Sequence[Mapping[str, Any]], source: str) -> list[ReadyEvent]:
    ready = []
    for number, event in enumerate(events, start=1):
        try:
            ready.append(ready_event(msgspec.json.encode(event), source))
        except (TypeError, ValueError) as fault:
            raise ValueError(f"event {number} of {len(events)}: {fault}") from None
    return ready
