"""The process that builds rows: the same rows as here, and none lost or doubled when it dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from events.errors import Fatal
from events.leaf import encode_leaf
from services.projections import builder as apart
from services.projections.builder import BuilderProcess
from services.projections.building import BuilderHere, Built, Counted, Undigested
from tests.events.golden import golden_events
from tests.events.sample import CASABLANCA, body_of, completed, leaf_of


@pytest.fixture
async def builder() -> AsyncIterator[BuilderProcess]:
    """One of its own, ended afterwards."""
    async with BuilderProcess(CASABLANCA.time_zone) as made:
        yield made


def _counted(index: int, body: bytes, emitter: str = "alpha") -> Counted:
    return Counted(index, encode_leaf(leaf_of(body, 1, emitter)), body)


GOLDEN = [
    _counted(index, body_of(event), speaker.emitter)
    for index, (speaker, event) in enumerate(golden_events())
]


async def test_it_builds_what_would_be_built_here(builder: BuilderProcess) -> None:
    here, there = await BuilderHere(CASABLANCA).build(GOLDEN), await builder.build(GOLDEN)
    assert isinstance(here, Built)
    assert here == there
    assert here.heads == len(GOLDEN)
    assert here.table.rows > here.heads


async def test_it_names_the_first_leaf_that_it_could_not_read(builder: BuilderProcess) -> None:
    leaves = [_counted(7, body_of(completed())), _counted(9, b"no batch"), _counted(11, b"")]
    for each in (BuilderHere(CASABLANCA), builder):
        found = await each.build(leaves)
        assert isinstance(found, Undigested)
        assert found.index == 9
        assert "JSON" in found.error
    # It lives on, and what comes next is not mixed up with what went wrong.
    assert isinstance(await builder.build(leaves[:1]), Built)


async def test_one_that_is_killed_over_a_batch_is_started_again(builder: BuilderProcess) -> None:
    expected = await builder.build(GOLDEN)
    pid = builder.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    building = asyncio.create_task(builder.build(GOLDEN))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert await building == expected
    assert builder.pid != pid


async def test_one_that_died_between_two_batches_is_started_again(builder: BuilderProcess) -> None:
    expected = await builder.build(GOLDEN)
    assert builder.pid is not None
    os.kill(builder.pid, signal.SIGKILL)
    assert await builder.build(GOLDEN) == expected


async def test_an_answer_that_nobody_waits_for_is_not_taken_for_the_next(
    builder: BuilderProcess,
) -> None:
    await builder.build(GOLDEN)
    given_up = asyncio.create_task(builder.build(GOLDEN))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    one = await builder.build(GOLDEN[:1])
    assert isinstance(one, Built)
    assert one.heads == 1


async def test_one_that_dies_whenever_it_is_asked_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "false")
    async with BuilderProcess(CASABLANCA.time_zone) as builder:
        with pytest.raises(Fatal, match="died 2 times over leaf 0"):
            await builder.build(GOLDEN)


async def test_one_that_froze_is_not_waited_for_without_end(
    builder: BuilderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await builder.build(GOLDEN)
    pid = builder.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    # Too short also for the one that is started in its place.
    monkeypatch.setattr(apart, "BUILD_SECONDS_MAX", 0.001)
    with pytest.raises(Fatal, match="died 2 times"):
        await builder.build(GOLDEN)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_it_finishes_what_it_does_when_its_group_is_asked_to_stop(
    builder: BuilderProcess,
) -> None:
    await builder.build(GOLDEN)
    pid = builder.pid
    assert pid is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, number)
    assert isinstance(await builder.build(GOLDEN), Built)
    assert builder.pid == pid


async def test_it_does_not_outlive_its_parent() -> None:
    """Its input ends with the parent, whatever ended that."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", apart.__name__, CASABLANCA.time_zone, stdin=pipe, stdout=pipe
    )
    assert await process.communicate(b"") == (b"", None)
    assert process.returncode == 0
