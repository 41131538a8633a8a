"""Calls that come while one is under way share the next: one round trip for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from events.pacing import Pacer

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    done: asyncio.Future[Result]


class Grouping(Generic[Item, Result]):
    """Gathers items and acts on many at once, one group after the other, in order of the calls.

    `act` gives a result for each item; what it raises, every caller of its group is raised. A group
    holds at most `items_max` items and, beyond its first, `size_max` of what `size` says of them.
    Groups begin at least `gap` seconds apart.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        items_max: int,
        size_max: int = 0,
        size: Callable[[Item], int] = lambda item: 0,
        gap: float = 0,
    ) -> None:
        self._act, self._size = act, size
        self._items_max, self._size_max = items_max, size_max
        self._pacer = Pacer(gap)
        self._queue: list[_Waiting[Item, Result]] = []
        self._acting: list[_Waiting[Item, Result]] = []
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting_size(self) -> int:
        """The size of all that has no result yet."""
        return sum(self._size(waiting.item) for waiting in (*self._acting, *self._queue))

    async def ask(self, item: Item) -> Result:
        """The item's result, once its group was acted on."""
        waiting = _Waiting[Item, Result](item, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._act_on_all())
        try:
            return await waiting.done
        except asyncio.CancelledError:
            # Nobody waits for it any more: while the database is frozen, it must not hold memory.
            if waiting in self._queue:
                self._queue.remove(waiting)
            raise

    async def _act_on_all(self) -> None:
        while self._queue:
            await self._pacer.step()
            group = self._acting = self._take()
            try:
                results = await self._act([waiting.item for waiting in group])
            except Exception as error:
                _tell(group, error)
            except BaseException:
                # The loop ends, and with it whoever waits.
                _tell(group, ConnectionError("this process ends"))
                raise
            else:
                for waiting, result in zip(group, results, strict=True):
                    if not waiting.done.done():
                        waiting.done.set_result(result)
            finally:
                self._acting = []

    def _take(self) -> list[_Waiting[Item, Result]]:
        size, count = 0, 0
        for waiting in self._queue[: self._items_max]:
            size += self._size(waiting.item)
            if count and size > self._size_max:
                break
            count += 1
        group, self._queue = self._queue[:count], self._queue[count:]
        return group


def _tell(group: Sequence[_Waiting[Item, Result]], error: Exception) -> None:
    for waiting in group:
        if not waiting.done.done():
            waiting.done.set_exception(error)
