"""`status` and `push --nil` against a real registry, as a platform's engineer types them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sijill_client.cli import app
from sijill_client.documents import PlatformStatus
from sijill_client.emitter import Emitter
from sijill_client.keys import load_key
from typer.testing import CliRunner

from tests.kit.conftest import Answering

#: Over in every time zone.
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()


async def kit(*words: object, code: int = 0) -> str:
    """What the command prints."""
    runner = CliRunner(env={"COLUMNS": "200"})
    done = await asyncio.to_thread(runner.invoke, app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


def completed(task: str, **more: Any) -> dict[str, Any]:
    data = {"task": task, "worker": "w1", "seconds": 60}
    time = f"{YESTERDAY}T10:00:00+00:00"
    return {"id": task, "type": "task.completed.v1", "time": time, "data": data | more}


@pytest.fixture
async def platform(registry: Answering, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    emitter = request.node.name.replace("_", "-")[5:35].strip("-")
    return await registry.platform(emitter, tmp_path)


async def test_nil_declares_once_and_only_days_that_are_over(
    registry: Answering, platform: Path
) -> None:
    where = ("--as", platform, "--url", registry.url)
    said = await kit("push", "--nil", YESTERDAY, *where)
    assert said.endswith(f"declared: no work on {YESTERDAY}\n")
    again = await kit("push", "--nil", YESTERDAY, *where)
    assert again.endswith(f"declared already: no work on {YESTERDAY}\n")
    assert await registry.event_ids(load_key(platform)) == [f"day.nil:{YESTERDAY}"]

    future = YESTERDAY + timedelta(days=3)
    said = await kit("push", "--nil", future, *where, code=2)
    assert f"{future} is not over at the registry" in said
    assert "is not a date" in await kit("push", "--nil", "monday", *where, code=2)
    assert "name the files to push, or --nil" in await kit("push", *where, code=2)


async def test_status_shows_days_and_what_to_mend(
    registry: Answering, platform: Path, tmp_path: Path
) -> None:
    where = ("--as", platform, "--url", registry.url)
    await kit("push", "--nil", YESTERDAY, *where)
    lines = [completed("t-1"), completed("t-1", seconds=61)]
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, lines)))
    await kit("push", tmp_path / "events.ndjson", *where)

    said = " ".join((await kit("status", *where)).split())
    assert f"{YESTERDAY} 0 0 0 declared without work, yet there is work" in said
    assert "in all 2 3 1" in said
    assert "event-id-reused: 1, for example t-1 /id (the event does not count)" in said
    assert "work-without-contract: 1, for example t-1 /data/contract (the event counts)" in said
    assert "Publish the contract and name it in task events." in said
    assert "silent" not in said

    old = await kit("status", "--from", "2026-01-01", "--to", "2026-01-02", *where)
    assert "Nothing to mend." in old


async def test_status_says_why_it_has_no_answer(registry: Answering, platform: Path) -> None:
    where = ("--as", platform, "--url", registry.url)
    said = await kit("status", "--from", "2020-01-01", *where, code=2)
    assert "more than 366 days: ask for fewer" in said
    assert "is not a date" in await kit("status", "--to", "today", *where, code=2)
    await asyncio.to_thread(platform.chmod, 0o644)
    assert "chmod 600" in await kit("status", *where, code=2)


async def test_a_clock_that_is_off_is_told_with_both_times(
    registry: Answering, platform: Path
) -> None:
    """A bearer token of a machine an hour behind has expired."""

    def ask() -> Any:
        with httpx.Client() as client:
            clock = lambda: datetime.now(UTC) - timedelta(hours=1)  # noqa: E731
            return Emitter(load_key(platform), registry.url, client, clock=clock).status()

    found = await asyncio.to_thread(ask)
    assert not isinstance(found, PlatformStatus)
    assert "this machine's clock says" in found.detail
    assert "the registry's says" in found.detail
