"""A worker's month as she reads it: what she was paid, what is due, against which minimum wage."""

from typing import Any

import pytest

from events.access import Role
from tests.query_api.query_world import Json, QueryWorld, event
from tests.query_api.test_query_rules import FILES, adoption, read, told_floor

PATH = "/v1/months/2026-11/platforms/atlas/workers/w-a"


def payment(id_: str, gross: str, day: str, **more: Any) -> Json:
    data = {"worker": "w-a", "gross": gross, "currency": "MAD", "residence": "MA", **more}
    return event("payment.made", f"2026-{day}T09:00:00+01:00", id_, **data)


async def told_month(world: QueryWorld) -> None:
    """Work of one day; 742.35 MAD paid on two days, of which 20.04 was withheld, and 5 unstated."""
    await told_floor(world)
    await world.submit(
        "atlas",
        "p-1",
        [
            payment("p-1", "700", "11-01", contribution_withheld="20.04", net="679.96"),
            payment("p-2", "42.35", "11-02"),
            payment("p-3", "5", "11-02", residence=None),
            payment("p-4", "100", "10-31"),
        ],
    )


async def test_a_month_shows_pay_time_and_what_is_due(empty: QueryWorld) -> None:
    await told_month(empty)
    month = await read(empty, PATH, Role.WORKER, platform="atlas", worker="w-a")
    assert month["paid"]["MAD"] == {
        "payments": 3, "gross": "747.35", "fee": "0", "tax": "0",
        "withheld": "20.04", "net": "679.96",
    }  # fmt: skip
    assert (month["seconds"]["paid"], month["seconds"]["waiting"], month["days"]) == (3600, 1800, 1)
    assert month["floor"][0]["paid_and_unpaid_time"]["shortfall"] == "14.88"
    assert month["wages"][0]["hourly"] == "17.92"
    (due,) = month["dues"]
    # Platform: 47.51 + 4.97 + 2.82 + 58.87 + 16.78 + 13.73 + 11.88; worker: 2.45 + 1.41 + 29.40 +
    # 16.78; the fund is owed a centime less, which AMO's rounding leaves over.
    assert (due["scheme"], due["suspense"], due["currency"]) == ("cnss", True, "MAD")
    assert (due["platform"], due["worker"], due["owed"]) == ("156.56", "50.04", "206.59")
    assert [(one["gross"], one["why"]) for one in due["unassessed"]] == [
        ("5", "residence unstated")
    ]


async def test_every_amount_names_the_values_it_rests_on(empty: QueryWorld) -> None:
    await told_month(empty)
    (due,) = (await read(empty, PATH, Role.INSPECTOR))["dues"]
    (share,) = (
        one for one in due["shares"] if (one["branch"], one["payer"]) == ("long-term", "worker")
    )
    assert (share["base"], share["percent"], share["amount"]) == ("742.35", "3.96", "29.4")
    assert share["exact"] == "29397060"
    stated = {one["parameter"]: one for one in due["values"]}
    assert set(share["rests_on"]) <= set(stated)
    rate = stated["schemes.cnss.components.long_term.worker_rate"]
    assert (rate["value"], rate["since"]) == ("3.96", "2002-04-01")
    assert rate["reference"]
    assert "schemes.cnss.ceiling.scope" in due["defaults"]


