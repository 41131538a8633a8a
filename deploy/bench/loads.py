"""How rows load a registry: at full speed, or at a steady rate with each answer's delay noted."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from deploy.bench.http import Client
from deploy.bench.registry import Registry
from deploy.bench.workload import Signed
from services.projections.generation import schema_of

Send = Callable[[Client, Signed], Awaitable[object]]
#: Seconds between looks at where the views stand.
_LOOK_SECONDS = 0.01


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies; NaN of none."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@dataclass(slots=True)
class Pace:
    """What a steady load met: seconds until each answer, and what was taken when."""

    delays: list[float] = field(default_factory=list)
    taken: list[tuple[float, Signed]] = field(default_factory=list)

    def quantile_ms(self, share: float) -> float:
        """A quantile of the delays, in milliseconds."""
        return 1_000 * quantile(self.delays, share)


async def steadily(port: int, submissions: Sequence[Signed], per_second: float, send: Send) -> Pace:
    """Send at a steady rate, whatever the answers take: a slow server is not sent less."""
    pace = Pace()

    async def one(client: Client, signed: Signed, due: float) -> None:
        await send(client, signed)
        now = time.perf_counter()
        # From when it was due: what waited in the sender because the machine was busy counts.
        pace.delays.append(now - due)
        pace.taken.append((now, signed))

    async with Client(port) as client, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number, signed in enumerate(submissions):
            due = began + number / per_second
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(one(client, signed, due))
    return pace


class Watch:
    """Notes when the views moved on, so that each leaf's moment of becoming visible is known."""

    def __init__(self, registry: Registry, generation: int) -> None:
        self._registry = registry
        self._query = f"SELECT next_leaf FROM {schema_of(generation)}.cursor"
        self._moved: list[tuple[int, float]] = []
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        # Once more at the end: what came since the last look would else never have been visible.
        self._ended = True
        await self._task

    async def _look(self) -> None:
        async with self._registry.database() as connection:
            ended = False
            while not ended:
                ended = self._ended
                next_leaf = await connection.fetchval(self._query)
                if not self._moved or next_leaf > self._moved[-1][0]:
                    self._moved.append((next_leaf, time.perf_counter()))
                await asyncio.sleep(_LOOK_SECONDS)

    async def lags(self, pace: Pace) -> list[tuple[float, int]]:
        """Seconds from each acknowledgement to its being visible, and of how many events."""
        leaf_of = await self._leaves(pace)
        seen_at = [leaf for leaf, _ in self._moved]
        lags = []
        for taken, signed in pace.taken:
            # The first look at which the cursor stood behind the leaf.
            first = bisect_right(seen_at, leaf_of[signed.emitter, signed.submission])
            visible = self._moved[first][1] if first < len(self._moved) else float("inf")
            lags.append((max(0.0, visible - taken), signed.events))
        return lags

    async def _leaves(self, pace: Pace) -> dict[tuple[str, str], int]:
        names = [signed.submission for _, signed in pace.taken]
        query = """SELECT emitter, submission, leaf_index FROM log.submission
                   WHERE submission = ANY ($1)"""
        async with self._registry.database() as connection:
            rows = await connection.fetch(query, names)
        return {(row["emitter"], row["submission"]): row["leaf_index"] for row in rows}


def visible_within(lags: Sequence[tuple[float, int]], seconds: float) -> float:
    """The share of events that were visible so soon."""
    events = sum(count for _, count in lags)
    return sum(count for lag, count in lags if lag <= seconds) / events if events else 0.0
