"""Calls that share a round trip: in order, bounded, each with its own result or its error."""

import asyncio
from collections.abc import Sequence

import pytest

from events.log.grouping import Grouping


class Acting:
    """Holds each group until it is let go, then doubles its items or fails."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go = asyncio.Semaphore(0)
        self.failing: Exception | None = None

    async def act(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        await self.go.acquire()
        if self.failing is not None:
            failing, self.failing = self.failing, None
            raise failing
        return [2 * item for item in items]


async def _begun(acting: Acting, groups: int) -> None:
    async with asyncio.timeout(30):
        while len(acting.groups) < groups:  # noqa: ASYNC110 (others go on meanwhile)
            await asyncio.sleep(0)


@pytest.fixture
def acting() -> Acting:
    return Acting()


async def test_what_comes_meanwhile_shares_the_next_group_in_order(acting: Acting) -> None:
    grouping = Grouping(acting.act, items_max=3)
    asked = [asyncio.create_task(grouping.ask(1))]
    await _begun(acting, 1)
    asked += [asyncio.create_task(grouping.ask(item)) for item in range(2, 6)]
    for _ in range(3):
        acting.go.release()
    assert await asyncio.gather(*asked) == [2, 4, 6, 8, 10]
    assert acting.groups == [[1], [2, 3, 4], [5]]


async def test_a_group_is_bounded_by_size_but_takes_one_item_of_any(acting: Acting) -> None:
    grouping = Grouping(acting.act, items_max=9, size_max=10, size=lambda item: item)
    asked = [asyncio.create_task(grouping.ask(item)) for item in (50, 4, 6, 1)]
    await _begun(acting, 1)
    assert grouping.waiting_size == 61
    for _ in range(3):
        acting.go.release()
    await asyncio.gather(*asked)
    assert acting.groups == [[50], [4, 6], [1]]
    assert grouping.waiting_size == 0


async def test_an_error_is_that_of_its_group_alone_and_is_told_as_it_is(acting: Acting) -> None:
    grouping = Grouping(acting.act, items_max=2)
    acting.failing = KeyError("a bug, not an outage")
    asked = [asyncio.create_task(grouping.ask(item)) for item in (1, 2, 3)]
    for _ in range(2):
        acting.go.release()
    first, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, KeyError)
    assert isinstance(second, KeyError)
    assert third == 6


async def test_who_gives_up_while_waiting_is_not_acted_on(acting: Acting) -> None:
    grouping = Grouping(acting.act, items_max=9)
    held = asyncio.create_task(grouping.ask(1))
    await _begun(acting, 1)
    gone, kept = (asyncio.create_task(grouping.ask(item)) for item in (2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    for _ in range(2):
        acting.go.release()
    assert await asyncio.gather(held, kept) == [2, 6]
    assert gone.cancelled()
    assert acting.groups == [[1], [3]]
