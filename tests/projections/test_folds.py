"""What each event adds, by hand: the table of RULES 3 row by row, the arithmetic in the test."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.projections.telling import work
from tests.support.world import World, new_world

#: Every column of the work grain that is summed.
WORK_SUMS = (
    "completed",
    "approved",
    "rejected",
    "returned",
    "expired",
    "aborted",
    "worked_seconds",
    "paid_seconds",
    "paid_unstated_seconds",
    "rejected_seconds",
    "not_submitted_seconds",
    "fault_seconds",
    "search_seconds",
    "qualification_seconds",
    "waiting_seconds",
    "earned",
)
MONEY = {"amount": "0.05", "currency": "USD"}
REFUSED = {"pay_refused": True, "reason_code": "low-quality", "decided_by": "model"}


async def work_rows(world: World) -> list[dict[str, Any]]:
    """The work grain by worker, zeros left out; it is the same as by platform, workers summed."""
    rows = await world.view("work_by_worker")
    by_platform = await world.view("work_by_platform")
    for name in WORK_SUMS:
        assert sum(row[name] for row in rows) == sum(row[name] for row in by_platform)
    return [{k: v for k, v in row.items() if k not in WORK_SUMS or v != 0} for row in rows]


def _row(**more: Any) -> dict[str, Any]:
    """A row of the work grain of `w1` today in which nothing else is stated."""
    return {
        "emitter": "alpha",
        "worker": "w1",
        "day": date(2026, 3, 4),
        "task_group": "unstated",
        "currency": "XXX",
        "residence": "",
        "recorded_day": date(2026, 3, 4),
        **more,
    }


TABLE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "completed": ("task.completed", {"seconds": 60}, {"completed": 1, "worked_seconds": 60}),
    "completed, seconds unstated": ("task.completed", {}, {"completed": 1}),
    "approved": (
        "task.approved",
        {"seconds": 60, **MONEY},
        {"approved": 1, "paid_seconds": 60, "earned": Decimal(50_000), "currency": "USD"},
    ),
    "approved for nothing": (
        "task.approved",
        {"seconds": 60, "amount": "0", "currency": "USD"},
        {"approved": 1, "paid_seconds": 60, "currency": "USD"},
    ),
    "approved, amount unstated": (
        "task.approved",
        {"seconds": 60},
        {"approved": 1, "paid_unstated_seconds": 60},
    ),
    "returned": ("task.returned", {"seconds": 7}, {"returned": 1, "not_submitted_seconds": 7}),
    "expired": ("task.expired", {"seconds": 8}, {"expired": 1, "not_submitted_seconds": 8}),
    "aborted": ("task.aborted", {"seconds": 9}, {"aborted": 1, "fault_seconds": 9}),
    "rejected, pay refused": (
        "rejection.issued",
        {"seconds": 60, **REFUSED},
        {"rejected": 1, "rejected_seconds": 60},
    ),
    "rejected, pay not refused": (
        "rejection.issued",
        {"seconds": 60, "pay_refused": False},
        {"rejected": 1},
    ),
    "rejected, refusal unstated": ("rejection.issued", {"seconds": 60}, {"rejected": 1}),
    "rejected after approval": (
        "rejection.issued",
        {"seconds": 60, **REFUSED, "taken_back": MONEY},
        {
            "rejected": 1,
            "rejected_seconds": 60,
            "paid_seconds": -60,
            "earned": Decimal(-50_000),
            "currency": "USD",
        },
    ),
    "rejected after approval, seconds unstated": (
        "rejection.issued",
        {"taken_back": MONEY},
        {"rejected": 1, "earned": Decimal(-50_000), "currency": "USD"},
    ),
}


#: Moments at which work was handed in, and the day on which it counts.
DAYS = {
    # Casablanca is at UTC+1 outside Ramadan, which in 2026 took 15 February to 22 March.
    "2026-01-31T22:59:59.999999Z": "2026-01-31",
    "2026-01-31T23:00:00Z": "2026-02-01",
    "2026-02-14T23:30:00Z": "2026-02-15",
    "2026-02-15T23:30:00Z": "2026-02-15",
    "2026-02-28T23:59:59Z": "2026-02-28",
    "2026-03-01T00:00:00Z": "2026-03-01",
    "2026-03-01T00:30:00+05:00": "2026-02-28",
    "2000-01-01T00:00:00Z": "2000-01-01",
    "2024-02-29T12:00:00Z": "2024-02-29",
    # Summer time of 2012 began on 29 April: 23:30 UTC was still the same day before.
    "2012-04-28T23:30:00Z": "2012-04-28",
    "2012-04-29T23:30:00Z": "2012-04-30",
}


@pytest.fixture(scope="module")
async def told(postgres: EmbeddedPostgres) -> AsyncIterator[World]:
    """A world in which every row of the tables above and below was told of a worker of its own."""
    async with new_world(postgres) as world:
        event = world.alpha.event
        await world.tell(
            *(event(type_, work(worker=n, **stated)) for n, (type_, stated, _) in TABLE.items()),
            *(event("task.completed", work(worker=m, submitted=m)) for m in DAYS),
        )
        yield world


@pytest.mark.parametrize("name", TABLE)
async def test_the_table_of_facts(told: World, name: str) -> None:
    rows = [row for row in await work_rows(told) if row["worker"] == name]

    assert rows == [_row(worker=name, **TABLE[name][2])]
    assert await told.view("pay_by_worker") == []


async def test_reported_time_adds_unpaid_seconds_of_its_kind(world: World) -> None:
    stated = {"search": 300, "qualification": 40, "waiting": 5}
    data = {"worker": "w1", "day": "2026-02-01", "residence": "MA-06"}

    await world.tell(
        *(
            world.alpha.event("time.reported", {**data, "kind": kind, "seconds": seconds})
            for kind, seconds in stated.items()
        )
    )

    added = {f"{kind}_seconds": seconds for kind, seconds in stated.items()}
    assert await work_rows(world) == [_row(residence="MA-06", day=date(2026, 2, 1), **added)]


async def test_a_withdrawn_rejection_leaves_no_trace_in_any_sum(world: World) -> None:
    rejections = [stated for type_, stated, _ in TABLE.values() if type_ == "rejection.issued"]
    submitted = {"submitted": "2026-02-01T12:00:00Z", "task_group": "surveys"}
    told = [work(worker=f"w{n}", **submitted, **r) for n, r in enumerate(rejections)]
    await world.tell(*(world.alpha.event("rejection.issued", data) for data in told))
    world.clock.advance(days=3)
    later = "2026-03-07T10:00:00+01:00"
    await world.tell(*(world.alpha.event("rejection.withdrawn", data, time=later) for data in told))

    rows = await world.view("work_by_worker")
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert first["day"] == second["day"] == date(2026, 2, 1)
        assert (first["rejected"], second["rejected"]) == (1, -1)
        assert [first[name] + second[name] for name in WORK_SUMS] == [0] * len(WORK_SUMS)
    refusals = await world.view("refusal_by_platform")
    assert sum(abs(row["rejected"]) for row in refusals) == 2 * len(told)
    assert sum(row["rejected"] for row in refusals) == sum(r["seconds"] for r in refusals) == 0


async def test_refusals_are_counted_by_reason_and_by_who_decided(world: World) -> None:
    event = world.alpha.event
    await world.tell(
        event("rejection.issued", work(seconds=10, **REFUSED)),
        event("rejection.issued", work(seconds=20, **REFUSED)),
        event("rejection.issued", work(seconds=40, **(REFUSED | {"decided_by": "human"}))),
        event("rejection.issued", work(seconds=80, pay_refused=True)),
        event("rejection.issued", work(seconds=160, **(REFUSED | {"pay_refused": False}))),
    )

    rows = await world.view("refusal_by_platform")

    assert [(r["reason"], r["decided_by"], r["rejected"], r["seconds"]) for r in rows] == [
        ("", "unstated", 1, 80),
        ("low-quality", "human", 1, 40),
        ("low-quality", "model", 3, 10 + 20),
    ]


async def test_one_task_from_hand_in_to_pay_taken_back(world: World) -> None:
    event = world.alpha.event
    data = work(seconds=90, submitted="2026-03-01T12:00:00Z")
    await world.tell(
        event("task.completed", data),
        event("task.approved", {**data, **MONEY}),
        event("rejection.issued", {**data, **REFUSED, "taken_back": MONEY}),
    )

    unstated, usd = sorted(await work_rows(world), key=lambda row: row["currency"] == "USD")

    day = date(2026, 3, 1)
    assert unstated == _row(day=day, completed=1, worked_seconds=90)
    # 90 s paid less 90 s, and 0.05 earned less 0.05: nothing is left but the refused time.
    assert usd == _row(day=day, currency="USD", approved=1, rejected=1, rejected_seconds=90)


# --- payments -----------------------------------------------------------------------------

PAYMENT = {
    "worker": "w1",
    "gross": "10.000001",
    "currency": "MAD",
    "fee": "1",
    "taxes": "0.5",
    "contribution_withheld": "0.25",
    "net": "8.250001",
    "rail": "wallet",
    "paid_at": "2026-02-10T09:00:00Z",
}


async def test_a_payment_adds_to_the_pay_grain_only(world: World) -> None:
    await world.tell(world.alpha.event("payment.made", {**PAYMENT, "tasks": ["never-heard-of"]}))

    (row,) = await world.view("pay_by_worker")
    (by_platform,) = await world.view("pay_by_platform")

    assert row == by_platform | {"worker": "w1"}
    assert (row["day"], row["currency"], row["rail"]) == (date(2026, 2, 10), "MAD", "wallet")
    assert (row["payments"], row["gross"]) == (1, 10_000_001)
    assert (row["fee"], row["tax"], row["withheld"]) == (1_000_000, 500_000, 250_000)
    assert row["net"] == row["gross"] - row["fee"] - row["tax"] - row["withheld"]
    assert await world.view("work_by_worker") == []


async def test_a_payment_that_states_little_counts_what_it_states(world: World) -> None:
    data = {"worker": "w1", "gross": "3", "currency": "MAD"}
    await world.tell(world.alpha.event("payment.made", data, time="2026-01-31T23:30:00Z"))

    (row,) = await world.view("pay_by_worker")

    # Half past eleven in UTC is the next day, and the next month, in Casablanca.
    assert (row["day"], row["rail"], row["residence"]) == (date(2026, 2, 1), "unstated", "")
    assert (row["gross"], row["fee"], row["net"]) == (3_000_000, 0, 0)


async def test_a_reversed_payment_is_its_exact_negative_on_the_same_day(world: World) -> None:
    await world.tell(world.alpha.event("payment.made", PAYMENT))
    world.clock.advance(days=1)
    await world.tell(world.alpha.event("payment.reversed", PAYMENT))

    made, reversed_ = await world.view("pay_by_worker")

    assert made["day"] == reversed_["day"]
    for name in ("payments", "gross", "fee", "tax", "withheld", "net"):
        assert made[name] == -reversed_[name] != 0


# --- what is kept apart -------------------------------------------------------------------


async def test_sandbox_work_is_recorded_and_in_no_sum(world: World) -> None:
    event = world.alpha.event
    apart = {"sandbox": True}
    time = {"worker": "w1", "day": "2026-03-01", "kind": "search", "seconds": 1}
    await world.tell(
        event("task.completed", work(**apart)),
        event("task.approved", work(**MONEY, **apart)),
        event("rejection.issued", work(**REFUSED, **apart)),
        event("payment.made", {**PAYMENT, **apart}),
        event("time.reported", {**time, **apart}),
    )

    for name in ("work_by_worker", "work_by_platform", "pay_by_worker", "pay_by_platform"):
        assert await world.view(name) == []
    assert await world.view("refusal_by_platform") == []
    counts = [row for row in await world.view("event_count") if row["emitter"] == "alpha"]
    assert [(row["sandbox"], row["n"]) for row in counts] == [(True, 1)] * 5
    facts = [row for row in await world.view("fact") if row["emitter"] == "alpha"]
    assert [row["sandbox"] for row in facts] == [True] * 5


async def test_sandbox_stated_as_false_is_no_sandbox(world: World) -> None:
    await world.tell(world.alpha.event("task.completed", work(sandbox=False)))

    assert len(await world.view("work_by_worker")) == 1


async def test_unstated_residence_group_and_currency_are_categories_of_their_own(
    world: World,
) -> None:
    event = world.alpha.event
    await world.tell(
        event("task.approved", work(seconds=1, **MONEY)),
        event("task.approved", work(seconds=2, residence="MA", **MONEY)),
        event("task.approved", work(seconds=4, residence="MA", task_group="surveys", **MONEY)),
        event("task.approved", work(seconds=8, residence="MA", task_group="surveys")),
    )

    rows = await world.view("work_by_platform")

    keys = {(r["residence"], r["task_group"], r["currency"]): r for r in rows}
    assert keys["", "unstated", "USD"]["paid_seconds"] == 1
    assert keys["MA", "unstated", "USD"]["paid_seconds"] == 2
    assert keys["MA", "surveys", "USD"]["paid_seconds"] == 4
    assert keys["MA", "surveys", "XXX"]["paid_unstated_seconds"] == 8
    assert len(rows) == 4


async def test_one_pseudonym_on_two_platforms_is_two_workers(world: World, beta: Any) -> None:
    await world.tell(world.alpha.event("task.completed", work(seconds=1), id="same"))
    await world.tell(beta.event("task.completed", work(seconds=2), id="same"), platform=beta)

    rows = await world.view("work_by_worker")

    assert [(row["emitter"], row["worked_seconds"]) for row in rows] == [("alpha", 1), ("beta", 2)]
    assert await world.view("anomaly") == []


# --- days ---------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", DAYS)
async def test_the_work_day_is_the_day_in_the_registrys_zone(told: World, moment: str) -> None:
    (row,) = [row for row in await told.view("work_by_worker") if row["worker"] == moment]

    assert row["day"].isoformat() == DAYS[moment]


async def test_without_a_submitted_time_work_counts_on_the_day_of_the_event(world: World) -> None:
    data = work(**MONEY)
    await world.tell(world.alpha.event("task.approved", data, time="2026-01-31T23:00:00Z"))

    (row,) = await world.view("work_by_worker")

    assert row["day"] == date(2026, 2, 1)


async def test_late_facts_stand_beside_the_earlier_ones_as_a_revision(world: World) -> None:
    await world.tell(world.alpha.event("task.completed", work(seconds=1)))
    world.clock.advance(hours=11, minutes=59)
    await world.tell(world.alpha.event("task.completed", work(seconds=2)))
    world.clock.advance(minutes=2)
    await world.tell(world.alpha.event("task.completed", work(seconds=4)))

    rows = await world.view("work_by_worker")

    # In Ramadan Casablanca is at UTC: 23:59 is the same recorded day, 00:01 the next.
    assert [(r["recorded_day"].day, r["worked_seconds"]) for r in rows] == [(4, 1 + 2), (5, 4)]
    assert {row["day"] for row in rows} == {date(2026, 3, 4)}


async def test_a_clock_set_back_does_not_take_the_recorded_day_back(world: World) -> None:
    world.clock.advance(hours=12)
    await world.tell(world.alpha.event("task.completed", work()))
    world.clock.advance(minutes=-1)
    await world.tell(world.alpha.event("task.completed", work()))

    rows = await world.view("submission")

    assert [row["recorded_day"].day for row in rows if row["emitter"] == "alpha"] == [5, 5]
