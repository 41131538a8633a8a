"""A worker's month over all platforms of hers: what she and those who may know are told."""

from decimal import Decimal
from typing import Any

import httpx

from events.access import Role
from policies.bundle import Bundle
from services.query_api.contributions import part_paid
from tests.ledger.months import assessed, pay
from tests.query_api.posting_world import (
    ATLAS,
    BASMA,
    SHARED,
    link,
    paid,
    posting,
    tell_links,
    tell_person,
    unlink,
)
from tests.query_api.query_world import Json, QueryWorld, approved, event

MONTH = "/v1/months/2026-11/platforms/{}/workers/{}"
WORKER = {"role": Role.WORKER, "platform": "atlas", "worker": "w-a"}
PLATFORM = {"role": Role.PLATFORM, "platform": "atlas"}
SEES = ({"role": Role.INSPECTOR}, {"role": Role.AUTHORITY}, {"role": Role.FUND}, WORKER)


async def ask(
    world: QueryWorld, who: Json, cell: tuple[str, str] = ATLAS, query: str = ""
) -> httpx.Response:
    async with world.client() as client:
        path = MONTH.format(*cell) + query
        return await client.get(path, headers=world.bearer(**who))


async def month(world: QueryWorld, who: Json, *more: Any) -> Json:
    answer = await ask(world, who, *more)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_the_person_s_month_is_shown_by_platform_and_together(empty: QueryWorld) -> None:
    """4,000 and 8,000 under one ceiling of 6,000: 2,000 of it is atlas's, 4,000 basma's. The
    worker's share: 0.33, 0.19 and 3.96 % of the capped base, 2.26 % of all pay."""
    await tell_person(empty)
    await tell_links(empty)
    work = approved("t-1", "w-a", "11-02", 3600, "12", currency="MAD")
    await empty.submit("atlas", "wa", [work])
    work = approved("t-2", "k-2", "11-02", 1800, "10", currency="MAD")
    refused = event(
        "rejection.issued", empty.now.isoformat(), "t-3-rejected", worker="k-2", task="t-3",
        contract="c-1", submitted="2026-11-02T11:00:00+01:00", seconds=1800, residence="MA",
        pay_refused=True,
    )  # fmt: skip
    await empty.submit("basma", "wb", [work, refused])
    for who in SEES:
        found = await month(empty, who)
        both = found["together"]
        assert (found["platform"], found["paid"]["MAD"]["gross"]) == ("atlas", "4000")
        assert [(one["platform"], one["worker"]) for one in both["parts"]] == [ATLAS, BASMA]
        assert (both["person"], both["paid"]["MAD"]["gross"]) == ("p-1", "12000")
        assert both["paid"]["MAD"]["withheld"] == "90"
        assert (both["seconds"]["paid"], both["counts"]["rejected"], both["days"]) == (5400, 1, 1)
        assert both["hourly_pay"]["paid_time"] == {"MAD": "14.6667"}
        # Day by day on each platform: 17.92 - 12 of atlas, 17.92 for two half hours - 10 of basma.
        (floor,) = both["floor"]
        assert floor["paid_and_unpaid_time"]["shortfall"] == "13.84"
        assert floor["paid_and_unpaid_time"]["hourly_pay"] == "11"
        (dues,) = both["dues"]
        # 2,000: 6.6 + 3.8 + 79.2, and 90.4 of 4,000; 4,000: 13.2 + 7.6 + 158.4, and 180.8 of 8,000.
        assert dues["worker"] == "540"
        assert [one["worker"] for one in found["dues"]] == ["180"]
        own, other = (one["contributions"] for one in both["parts"])
        assert found["contributions"] == own
        assert [one["due"] for one in both["contributions"]] == [
            f"{Decimal(own[0]['due']) + Decimal(other[0]['due']):f}"
        ]


async def test_due_posted_and_paid_stand_side_by_side(empty: QueryWorld) -> None:
    """Atlas paid half of what it must bring for all its workers: half of hers counts as paid.

    13.46 % of 2,000 and 14.37 % of 4,000; of basma 13.46 % of 4,000 and 14.37 % of 8,000."""
    await tell_person(empty)
    await tell_links(empty)
    own, other = pay("4000", "2026-11-01", *ATLAS), pay("8000", "2026-11-01", *BASMA)
    together = assessed(own, other, bundle=SHARED, by_default=True)
    await empty.submit("registry", "post", [posting("p1", together, 0, 6, person="p-1")])
    (due,) = (await month(empty, WORKER))["contributions"]
    assert due["due"] == due["posted"] == "844"
    assert (due["suspense"], due["paid"]) == (True, "0")
    half = {"scheme": "cnss", "platform": "atlas", "period": "2026-11", "amount": "422"}
    half |= {"currency": "MAD", "received_on": "2026-11-02"}
    at = empty.now.isoformat()
    await empty.submit("cnss", "rem", [event("remittance.received", at, "r1", **half)])
    late = paid("pc", "w-a", "1000", "11-02")
    await empty.submit("atlas", "pc", [late])
    both = (await month(empty, WORKER))["together"]
    (atlas,), (basma,) = (one["contributions"] for one in both["parts"])
    assert (atlas["posted"], atlas["paid"], basma["paid"]) == ("844", "422", "0")
    assert Decimal(atlas["due"]) > 844
    (whole,) = both["contributions"]
    assert (whole["posted"], whole["paid"]) == ("2532", "422")
    before = await month(empty, WORKER, ATLAS, "?as_of=6")
    assert [one["posted"] for one in before["contributions"]] == ["0"]
    before = await month(empty, WORKER, ATLAS, "?as_of=7")
    assert [(one["posted"], one["paid"]) for one in before["contributions"]] == [("844", "0")]


