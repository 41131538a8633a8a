"""What each event adds, by hand (RULES 3)."""

from decimal import Decimal

from tests.support.world import World

WORK = {"task": "t1", "worker": "w1", "seconds": 60, "residence": "MA", "task_group": "surveys"}


async def test_completed_work_adds_worked_seconds_on_the_day_it_was_submitted(world: World) -> None:
    data = {**WORK, "submitted": "2025-12-01T23:30:00+00:00"}
    await world.tell(world.alpha.event("task.completed", data))

    (row,) = await world.view("work_by_worker")

    # 23:30 UTC is half past midnight in Casablanca.
    assert row["day"].isoformat() == "2025-12-02"
    assert (row["completed"], row["worked_seconds"], row["currency"]) == (1, 60, "XXX")


async def test_approval_adds_paid_seconds_and_what_was_earned(world: World) -> None:
    data = {**WORK, "amount": "0.05", "currency": "USD"}
    await world.tell(world.alpha.event("task.approved", data))

    (row,) = await world.view("work_by_worker")

    assert (row["approved"], row["paid_seconds"], row["currency"]) == (1, 60, "USD")
    assert row["earned"] == Decimal(50_000)
