"""Hints: they wake, they run out, and a broken connection costs a poll and no more."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.log.kits import LogKit
from tests.log.writing import START, Writer, arrival

#: Seconds far beyond what a hint takes: a test that waits them out has failed.
_LONG = 60.0
#: Seconds for a wait that shall run out.
_SHORT = 0.01


async def _settle(wait: Callable[[float], Awaitable[None]]) -> None:
    """Return once the listener stands: its first waits may return at once."""
    await wait(_SHORT)
    await wait(_SHORT)


async def _listening(kit: LogKit) -> None:
    """Return once the writer hears of arrivals: it says first from where on."""
    assert await kit.log.intake(START, 1) == []
    await _settle(kit.log.wait_intake)


async def _woken(wait: Callable[[float], Awaitable[None]], act: Awaitable[object]) -> None:
    """`wait` ends by what `act` does, long before its time."""
    waiting = asyncio.create_task(_until(wait))
    await act
    await asyncio.wait_for(waiting, _LONG / 2)


async def _until(wait: Callable[[float], Awaitable[None]]) -> None:
    await wait(_LONG)


async def test_an_arrival_wakes_the_writer(kit: LogKit) -> None:
    await _listening(kit)
    await _woken(kit.log.wait_intake, kit.intake.append(arrival("alpha")))


async def test_a_leaf_wakes_readers_and_doors(kit: LogKit) -> None:
    writer = Writer()
    for side in (kit.leaves, kit.intake, kit.log):

        async def wait(seconds: float, side: object = side) -> None:
            await side.wait_leaf(0, seconds)  # type: ignore[attr-defined]

        sent = arrival("alpha")
        place = await kit.intake.append(sent)
        await _settle(wait)
        await _woken(wait, kit.log.commit(writer.round([(place, sent)])))


async def test_news_that_came_between_two_waits_is_not_slept_over(kit: LogKit) -> None:
    await _listening(kit)
    await kit.intake.append(arrival("alpha"))
    await asyncio.wait_for(kit.log.wait_intake(_LONG), _LONG / 2)


async def test_without_news_a_wait_ends_by_itself(kit: LogKit) -> None:
    for _ in range(3):
        await asyncio.wait_for(kit.log.wait_intake(_SHORT), _LONG)
        await asyncio.wait_for(kit.leaves.wait_leaf(0, _SHORT), _LONG)


async def _leaf(kit: LogKit, writer: Writer) -> None:
    sent = arrival("alpha")
    assert await kit.log.commit(writer.round([(await kit.intake.append(sent), sent)]))


async def _wait_leaf(kit: LogKit, seconds: float) -> None:
    await kit.leaves.wait_leaf(0, seconds)


async def test_many_may_wait_at_once(kit: LogKit) -> None:
    """From the first wait on, when nobody listens yet."""
    writer, wait = Writer(), partial(_wait_leaf, kit)
    waiting = [asyncio.create_task(_until(wait)) for _ in range(5)]
    while not all(task.done() for task in waiting):
        await _leaf(kit, writer)
    await asyncio.gather(*waiting)
    assert await kit.listeners() == 1


async def test_a_dropped_listener_is_taken_up_again(kit: LogKit) -> None:
    """The wait that was cut ends in its time; the one after it hears of news."""
    writer, wait = Writer(), partial(_wait_leaf, kit)
    await _settle(wait)
    await kit.drop_listeners()
    assert await kit.listeners() == 0
    while not await kit.listeners():
        await wait(_SHORT)
    await _woken(wait, _leaf(kit, writer))


async def test_the_time_is_a_moment_with_an_offset_that_goes_on(kit: LogKit) -> None:
    first, second = await kit.log.now(), await kit.log.now()
    assert first.utcoffset() is not None
    assert first < second
    assert abs(second - datetime.now(UTC)) < timedelta(minutes=5)