async def test_links_are_those_of_the_position(empty: QueryWorld) -> None:
    await tell_person(empty)
    await tell_links(empty)
    await empty.submit("authority", "act-un", [unlink("un", empty.now.isoformat(), BASMA)])
    inspector: Json = {"role": Role.INSPECTOR}
    for query, persons in (("?as_of=5", None), ("?as_of=6", "p-1"), ("?as_of=7", None), ("", None)):
        found = await month(empty, inspector, ATLAS, query)
        assert (found["together"] or {}).get("person") == persons, query
    assert (await month(empty, inspector, ATLAS, "?as_of=2026-11-02"))["together"] is None
    # What an ended link joined may be another's: she is not shown it, whenever it stood.
    then = await month(empty, WORKER, ATLAS, "?as_of=6")
    assert then["together"] is None
    assert "k-2" not in str(then)
    assert then["dues"][0]["worker"] == "269.6"


async def test_a_platform_learns_nothing_of_a_link(empty: QueryWorld) -> None:
    """Before and after a link, and after pay elsewhere, its answers are equal but for position."""
    await tell_person(empty)
    told: list[tuple[Any, ...]] = []

    async def look() -> None:
        seen: list[Any] = []
        for cell in (ATLAS, ("atlas", "w-z"), BASMA):
            answer = await ask(empty, PLATFORM, cell)
            body = answer.json()
            body.pop("basis", None)
            seen.append((answer.status_code, body))
        told.append(tuple(seen))

    await look()
    await tell_links(empty)
    await look()
    await empty.submit("basma", "more", [paid("pd", "k-2", "500", currency="EUR")])
    await look()
    await empty.submit("authority", "act-un", [unlink("un", empty.now.isoformat(), BASMA)])
    await look()
    assert told[0] == told[1] == told[2] == told[3]
    assert [status for status, _ in told[0]] == [200, 404, 403]
    assert told[0][0][1]["together"] is None
    assert "p-1" not in str(told)


async def test_a_scheme_assigned_to_the_person_holds_on_every_platform_and_for_each_reader(
    empty: QueryWorld,
) -> None:
    await tell_person(empty)
    await tell_links(empty)
    act = event(
        "scheme.assigned", empty.now.isoformat(), "as-p", scheme="auto-entrepreneur", person="p-1",
        day_from="2026-01-01",
    )  # fmt: skip
    await empty.submit("authority", "act-as", [act])
    found = await month(empty, WORKER)
    assert [one["scheme"] for one in found["together"]["dues"]] == ["auto-entrepreneur"]
    assert found["contributions"][0]["suspense"] is False
    # The platform needs to know what to withhold, and learns it of its own worker alone.
    own = await month(empty, PLATFORM)
    assert [one["scheme"] for one in own["dues"]] == ["auto-entrepreneur"]


async def test_a_fund_reads_of_those_alone_who_owe_to_its_schemes(empty: QueryWorld) -> None:
    await tell_person(empty)
    other: Json = {"role": Role.FUND, "own": "other"}
    nobody = await ask(empty, other, ("atlas", "w-z"))
    hers = await ask(empty, other)
    assert (hers.status_code, hers.json()) == (404, nobody.json())
    assert [one["scheme"] for one in (await month(empty, {"role": Role.FUND}))["dues"]] == ["cnss"]


async def test_pay_that_waits_makes_the_person_s_month_wait(empty: QueryWorld) -> None:
    await tell_person(empty)
    await tell_links(empty)
    await empty.submit("basma", "eur", [paid("pe", "k-2", "5", currency="EUR")])
    both = (await month(empty, WORKER))["together"]
    assert [one["due"] for one in both["contributions"]] == [None]
    assert [one["waiting"][0]["currency"] for one in both["dues"]] == ["EUR"]


async def test_a_pseudonym_that_was_linked_and_never_spoke_of_is_no_part(empty: QueryWorld) -> None:
    await tell_person(empty)
    at = empty.now.isoformat()
    acts = [link("link-a", at, ATLAS), link("link-z", at, ("basma", "k-9"))]
    await empty.submit("authority", "act-z", acts)
    both = (await month(empty, {"role": Role.INSPECTOR}))["together"]
    assert [(one["platform"], one["worker"]) for one in both["parts"]] == [ATLAS]


def test_the_part_of_a_remittance_is_never_more_than_hers() -> None:
    assert part_paid(100, 300, 150) == 50
    assert part_paid(100, 300, 900) == 100
    assert part_paid(100, 301, 100) == 33
    assert part_paid(-5, 300, 300) == part_paid(5, 0, 10) == part_paid(5, 10, 0) == 0


def test_the_shared_ceiling_is_another_policy() -> None:
    assert isinstance(SHARED, Bundle)
    assert SHARED.at("schemes.cnss.ceiling.scope", pay("1").day).value == "per-worker"
