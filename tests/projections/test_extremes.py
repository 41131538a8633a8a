"""Sums of the largest amounts, the longest times and the outermost days are exact."""

from datetime import date
from typing import Any

from tests.projections.telling import completed, replaced, work
from tests.support.world import World, body_of

LARGEST = {"amount": "1000000000", "currency": "MAD"}
EVENTS, SUBMISSIONS = 1_000, 20


async def test_twenty_thousand_largest_amounts_of_one_worker_add_up_exactly(world: World) -> None:
    event = world.alpha.event
    half = EVENTS // 2
    data = {"worker": "w1", "gross": "999999999.999999", "currency": "MAD", "fee": "1000000000"}
    for number in range(SUBMISSIONS):
        body = body_of(
            [event("task.approved", work(seconds=31_622_400, **LARGEST)) for _ in range(half)]
            + [event("payment.made", data) for _ in range(half)]
        )
        await world.append(world.alpha, body, f"large-{number}", EVENTS)
    await world.sequence()
    await world.fold()

    (worked,), (paid,) = await world.view("work_by_worker"), await world.view("pay_by_worker")

    count = half * SUBMISSIONS
    assert worked["approved"] == paid["payments"] == count == 10_000
    # 10^9 units are 10^15 micro-units: ten thousand of them pass 2^63.
    assert worked["earned"] == count * 10**15 > 2**63
    assert worked["paid_seconds"] == count * 366 * 86_400
    assert paid["gross"] == count * (10**15 - 1)
    assert paid["fee"] == count * 10**15


async def test_a_sum_past_64_bits_can_be_taken_back_whole(world: World) -> None:
    events = [
        world.alpha.event("task.approved", work(seconds=1, **LARGEST), id=f"e{number}")
        for number in range(1_000)
    ]
    await world.tell(*events)
    corrections: list[Any] = [
        replaced(world, f"e{number}", "task.approved", work(seconds=1)) for number in range(1_000)
    ]
    await world.tell(*corrections)

    rows = {row["currency"]: row for row in await world.view("work_by_platform")}

    assert (rows["MAD"]["earned"], rows["MAD"]["approved"], rows["MAD"]["paid_seconds"]) == (0,) * 3
    assert (rows["XXX"]["approved"], rows["XXX"]["paid_unstated_seconds"]) == (1_000, 1_000)


async def test_the_outermost_days(world: World) -> None:
    """The first moment that the door lets in, and the last: five minutes ahead of its clock."""
    world.clock.advance(hours=11, minutes=56)
    await world.tell(
        completed(world, worker="first", submitted="2000-01-01T00:00:00Z"),
        completed(world, worker="last", submitted="2026-03-05T00:00:59Z"),
        world.alpha.event(
            "time.reported",
            {"worker": "ahead", "day": "2026-03-05", "kind": "waiting", "seconds": 1},
        ),
    )

    rows = {row["worker"]: row for row in await world.view("work_by_worker")}

    assert rows["first"]["day"] == date(2000, 1, 1)
    assert rows["last"]["day"] == rows["ahead"]["day"] == date(2026, 3, 5)
    assert {row["recorded_day"] for row in rows.values()} == {date(2026, 3, 4)}
