"""What platforms owe to social security, as the ministry reads it, and what the funds are paid."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.ledger.months import assessed, pay
from tests.query_api.posting_world import ATLAS, BASMA, SHARED, paid, posting, tell_person
from tests.query_api.query_world import QueryWorld, event
from tests.query_api.test_query_access import (
    ANALYST,
    AUTHORITY,
    FUND,
    INSPECTOR,
    WORKER,
)
from tests.query_api.test_query_access import ATLAS as ATLAS_ITSELF
from tests.support.world import new_world

PATH = "/v1/contributions"
OTHER = {**FUND, "own": "other"}


@pytest.fixture(scope="module")
async def owing(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    """Atlas owes for one worker in suspense and paid 500; basma owes for one who is assigned."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await tell_person(world)
        atlas = assessed(pay("4000", "2026-11-01", *ATLAS), bundle=SHARED, by_default=True)
        basma = assessed(pay("8000", "2026-11-01", *BASMA), bundle=SHARED)
        first = posting("p1", atlas, 0, 5)
        second = posting("p2", basma, len(first["data"]["lines"]), 5)
        await world.submit("registry", "post-1", [first, second])
        at = world.now.isoformat()
        sent = {"scheme": "cnss", "platform": "atlas", "period": "2026-11", "amount": "500"}
        sent |= {"currency": "MAD", "received_on": "2026-11-02"}
        await world.submit("cnss", "r1", [event("remittance.received", at, "r1", **sent)])
        yield world


async def rows(world: QueryWorld, who: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    answer = await ask(world, who, query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


async def ask(world: QueryWorld, who: dict[str, Any], query: str = "") -> httpx.Response:
    async with world.client() as client:
        return await client.get(PATH + query, headers=world.bearer(**who))


async def test_the_ministry_reads_what_every_platform_owes(owing: QueryWorld) -> None:
    """27.83 % of 4,000; 13.46 % of 6,000 and 14.37 % of 8,000."""
    for who in (ANALYST, INSPECTOR, AUTHORITY):
        atlas, basma = await rows(owing, who)
        assert (atlas["scheme"], atlas["period"], atlas["platform"]) == ("cnss", "2026-11", "atlas")
        assert (atlas["posted"], atlas["suspense"], atlas["due"]) == ("1113.2",) * 3
        assert (atlas["declared"], atlas["paid"], atlas["shortfall"]) == ("90", "500", "613.2")
        assert (atlas["due_on"], atlas["days_late"], atlas["assessed_at"]) == ("2026-12-10", 0, 5)
        assert (basma["posted"], basma["suspense"], basma["due"]) == ("1957.2", "0", "1957.2")


async def test_it_is_asked_by_scheme_platform_month_and_position(owing: QueryWorld) -> None:
    assert [one["platform"] for one in await rows(owing, ANALYST, "?platform=basma")] == ["basma"]
    assert len(await rows(owing, ANALYST, "?scheme=cnss&period=2026-11")) == 2
    assert await rows(owing, ANALYST, "?period=2026-10") == []
    assert await rows(owing, ANALYST, "?scheme=rcar") == []
    then = await rows(owing, ANALYST, "?as_of=6")
    assert [(one["platform"], one["paid"]) for one in then] == [("atlas", "0"), ("basma", "0")]
    assert await rows(owing, ANALYST, "?as_of=5") == []


async def test_a_platform_reads_itself_and_a_fund_its_schemes(owing: QueryWorld) -> None:
    assert [one["platform"] for one in await rows(owing, ATLAS_ITSELF)] == ["atlas"]
    assert len(await rows(owing, FUND)) == 2
    assert await rows(owing, OTHER) == []
    given = [
        (await ask(owing, who, query)).status_code
        for who, query in (
            (ATLAS_ITSELF, "?platform=basma"),
            (OTHER, "?scheme=cnss"),
            (WORKER, ""),
            (FUND, "?period=2026-13"),
        )
    ]
    assert given == [403, 403, 403, 400]


async def test_it_is_a_table_too(owing: QueryWorld) -> None:
    async with owing.client() as client:
        headers = owing.bearer(**ANALYST)
        text = (await client.get(PATH + ".csv", headers=headers)).text
        lines = (await client.get(PATH + ".ndjson", headers=headers)).text.splitlines()
    table = csv.DictReader(io.StringIO(text))
    assert [one["posted"] for one in table] == ["1113.2", "1957.2"]
    assert len(lines) == 2


async def test_what_came_too_late_counts_for_its_own_month(empty: QueryWorld) -> None:
    """November is closed; what is posted about it stands in December's books."""
    await tell_person(empty)
    month = assessed(pay("4000", "2026-11-01", *ATLAS), bundle=SHARED)
    await empty.submit("registry", "post-1", [posting("p1", month, 0, 5)])
    async with empty.client() as client:
        address = "/v1/funds/cnss/statements/2026-11"
        draft = (await client.get(address, headers=empty.bearer(**FUND))).json()
    said = {name: draft["statement"][name] for name in ("scheme", "period", "after", "basis")}
    said |= {"statement": draft["digest"], "totals": draft["statement"]["movements"]}
    await empty.submit(
        "cnss", "close", [event("period.closed", empty.now.isoformat(), "c1", **said)]
    )
    await empty.submit("atlas", "late", [paid("late", "w-b", "100")])
    late = assessed(pay("100", "2026-11-01", "atlas", "w-b"), bundle=SHARED)
    last = draft["statement"]["after"] + 1
    await empty.submit(
        "registry", "post-2", [posting("p2", late, last, 8, period="2026-12", about="2026-11")]
    )
    (only,) = await rows(empty, ANALYST)
    assert (only["period"], only["posted"], only["assessed_at"]) == ("2026-11", "1141.03", 8)
    assert await rows(empty, ANALYST, "?period=2026-11") == [only]
