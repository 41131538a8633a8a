"""An outbox whose process dies at every statement in turn."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit_outbox import QUICK, URL, Desk, Killed, Mortal, nil, passing
from kit_registry import FakeRegistry, answering
from kit_tables import NOW
from sijill_client import Emitter, PlatformKey
from sijill_client.importers.events_file import ready_event
from sijill_client.outbox.sender import Sender
from sijill_client.outbox.spool import Spool


def test_no_statement_at_which_it_dies_loses_or_doubles_anything(
    tmp_path: Path, key: PlatformKey
) -> None:
    """Every statement of a life in turn: put, form, send, refuse one, send the rest, settle."""
    lives, died = 0, True
    while died:
        registry = FakeRegistry(key, NOW)
        path = tmp_path / f"outbox-{lives}"
        promised, died = _live_until(lives, path, registry)
        Mortal.left = 10**9
        after = Desk(path, registry, connect=passing)
        after.put(*(nil(number) for number in range(6) if number not in promised))
        after.run()
        refused = [one.id for one in after.spool.refused()]
        after.close()
        counted = sum(sum(counts.values()) for counts in registry.counts.values())
        told = (lives, counted, len(registry.events), set(refused))
        assert told == (lives, len(registry.events), 5, {"nil-3"})
        lives += 1
    assert lives > 30


def _live_until(statement: int, path: Path, registry: FakeRegistry) -> tuple[set[int], bool]:
    """A life that ends before a statement: what `put` promised, and whether it died at all."""

    def refuse_three(request: Any, honest: Callable[[], Any]) -> Any:
        if b'"nil-3"' not in request.content:
            return honest()
        place = [event["id"] for event in json.loads(request.content)].index("nil-3")
        fault = {"pointer": f"/{place}/data/day", "detail": "is required"}
        return answering(422, title="Schema", errors=[fault])(request, honest)

    registry.faults.extend([refuse_three] * 50)
    promised: set[int] = set()
    Mortal.left = statement
    connection: list[sqlite3.Connection] = []

    def connect_mortal(path: Path) -> sqlite3.Connection:
        connection.append(passing(path, Mortal))
        return connection[-1]

    client = registry.client()
    emitter = Emitter(registry.key, URL, client, clock=lambda: NOW, patience=QUICK)
    try:
        spool = Spool(path, registry.key, connect_mortal)
        sender = Sender(spool, emitter)
        for number in range(6):
            spool.put([ready_event(json.dumps(nil(number)).encode(), emitter.source)])
            promised.add(number)
        while sender.step() is not None:
            pass
    except Killed:
        return promised, True
    finally:
        client.close()
        # The kernel closes what a dead process held open; what it had begun is rolled back.
        connection[0].close()
    return promised, False
