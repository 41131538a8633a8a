"""What is remembered of finished days never shows in an answer: only in what is read for it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from events.access import Role
from events.days import Days
from events.log.protocol import LeafRecord, Leaves
from services.query_api.recorded_days import RecordedDays, Runs
from tests.query_api.query_world import QueryWorld, approved, done, event

FIRST = date(2026, 11, 2)
_ASKED = (
    "/v1/sectors?by=day",
    "/v1/sectors.csv?task_group=ai-training",
    "/v1/platforms",
    "/v1/platforms/atlas?by=day",
    "/v1/platforms/atlas?from=2026-11-02&task_group=ai-training",
)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.data())
def test_runs_tell_what_follows_from_days_that_never_go_back(
    steps: list[int], data: st.DataObject
) -> None:
    days = [FIRST + timedelta(sum(steps[: at + 1])) for at in range(len(steps))]
    noted = data.draw(st.lists(st.integers(0, len(days) - 1)))
    runs = Runs()
    for index in noted:
        runs.note(index, days[index])
    for index, day in enumerate(days):
        around = [one for one in noted if days[one] == day]
        follows = bool(around) and min(around) <= index <= max(around)
        assert runs.day_of(index) == (day if follows else None)


class Counting:
    """A log's leaves, of which it is counted how many were asked for."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self.asked = 0

    async def leaves(self, first: int, count: int) -> Sequence[LeafRecord]:
        self.asked += 1
        return await self._leaves.leaves(first, count)


async def test_the_last_leaf_of_a_finished_day_is_searched_for_once(told: QueryWorld) -> None:
    counting: Any = Counting(told.inner.leaves)
    recorded, days = RecordedDays(counting), Days("Africa/Casablanca")
    tail = await told.inner.leaves.tail()
    assert tail is not None
    assert await recorded.last_of(date(2000, 1, 1), tail.index, days) is None
    found = await recorded.last_of(FIRST, tail.index, days)
    asked = counting.asked

    assert found is not None
    assert asked > 0
    assert await recorded.last_of(FIRST, tail.index, days) == found
    assert await recorded.day_of(found, days) == FIRST
    assert await recorded.day_of(found + 1, days) > FIRST
    assert counting.asked == asked


async def _told_on(world: QueryWorld, day: int, part: str) -> None:
    """More of every kind that is summed, about an early day and about this one."""
    events = []
    for task, worked in ((f"e{day}{part}", "11-02"), (f"t{day}{part}", f"11-{day:02}")):
        worker = f"w-{task}"
        events += [
            done(task, worker, worked, 600),
            approved(task, worker, worked, 600, "1.00"),
            event(
                "payment.made", f"2026-{worked}T12:00:00+01:00", f"{task}-paid", worker=worker,
                tasks=[task], gross="1.00", currency="USD", paid_at=f"2026-{worked}T12:00:00+01:00",
            ),
        ]  # fmt: skip
    await world.submit("atlas", f"s-{day}-{part}", events)


async def _answers(client: httpx.AsyncClient, world: QueryWorld, as_of: str) -> list[str]:
    told = []
    for path in _ASKED:
        asked = f"{path}{'&' if '?' in path else '?'}as_of={as_of}" if as_of else path
        answer = await client.get(asked, headers=world.bearer(Role.INSPECTOR))
        assert answer.status_code == 200, answer.text
        told.append(answer.text)
    return told


async def test_a_service_that_remembers_answers_like_one_that_was_just_started(
    empty: QueryWorld,
) -> None:
    async with empty.client() as old:
        for day in (2, 3):
            for part in ("a", "b"):
                await _told_on(empty, day, part)
                position = (await old.get("/v1/registry")).json()["position"]
                for as_of in ("", "2026-11-02", f"2026-11-{day:02}", position, position - 1):
                    async with empty.client() as new:
                        assert await _answers(old, empty, str(as_of)) == await _answers(
                            new, empty, str(as_of)
                        )
            empty.later(days=1)
