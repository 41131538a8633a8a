"""For tests of the outbox: events, a spool with its sender moved by hand, and mortal processes."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from kit_registry import FakeRegistry
from kit_tables import NOW
from sijill_client import Emitter, Outbox, PlatformKey
from sijill_client.http import Patience
from sijill_client.importers.events_file import ready_event
from sijill_client.outbox.sender import Sender
from sijill_client.outbox.spool import Connect, Spool, connect

URL = "https://registry.example"
QUICK = Patience(tries=1, first=0.001, longest=0.01)


def nil(number: int, **more: Any) -> dict[str, Any]:
    data = {"day": "2026-02-28", **more}
    return {
        "id": f"nil-{number}",
        "type": "day.nil.v1",
        "time": "2026-02-28T23:00:00Z",
        "data": data,
    }


class Desk:
    """A spool and its sender, moved by hand."""

    def __init__(
        self,
        path: Path,
        registry: FakeRegistry,
        key: PlatformKey | None = None,
        connect: Connect = connect,
        **spool: Any,
    ) -> None:
        self.registry = registry
        self.key = key or registry.key
        self.client = registry.client()
        self.emitter = Emitter(
            self.key, URL, self.client, clock=lambda: NOW, patience=Patience(tries=1)
        )
        self.spool = Spool(path, self.key, connect, **spool)
        self.sender = Sender(self.spool, self.emitter, chance=lambda: 0.0)

    def put(self, *events: dict[str, Any]) -> None:
        bodies = (json.dumps(event).encode() for event in events)
        self.spool.put([ready_event(body, self.emitter.source) for body in bodies])

    def run(self) -> list[float]:
        """Steps until nothing waits; the waits between them."""
        waits = []
        while (wait := self.sender.step()) is not None:
            waits.append(wait)
        return waits

    def close(self) -> None:
        self.spool.close()
        self.client.close()


def outbox(path: Path, registry: FakeRegistry, **more: Any) -> Outbox:
    settings: dict[str, Any] = {"clock": lambda: NOW, "patience": QUICK, "linger": 0.0}
    return Outbox(path, registry.key, URL, client=registry.client(), **(settings | more))


class Killed(BaseException):
    """What a killed process would have done next it does not do."""


class Mortal(sqlite3.Connection):
    """Connections of a process that dies just before one statement of them all."""

    left = 10**9

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """The statement, unless the process is dead."""
        Mortal.left -= 1
        if Mortal.left < 0:
            raise Killed
        return super().execute(*statement)


def passing(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> Any:
    """A connection that waits for no disk: these processes die, the machine does not."""
    made = sqlite3.connect(path, isolation_level=None, factory=factory, check_same_thread=False)
    sqlite3.Connection.execute(made, "PRAGMA synchronous = OFF")
    return made
