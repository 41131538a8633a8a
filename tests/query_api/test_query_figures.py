"""Figures a ministry reads: sums, hourly pay on both bases, what was known when."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from events.access import Role
from services.query_api.figures import hourly
from tests.query_api.query_world import QueryWorld, approved, done, event


async def read(client: httpx.AsyncClient, told: QueryWorld, path: str) -> Any:
    answer = await client.get(path, headers=told.bearer(Role.INSPECTOR))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_sectors_add_up_and_show_unallocated_time_on_its_own_line(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await read(client, told, "/v1/sectors?platform=atlas")
    (ai, unallocated) = answer["rows"]
    assert ai["task_group"] == "ai-training"
    assert ai["period"] == "2026-11"
    assert ai["counts"] == {
        "completed": 4, "approved": 1, "rejected": 1, "returned": 0, "expired": 0, "aborted": 0,
    }  # fmt: skip
    assert ai["earned"] == {"USD": "3"}
    # 3.00 USD over 1800 paid seconds; and over 1800 + 3600 rejected seconds.
    assert ai["hourly_pay"] == {
        "paid_time": {"USD": "6"},
        "paid_and_unpaid_time": {"USD": "2"},
    }
    assert unallocated["task_group"] is None
    assert unallocated["seconds"]["waiting"] == 600
    assert unallocated["hourly_pay"] == {"paid_time": None, "paid_and_unpaid_time": {}}
    assert answer["totals"]["hourly_pay"]["paid_and_unpaid_time"] == {"USD": "1.8"}


async def test_hours_are_summed_over_currencies_before_hourly_pay(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await read(client, told, "/v1/platforms/basma")
    assert answer["totals"]["earned"] == {"MAD": "10", "USD": "5"}
    # 900 seconds each, 1800 together.
    assert answer["totals"]["hourly_pay"]["paid_time"] == {"MAD": "20", "USD": "10"}


async def test_platform_shows_pay_refusals_and_how_well_it_reports(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await read(client, told, "/v1/platforms/atlas?by=day")
    days = {row["period"]: row for row in answer["rows"]}
    assert days["2026-11-03"]["paid"] == {
        "USD": {
            "payments": 1, "gross": "1.5", "fee": "0.1", "tax": "0", "withheld": "0", "net": "1.4",
        }
    }  # fmt: skip
    assert answer["totals"]["earned_unpaid"] == {"USD": "1.5"}
    assert answer["refusals"] == [
        {"reason": "quality", "decided_by": "model", "rejected": 1, "seconds": 3600}
    ]
    assert answer["workers"] == 3
    assert answer["anomalies"] == [{"rule": "event-id-reused", "anomalies": 1}]
    assert {"type": "task.completed.v1", "sandbox": False, "events": 4} in answer["events"]
    fields = {(one["type"], one["field"]): one["events"] for one in answer["unstated"]}
    assert fields["task.completed.v1", "started"] == 4


async def test_platforms_are_listed_with_their_names_and_sums(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await read(client, told, "/v1/platforms")
    assert [(row["platform"], row["name"], row["country"]) for row in answer["rows"]] == [
        ("alpha", "Alpha", None),
        ("atlas", "Atlas", "MA"),
        ("basma", "Basma", None),
    ]
    assert answer["rows"][2]["earned"] == {"MAD": "10", "USD": "5"}


async def test_worker_shows_slices_payments_and_contracts(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await read(client, told, "/v1/platforms/atlas/workers/w-a")
    assert answer["totals"]["earned"] == {"USD": "3"}
    assert answer["totals"]["paid"]["USD"]["net"] == "1.4"
    assert answer["first_recorded_day"] == "2026-11-02"
    (contract,) = answer["contracts"]
    assert contract["contract"] == "c-1"
    assert contract["terms"]["recourse"] == "by mail"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/sectors?by=day",
        "/v1/platforms?",
        "/v1/platforms/atlas?by=day",
        "/v1/platforms/atlas/workers/w-b?by=day",
    ],
)
async def test_as_of_a_position_is_what_was_answered_then(empty: QueryWorld, path: str) -> None:
    """Every leaf of the story is followed by the same question; later each is asked again."""
    then: dict[int, Any] = {}
    async with empty.client() as client:
        for day in range(2):
            for number in range(3):
                await empty.submit("atlas", f"s-{day}-{number}", story(day, number))
                answer = await read(client, empty, path)
                then[answer["basis"]["position"]] = answer
            empty.later(days=1)
        for position, before in then.items():
            mark = "" if path.endswith("?") else "&"
            again = await read(client, empty, f"{path}{mark}as_of={position}".replace("?&", "?"))
            assert again["basis"].pop("as_of") == position
            before["basis"].pop("as_of")
            # What events left out is kept by whole days.
            for one in (again, before):
                one.pop("unstated", None)
            assert again == before


def story(day: int, number: int) -> list[Any]:
    task = f"t-{day}-{number}"
    told = [done(task, "w-b", "11-01", 60), approved(task, "w-b", "11-01", 60, "0.10")]
    if number == 2:
        at = "2026-11-01T10:00:00+01:00"
        told.append(event("correction.cancelled", at, f"no-{day}", event=f"t-{day}-0-approved"))
    return told


async def test_as_of_a_date_is_inclusive(client: httpx.AsyncClient, told: QueryWorld) -> None:
    before = await read(client, told, "/v1/platforms/atlas?as_of=2026-11-03")
    assert before["totals"]["earned"] == {"USD": "2"}
    assert before["basis"]["position"] == 5
    assert before["unstated"] is not None
    on = await read(client, told, "/v1/platforms/atlas?as_of=2026-11-04")
    assert on["totals"]["earned"] == {"USD": "3"}


@pytest.mark.parametrize("as_of", ["2026-11-06", "11", "2026-03-03", "999999999999999999"])
async def test_what_is_not_recorded_is_never_silently_now(
    client: httpx.AsyncClient, told: QueryWorld, as_of: str
) -> None:
    path = f"/v1/sectors?as_of={as_of}"
    answer = await client.get(path, headers=told.bearer(Role.ANALYST))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:sijill:problem:unknown-basis"


def test_hourly_pay_is_rounded_half_to_even_once() -> None:
    # 0.00005 and 0.00015 units an hour lie exactly between two steps.
    assert hourly({"USD": 50}, 3600) == {"USD": "0"}
    assert hourly({"USD": 150}, 3600) == {"USD": "0.0002"}
    assert hourly({"USD": -4_430_000}, 3600) == {"USD": "-4.43"}
    assert hourly({"USD": 1}, 0) is None
    exact = Decimal(10**30 * 3600) / Decimal(7 * 10**6)
    assert Decimal(str(hourly({"USD": 10**30}, 7)["USD"])) - exact < Decimal("1")  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "earned"),
    [
        ("from=2026-11-01&to=2026-11-01", {"USD": "3"}),
        ("from=2026-11-02", {}),
        ("to=2026-10-31", {}),
        ("task_group=ai-training", {"USD": "3"}),
        ("task_group=surveys", {}),
        ("residence=MA", {"USD": "3"}),
        ("residence=FR", {}),
    ],
)
async def test_filters_keep_what_they_name_days_inclusive(
    client: httpx.AsyncClient, told: QueryWorld, query: str, earned: dict[str, str]
) -> None:
    answer = await read(client, told, f"/v1/platforms/atlas?{query}")
    assert answer["totals"]["earned"] == earned


async def test_beside_one_task_group_no_pay_is_claimed(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    """Pay has no task group: all of it beside a part of the work would look like overpayment."""
    answer = await read(client, told, "/v1/platforms/atlas?task_group=ai-training")
    assert answer["totals"]["paid"] == answer["totals"]["earned_unpaid"] == {}


async def test_work_without_a_stated_group_or_residence_is_a_category_of_its_own(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    group = await read(client, told, "/v1/sectors?task_group=unstated&platform=basma")
    assert [row["task_group"] for row in group["rows"]] == ["unstated"]
    assert group["totals"]["earned"] == {"USD": "5"}
    home = await read(client, told, "/v1/sectors?residence=unstated&platform=basma")
    assert home["totals"]["earned"] == {"USD": "5"}


async def test_sandbox_work_is_shown_and_in_no_sum(empty: QueryWorld) -> None:
    await empty.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60, sandbox=True)])
    async with empty.client() as client:
        (row,) = (await read(client, empty, "/v1/tasks"))["rows"]
        assert (row["sandbox"], row["seconds"]) == (True, 60)
        assert (await read(client, empty, "/v1/sectors"))["rows"] == []


async def test_pay_with_unstated_amount_is_in_no_hourly_figure(empty: QueryWorld) -> None:
    stated = approved("t-1", "w-a", "11-01", 3600, "6.00")
    silent = approved("t-2", "w-a", "11-01", 3600, "0")
    for name in ("amount", "currency"):
        del silent["data"][name]
    await empty.submit("atlas", "s-1", [stated, silent])
    async with empty.client() as client:
        totals = (await read(client, empty, "/v1/sectors"))["totals"]
    assert totals["seconds"]["paid_unstated"] == 3600
    assert totals["hourly_pay"] == {
        "paid_time": {"USD": "6"},
        "paid_and_unpaid_time": {"USD": "6"},
    }