async def test_an_assigned_scheme_holds_from_its_day_and_leaves_suspense(empty: QueryWorld) -> None:
    """Auto-entrepreneur from 2 November: 42.35 is hers, 700 the day before stays under cnss."""
    await told_month(empty)
    at = empty.now.isoformat()
    assigned = {
        "scheme": "auto-entrepreneur", "platform": "atlas", "worker": "w-a",
        "day_from": "2026-11-02",
    }  # fmt: skip
    other = {**assigned, "worker": "w-b", "scheme": "tns"}
    acts = [
        event("scheme.assigned", at, "as-1", **assigned),
        event("scheme.assigned", at, "as-2", **other),
    ]
    await empty.submit("authority", "act-9", acts)
    dues = (await read(empty, PATH, Role.PLATFORM, platform="atlas"))["dues"]
    assert [(due["scheme"], due["suspense"], due["worker"]) for due in dues] == [
        ("auto-entrepreneur", False, "100"),
        # 700 x 0.33, 0.19, 3.96 and 2.26 %: 2.31 + 1.33 + 27.72 + 15.82.
        ("cnss", True, "47.18"),
    ]
    # What was assigned to another is given to her, and what was hers is cancelled.
    mended = {"type": "scheme.assigned.v1", "data": {**assigned, "scheme": "tns"}}
    fixes = [
        event("correction.cancelled", at, "fix-9", event="as-1"),
        event("correction.replaced", at, "fix-10", event="as-2", replacement=mended),
    ]
    await empty.submit("authority", "act-10", fixes)
    dues = (await read(empty, PATH, Role.PLATFORM, platform="atlas"))["dues"]
    assert [due["scheme"] for due in dues] == ["cnss", "tns"]
    gone = event("correction.cancelled", at, "fix-11", event="as-2")
    await empty.submit("authority", "act-11", [gone])
    dues = (await read(empty, PATH, Role.PLATFORM, platform="atlas"))["dues"]
    assert [due["scheme"] for due in dues] == ["cnss"]


async def test_pay_without_a_rate_is_told_to_wait(empty: QueryWorld) -> None:
    await told_floor(empty)
    await empty.submit("atlas", "p-1", [payment("p-1", "5", "11-02", currency="EUR")])
    (due,) = (await read(empty, PATH, Role.INSPECTOR))["dues"]
    assert [(one["currency"], one["gross"]) for one in due["waiting"]] == [("EUR", "5")]
    assert (due["owed"], due["shares"]) == ("0", [])


async def test_sums_beyond_any_integer_of_the_database_are_exact(empty: QueryWorld) -> None:
    """Ten thousand payments of 10^9: 10^13, in micro-units more than eight bytes hold."""
    await told_floor(empty)
    for part in range(10):
        many = [payment(f"p-{part}-{n}", "1000000000", "11-01") for n in range(1000)]
        await empty.submit("atlas", f"p-{part}", many)
    (due,) = (await read(empty, PATH, Role.INSPECTOR))["dues"]
    # 13.46 % of 6,000 and 14.37 % of 10^13.
    assert due["owed"] == "1437000000807.6"


async def test_only_who_may_read_her_reads_her_month(empty: QueryWorld) -> None:
    await told_month(empty)
    given = {}
    async with empty.client() as client:
        for role, who in (
            (Role.ANALYST, {}),
            (Role.FUND, {}),
            (Role.WORKER, {"platform": "basma", "worker": "w-a"}),
            (Role.WORKER, {"platform": "atlas", "worker": "w-b"}),
            (Role.PLATFORM, {"platform": "basma"}),
            (Role.AUTHORITY, {}),
        ):
            answer = await client.get(PATH, headers=empty.bearer(role, **who))
            given[role, *who.values()] = answer.status_code
    assert list(given.values()) == [403, 200, 403, 403, 403, 200]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/months/2026-13/platforms/atlas/workers/w-a",
        "/v1/months/0000-01/platforms/atlas/workers/w-a",
        "/v1/months/2026-1/platforms/atlas/workers/w-a",
        "/v1/months/2026-11/platforms/atlas/workers/nobody",
        "/v1/months/2026-11/platforms/nobody/workers/w-a",
    ],
)
async def test_a_month_that_is_none_is_404(empty: QueryWorld, path: str) -> None:
    await empty.submit("authority", "a-1", [adoption("ma", FILES, empty.now.isoformat())])
    async with empty.client() as client:
        answer = await client.get(path, headers=empty.bearer(Role.INSPECTOR))
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:sijill:problem:not-found"
