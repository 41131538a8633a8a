"""The emitter for asyncio against a real registry."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sijill_client import (
    AsyncEmitter,
    PlatformStatus,
    Report,
    SijillError,
    adeclare_nil,
    load_key,
)

from tests.kit.conftest import Answering
from tests.support.plain import PLAIN

#: Over in every time zone.
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()


def completed(task: str, **more: Any) -> dict[str, Any]:
    data = {"task": task, "worker": "w1", "seconds": 60}
    time = f"{YESTERDAY}T10:00:00+00:00"
    return {"id": task, "type": "task.completed.v1", "time": time, "data": data | more}


async def test_a_service_on_asyncio_sends_reads_back_and_declares(
    registry: Answering, tmp_path: Path
) -> None:
    key = load_key(await registry.platform("awaits", tmp_path))
    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        emitter = AsyncEmitter(key, registry.url, client)
        assert (await emitter.check_registry()).identity == key.registry
        batches = [[completed(f"t{number}")] for number in range(8)]
        results = await asyncio.gather(*(emitter.submit(batch) for batch in batches))
        assert [one.state for one in results] == ["accepted"] * 8
        again = await emitter.submit(batches[0])
        assert (again.state, again.answer) == ("repeated", results[0].answer)

        refused = await emitter.submit([completed("t9", seconds="sixty")])
        assert refused.problem is not None
        assert refused.problem.errors[0].pointer == "/0/data/seconds"

        report = await emitter.report(results[0].submission)
        assert isinstance(report, Report)
        # Work without a contract is counted, and said to lack it.
        assert (report.code, report.counts["anomalous"]) == (1, 1)
        assert (await adeclare_nil(emitter, [YESTERDAY - timedelta(days=1)])).state == "accepted"
        with pytest.raises(SijillError, match="is not over at the registry"):
            await adeclare_nil(emitter, [YESTERDAY + timedelta(days=5)])
        expected = [f"t{number}" for number in range(8)]
        nil = f"day.nil:{YESTERDAY - timedelta(days=1)}"
        assert await registry.event_ids(key) == sorted([*expected, nil])
        status = await emitter.status()
    assert isinstance(status, PlatformStatus)
    assert status.submissions == 9


async def test_a_clock_an_hour_ahead_or_behind_is_told_with_both_times(
    registry: Answering, tmp_path: Path
) -> None:
    key = load_key(await registry.platform("wanders", tmp_path))

    def told(problem: object, own: datetime) -> bool:
        words = f"this machine's clock says {own:%Y-%m-%d %H:%M:%S%z}, the registry's says "
        return words in str(problem) and "set the clock right" in str(problem)

    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        ahead = datetime.now(UTC) + timedelta(hours=1)
        emitter = AsyncEmitter(key, registry.url, client, clock=lambda: ahead)
        assert told((await emitter.submit([completed("ahead")])).problem, ahead)
        # An old signature is never refused, but an old token to read with is.
        behind = datetime.now(UTC) - timedelta(hours=1)
        emitter = AsyncEmitter(key, registry.url, client, clock=lambda: behind)
        result = await emitter.submit([completed("behind")])
        assert result.state == "accepted"
        assert told(await emitter.report(result.submission), behind)
