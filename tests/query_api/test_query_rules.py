"""The rules in force and the wage floor, as ministry readers are answered."""

from typing import Any

import httpx
import pytest

from events.access import Role
from policies import country_folder
from policies.bundle import Bundle
from policies.loader import read_folder
from tests.query_api.query_world import Json, QueryWorld, approved, done, event

FILES = read_folder(country_folder("ma"))
HOURLY = "minimum_wage/hourly.yaml"


def adoption(id_: str, files: dict[str, str], at: str, digest: str | None = None) -> Json:
    """The authority's act."""
    named = digest or Bundle.from_files("MA", files).digest
    return event("policy.adopted", at, id_, country="MA", digest=named, files=files)


def rate(id_: str, day: str, value: str, at: str) -> Json:
    """A dollar in dirhams."""
    return event("rate.published", at, id_, base="USD", quote="MAD", day=day, rate=value)


async def told_floor(world: QueryWorld) -> None:
    """A policy, a rate, and three worker-days: two of atlas, one of basma in dollars."""
    at = world.now.isoformat()
    acts = [adoption("ma-1", FILES, at), rate("usd-1", "2026-11-02", "9.20", at)]
    await world.submit("authority", "act-2", acts)
    await world.submit(
        "atlas",
        "s-1",
        [
            approved("t-1", "w-a", "11-02", 3600, "12", currency="MAD"),
            event("time.reported", at, "wait-1", worker="w-a", day="2026-11-02",
                  kind="waiting", seconds=1800, residence="MA"),
            approved("t-2", "w-b", "11-01", 3600, "17.92", currency="MAD", residence=None),
            approved("t-3", "w-c", "11-02", 3600, "1", currency="MAD", residence="FR"),
        ],
    )  # fmt: skip
    await world.submit("basma", "b-1", [approved("b-1", "w-a", "11-02", 3600, "1.50")])


async def read(world: QueryWorld, path: str, role: Role = Role.ANALYST, **who: Any) -> Any:
    async with world.client() as client:
        answer = await client.get(path, headers=world.bearer(role, **who))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_floor_by_platform_is_worked_out_by_hand(empty: QueryWorld) -> None:
    """atlas: 17.92 - 12 = 5.92 short on paid time, 26.88 - 12 = 14.88 with half an hour of
    waiting. basma: 1.50 x 9.20 = 13.80, 4.12 short. Of w-b nobody said where she lives."""
    await told_floor(empty)
    answer = await read(empty, "/v1/wage-floor?from=2026-11-01&to=2026-11-02")
    rows = {(row["platform"], row["residence"]): row for row in answer["rows"]}
    assert rows.keys() == {("atlas", "resident"), ("atlas", "unstated"), ("basma", "resident")}
    atlas = rows["atlas", "resident"]
    assert atlas["paid_time"] == {
        "seconds": 3600, "hourly_pay": "12", "floor": "17.92", "shortfall": "5.92",
        "days_below": 1,
    }  # fmt: skip
    assert atlas["paid_and_unpaid_time"]["shortfall"] == "14.88"
    assert (atlas["days"], atlas["pay"]) == (1, "12")
    assert rows["basma", "resident"]["paid_time"]["shortfall"] == "4.12"
    assert rows["atlas", "unstated"]["paid_time"]["shortfall"] == "0"
    assert [wage["hourly"] for wage in answer["wages"]] == ["17.92"]
    assert answer["policy"] == Bundle.from_files("MA", FILES).digest


async def test_the_floor_by_sector_shares_a_day_out_over_its_time(empty: QueryWorld) -> None:
    """14.88 of atlas: two thirds in the tasks, 9.92, a third in the waiting, 4.96; with basma's
    4.12 in the same sector 14.04."""
    await told_floor(empty)
    answer = await read(empty, "/v1/wage-floor?per=sector&by=day&from=2026-11-02&to=2026-11-02")
    rows = {row["task_group"]: row for row in answer["rows"] if row["residence"] == "resident"}
    shortfalls = {name: row["paid_and_unpaid_time"]["shortfall"] for name, row in rows.items()}
    assert shortfalls == {"ai-training": "14.04", None: "4.96"}
    assert {row["period"] for row in answer["rows"]} == {"2026-11-02"}


async def test_a_platform_sees_its_own_floor_alone(empty: QueryWorld) -> None:
    await told_floor(empty)
    own = await read(empty, "/v1/wage-floor", Role.PLATFORM, platform="basma")
    assert {row["platform"] for row in own["rows"]} == {"basma"}


