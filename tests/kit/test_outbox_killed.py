"""The outbox of a real process that is killed between its steps, against a real registry."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sijill_client import Outbox, load_key

from tests.fault.waiting import until
from tests.kit.conftest import Answering
from tests.support.folders import passing_folder

#: What the outbox says once each of its steps is done: all places where a kill could matter.
STEPS = ("put", "formed", "answered", "settled")
EVENTS = 25


async def run(*arguments: object) -> tuple[int, str]:
    """A process of the platform's program: how it ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kit.putting", *map(str, arguments)),
        stderr=subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def killed_and_started_again(registry: Answering, step: str) -> None:
    """Two lives: the first ends at a step, the second must finish the work of both."""
    with passing_folder() as folder:
        key_file = await registry.platform(f"dies-{step}", folder)
        given = (folder / "outbox", key_file, registry.url, EVENTS)
        assert (await run(*given, step))[0] == -signal.SIGKILL
        assert await run(*given, "never") == (0, "")

        key = load_key(key_file)
        expected = sorted(f"t{number}-done" for number in range(EVENTS))
        assert await registry.event_ids(key) == expected
        with Outbox(folder / "outbox", key, registry.url, sends=False) as outbox:
            status, receipts = outbox.status(), outbox.receipts()
        assert (status.waiting, status.refused) == (0, 0)
        # Every batch that was ever formed has its one leaf and its receipt.
        leaves = [
            row["leaf_index"]
            for row in await registry.world.view("submission")
            if row["emitter"] == key.emitter
        ]
        assert sorted(leaves) == sorted(one.leaf_index or 0 for one in receipts)


async def test_nothing_is_lost_or_counted_twice_wherever_it_is_killed(registry: Answering) -> None:
    await asyncio.gather(*(killed_and_started_again(registry, step) for step in STEPS))


async def test_ctrl_c_ends_it_at_once_and_keeps_what_waits(registry: Answering) -> None:
    with passing_folder() as folder:
        key_file = await registry.platform("stops", folder)
        given = (folder / "outbox", key_file)
        nobody = "http://127.0.0.1:9"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.kit.putting", *map(str, given), nobody, "3", "never"),
            stderr=subprocess.PIPE,
        )

        async def waits() -> bool:
            return (folder / "outbox.2").exists()

        await until(waits, "the last event is put")
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
        assert said.decode().rstrip().endswith("KeyboardInterrupt")
        assert await run(*given, registry.url, "3", "never") == (0, "")
        assert len(await registry.event_ids(load_key(key_file))) == 3


async def test_a_key_that_is_renewed_while_events_wait_costs_nothing(
    registry: Answering, tmp_path: Path
) -> None:
    old = load_key(await registry.platform("renews", tmp_path))
    with Outbox(tmp_path / "outbox", old, registry.url, sends=False) as outbox:
        outbox.put({"id": "n", "type": "day.nil.v1", "time": "2026-03-04T10:00:00+01:00",
                    "data": {"day": "2026-03-03"}})  # fmt: skip
    await registry.act("key.revoked", kid=old.kid)

    def send(key_file: Path) -> str | None:
        with Outbox(tmp_path / "outbox", load_key(key_file), registry.url, linger=0.0) as box:
            box.flush(60)
            return box.status().problem

    assert "revoked" in str(await asyncio.to_thread(send, tmp_path / "renews.key"))
    new = await registry.another_key("renews", tmp_path)
    assert await asyncio.to_thread(send, new) is None
    assert await registry.event_ids(old) == ["n"]


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")
async def test_a_process_that_may_write_no_more_is_told_and_the_next_one_goes_on(
    registry: Answering,
) -> None:
    with passing_folder() as folder:
        key_file = await registry.platform("full", folder)
        given = (folder / "outbox", key_file, registry.url, EVENTS)
        limited = f'ulimit -f 128; exec {sys.executable} -m tests.kit.putting "$@"'
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", limited, "full", *map(str, given[:3]), "5000", "never"),
            stderr=subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode == 1
        assert "nothing of this call was kept" in said.decode()
        assert await run(*given[:3], "5000", "never") == (0, "")
        assert len(await registry.event_ids(load_key(key_file))) == 5000