async def test_a_wrong_rate_is_corrected_and_a_second_one_counts_for_nothing(
    empty: QueryWorld,
) -> None:
    await told_floor(empty)
    at = empty.now.isoformat()
    await empty.submit("authority", "act-3", [rate("usd-2", "2026-11-02", "99", at)])
    path = "/v1/wage-floor?platform=basma&from=2026-11-02&to=2026-11-02"
    assert (await read(empty, path))["rows"][0]["pay"] == "13.8"
    before = (await read(empty, path))["basis"]["position"]
    mended = {"base": "USD", "quote": "MAD", "day": "2026-11-02", "rate": "10"}
    fix = event(
        "correction.replaced", at, "fix-1", event="usd-1",
        replacement={"type": "rate.published.v1", "data": mended},
    )  # fmt: skip
    await empty.submit("authority", "act-4", [fix])
    assert (await read(empty, path))["rows"][0]["pay"] == "15"
    assert (await read(empty, f"{path}&as_of={before}"))["rows"][0]["pay"] == "13.8"
    gone = event("correction.cancelled", at, "fix-2", event="usd-1")
    await empty.submit("authority", "act-5", [gone])
    assert (await read(empty, path))["rows"][0]["pay"] == "148.5"


async def test_the_policy_in_force_is_the_newest_that_can_be_read(empty: QueryWorld) -> None:
    at = empty.now.isoformat()
    async with empty.client() as client:
        nothing = await client.get("/v1/policy")
    assert (nothing.status_code, nothing.json()["type"]) == (404, "urn:sijill:problem:not-found")
    raised = {**FILES, HOURLY: FILES[HOURLY].replace('"17.92"', '"18.00"')}
    await empty.submit("authority", "act-2", [adoption("ma-1", FILES, at)])
    await empty.submit("authority", "act-3", [adoption("ma-2", raised, at)])
    broken = {"minimum_wage/hourly.yaml": "no rule"}
    digest = "sha256:" + "0" * 64
    await empty.submit("authority", "act-4", [adoption("ma-3", broken, at, digest)])
    await empty.submit("authority", "act-5", [adoption("ma-4", FILES, at, digest)])
    found = await _policy(empty, "")
    assert (found["adopted_leaf"], found["digest"]) == (4, Bundle.from_files("MA", raised).digest)
    assert _row(found, "minimum_wage.hourly")["value"] == "18.00"
    assert (await _policy(empty, "?as_of=3"))["adopted_leaf"] == 3


async def _policy(world: QueryWorld, query: str) -> Any:
    async with world.client() as client:
        answer = await client.get(f"/v1/policy{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _row(policy: Any, name: str) -> Any:
    (row,) = (row for row in policy["rows"] if row["parameter"] == name)
    return row


async def test_a_policy_is_shown_for_a_day_with_what_is_known_and_what_is_assumed(
    empty: QueryWorld,
) -> None:
    at = empty.now.isoformat()
    await empty.submit("authority", "act-2", [adoption("ma-1", FILES, at)])
    found = await _policy(empty, "?on=2023-08-31")
    assert _row(found, "minimum_wage.hourly")["value"] == "15.55"
    training = _row(found, "schemes.cnss.components.training_tax.platform_rate")
    assert (training["value"], training["note"]) == (None, "no value known before 2024-01-01")
    assert _row(found, "schemes.cnss.ceiling.scope")["mark"] == "assumed"
    bands = _row(found, "schemes.auto_entrepreneur.components.amo.bands")
    assert bands["value"]["500"] == "130"
    async with empty.client() as client:
        table = (await client.get("/v1/policy.csv?on=2023-08-31")).text
    assert "minimum_wage.hourly,15.55,currency/hour,MAD,2022-09-01" in table
    assert ",0:100 500:130 " in table


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("?from=2026-10-01&to=2026-11-01", 422, "long-period"),
        ("?from=2026-12-01", 422, "long-period"),
        ("?per=worker", 400, "bad-parameter"),
        ("?from=2026-11-02&to=2026-11-01", 422, "empty-period"),
        ("?from=0001-01-01&to=0001-01-31", 404, "not-found"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_told(
    client: httpx.AsyncClient, told: QueryWorld, query: str, status: int, kind: str
) -> None:
    answer = await client.get(f"/v1/wage-floor{query}", headers=told.bearer(Role.ANALYST))
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:sijill:problem:{kind}")


async def test_time_handed_in_and_not_decided_is_in_no_floor(empty: QueryWorld) -> None:
    await told_floor(empty)
    await empty.submit("atlas", "s-2", [done("t-9", "w-z", "11-02", 3600)])
    answer = await read(empty, "/v1/wage-floor?platform=atlas&from=2026-11-02&to=2026-11-02")
    (row,) = (row for row in answer["rows"] if row["residence"] == "resident")
    assert row["paid_and_unpaid_time"]["shortfall"] == "14.88"
    assert row["days"] == 1
