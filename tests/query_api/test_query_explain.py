"""Why an entry stands: from its assessment and parameters down to the signed bytes."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.cli.reasons import cause_lines, why_lines
from deploy.embedded.postgres import EmbeddedPostgres
from tests.ledger.months import assessed, morocco, pay
from tests.query_api.posting_world import (
    ATLAS,
    BASMA,
    SHARED,
    paid,
    posting,
    tell_links,
    tell_person,
    unlink,
)
from tests.query_api.query_world import Json, QueryWorld, event
from tests.query_api.test_query_access import ATLAS as ATLAS_ITSELF
from tests.query_api.test_query_access import AUTHORITY, FUND, INSPECTOR, WORKER
from tests.query_api.test_query_access import BASMA as BASMA_ITSELF
from tests.query_api.test_query_rules import rate
from tests.support.world import new_world

PATH = "/v1/explain/entries/cnss/{}"


@pytest.fixture(scope="module")
async def shared(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    """4,000 and 8,000 of one person under one ceiling of 6,000, posted at position 6."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await tell_person(world)
        await tell_links(world)
        both = pay("4000", "2026-11-01", *ATLAS), pay("8000", "2026-11-01", *BASMA)
        month = assessed(*both, bundle=SHARED, by_default=True)
        await world.submit("registry", "post", [posting("p1", month, 0, 6, person="p-1")])
        yield world


async def ask(world: QueryWorld, who: Json, path: str) -> httpx.Response:
    async with world.client() as client:
        return await client.get(path, headers=world.bearer(**who))


async def why(world: QueryWorld, who: Json, number: int, query: str = "") -> Json:
    answer = await ask(world, who, PATH.format(number) + query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def entry(world: QueryWorld, platform: str, account: str, branch: str) -> int:
    answer = await ask(world, FUND, "/v1/funds/cnss/entries")
    (found,) = (
        row["number"]
        for row in answer.json()["rows"]
        if (row["platform"], row["account"], row["branch"]) == (platform, account, branch)
    )
    return int(found)


async def test_an_entry_leads_to_its_share_and_every_value_with_its_reference(
    shared: QueryWorld,
) -> None:
    """3.96 % of 2,000, atlas's part of the one ceiling: 79.20."""
    number = await entry(shared, "atlas", "worker.withheld", "long-term")
    found = await why(shared, FUND, number)
    assert found["entry"]["credit"] == "79.2"
    share = found["share"]
    assert (share["payer"], share["base"], share["percent"]) == ("worker", "2000", "3.96")
    assert (share["amount"], share["exact"]) == ("79.2", "79200000")
    values = {one["parameter"]: one for one in found["assessment"]["values"]}
    assert set(share["rests_on"]) <= set(values)
    for path in ("components.long_term.worker_rate", "ceiling.amount", "ceiling.scope"):
        stated = values[f"schemes.cnss.{path}"]
        assert stated["since"], path
        assert stated["reference"], path
    assert values["schemes.cnss.ceiling.amount"]["value"] == "6000"
    assert found["policy"]["adopted_leaf"] == 3
    claim = await why(shared, FUND, await entry(shared, "basma", "suspense.receivable", "amo"))
    # The whole of the branch: 4.52 % of 8,000.
    assert (claim["share"]["payer"], claim["share"]["amount"]) == (None, "361.6")


async def test_who_may_know_is_shown_the_pay_elsewhere_and_a_platform_is_told_that_it_is(
    shared: QueryWorld,
) -> None:
    number = await entry(shared, "atlas", "worker.withheld", "long-term")
    for who in (FUND, INSPECTOR, AUTHORITY, WORKER):
        found = await why(shared, who, number)
        assert found["elsewhere"] is True
        assert [(one["platform"], one["gross"]) for one in found["sums"]] == [
            ("atlas", "4000"),
            ("basma", "8000"),
        ]
        assert {one["event"]["id"] for one in found["causes"]} == {"pa", "pb"}
    answer = await ask(shared, ATLAS_ITSELF, PATH.format(number))
    told = answer.json()
    assert told["elsewhere"] is True
    assert [(one["platform"], one["gross"]) for one in told["sums"]] == [("atlas", "4000")]
    assert ([one["event"]["id"] for one in told["causes"]], told["causes_total"]) == (["pa"], 1)
    assert {one["platform"] for one in told["assessment"]["shares"]} == {"atlas"}
    for hidden in ("basma", "k-2", "p-1", '"8000"'):
        assert hidden not in answer.text


async def test_pay_elsewhere_that_changes_nothing_is_not_told(empty: QueryWorld) -> None:
    """Each platform has a ceiling of its own: what is due does not rest on the other's pay."""
    await tell_person(empty, morocco())
    await tell_links(empty)
    both = pay("4000", "2026-11-01", *ATLAS), pay("8000", "2026-11-01", *BASMA)
    month = assessed(*both, by_default=True)
    await empty.submit("registry", "post", [posting("p1", month, 0, 6, person="p-1")])
    assert (await why(empty, ATLAS_ITSELF, 1))["elsewhere"] is False


async def test_an_end_of_a_link_is_a_cause_elsewhere_too(empty: QueryWorld) -> None:
    """The ceiling is atlas's own again: the rest is posted, and its own pay did not change."""
    await tell_person(empty)
    await tell_links(empty)
    both = pay("4000", "2026-11-01", *ATLAS), pay("8000", "2026-11-01", *BASMA)
    month = assessed(*both, bundle=SHARED, by_default=True)
    first = posting("p1", month, 0, 6, person="p-1")
    await empty.submit("registry", "post", [first])
    await empty.submit("authority", "act-un", [unlink("un", empty.now.isoformat(), BASMA)])
    own = {"platform": "atlas", "worker": "w-a", "branch": "long-term", "currency": "MAD"}
    lines = [
        {"account": "suspense.receivable", "debit": "79.2", **own},
        {"account": "worker.withheld", "credit": "79.2", **own},
    ]
    after = len(first["data"]["lines"])
    moved = {**first["data"], "lines": lines, "after": after, "basis": 8, "previous_basis": 6}
    moved.pop("person")
    at = empty.now.isoformat()
    await empty.submit("registry", "post-2", [event("ledger.posted", at, "p2", **moved)])
    found = await why(empty, ATLAS_ITSELF, after + 2)
    assert (found["elsewhere"], found["acts"]) == (True, [])
    assert found["share"]["amount"] == "158.4"
    assert [one["since_previous"] for one in found["causes"]] == [False]
    # She is no longer that person: what the other pseudonym was paid may not be hers.
    hers = await why(empty, WORKER, 1)
    assert hers["elsewhere"] is True
    assert [one["platform"] for one in hers["sums"]] == ["atlas"]
    told = await why(empty, FUND, after + 2)
    assert told["elsewhere"] is True
    assert [one["type"] for one in told["acts"]] == ["identity.unlinked.v1"]


async def test_a_platform_is_shown_acts_about_its_worker_and_none_about_a_person(
    empty: QueryWorld,
) -> None:
    """Of the person's scheme both platforms' entries would name one act, and so each other."""
    await tell_person(empty, morocco())
    await tell_links(empty)
    both = pay("4000", "2026-11-01", *ATLAS), pay("8000", "2026-11-01", *BASMA)
    month = assessed(*both, by_default=True)
    first = posting("p1", month, 0, 6)
    await empty.submit("registry", "post", [first])
    at, since = empty.now.isoformat(), {"scheme": "tns", "day_from": "2026-01-01"}
    hers = event("scheme.assigned", at, "as-1", platform="atlas", worker="w-a", **since)
    person = event("scheme.assigned", at, "as-2", person="p-1", **since)
    await empty.submit("authority", "act-as", [hers, person])
    back = [
        {{"debit": "credit", "credit": "debit"}.get(name, name): said for name, said in one.items()}
        for one in first["data"]["lines"]
    ]
    moved = {**first["data"], "lines": back, "after": len(back), "basis": 8, "previous_basis": 6}
    await empty.submit("registry", "post-2", [event("ledger.posted", at, "p2", **moved)])
    whose = {one["platform"]: place for place, one in enumerate(back, len(back) + 1)}
    told = {
        (str(who["role"]), platform): len((await why(empty, who, whose[platform]))["acts"])
        for who, platform in (
            (ATLAS_ITSELF, "atlas"), (BASMA_ITSELF, "basma"), (FUND, "atlas"), (FUND, "basma"),
            (WORKER, "atlas"),
        )
    }  # fmt: skip
    assert told == {
        ("platform", "atlas"): 1, ("platform", "basma"): 0, ("fund", "atlas"): 2,
        ("fund", "basma"): 2, ("worker", "atlas"): 2,
    }  # fmt: skip


async def test_all_payments_are_behind_the_pages(empty: QueryWorld) -> None:
    await tell_person(empty)
    many = [paid(f"m-{n}", "w-a", "1") for n in range(250)]
    await empty.submit("atlas", "many", many)
    month = assessed(pay("4250", "2026-11-01", *ATLAS), bundle=SHARED, by_default=True)
    await empty.submit("registry", "post", [posting("p1", month, 0, 6)])
    seen: list[str] = []
    sizes: list[int] = []
    address = PATH.format(1)
    while address:
        answer = await ask(empty, ATLAS_ITSELF, address)
        page = answer.json()
        assert page["causes_total"] == 251
        sizes.append(len(page["causes"]))
        seen += [one["event"]["id"] for one in page["causes"]]
        address = answer.links.get("next", {}).get("url", "")
    assert sizes == [100, 100, 51]
    assert sorted(seen) == sorted(["pa", *(f"m-{n}" for n in range(250))])
    assert len((await why(empty, FUND, 1, "?limit=1000"))["causes"]) == 251
    other = await ask(empty, FUND, PATH.format(2) + f"?cursor={page['next'] or 'x'}")
    assert other.status_code == 400


async def test_a_payment_leads_to_its_signed_bytes(shared: QueryWorld) -> None:
    number = await entry(shared, "atlas", "worker.withheld", "long-term")
    cause = (await why(shared, ATLAS_ITSELF, number))["causes"][0]
    path = f"{PATH.format(number)}/causes/{cause['event_number']}/bytes"
    for who in (FUND, INSPECTOR, WORKER, ATLAS_ITSELF):
        signed = await ask(shared, who, path)
        assert signed.status_code == 200
        assert signed.json()[int(signed.headers["event-index"])]["id"] == "pa"
        assert signed.headers["submission-signature"].count(".") == 2
        assert signed.headers["registry-leaf"] == str(cause["leaf_index"])
    assert (await ask(shared, BASMA_ITSELF, path)).status_code == 404
    elsewhere = (await why(shared, FUND, number))["causes"][0]
    path = f"{PATH.format(number)}/causes/{elsewhere['event_number']}/bytes"
    given = [(await ask(shared, who, path)).status_code for who in (FUND, WORKER, ATLAS_ITSELF)]
    assert given == [200, 403, 404]


async def test_a_fund_gets_no_submission_that_holds_workers_of_others(empty: QueryWorld) -> None:
    await tell_person(empty)
    mixed = [paid("x-1", "w-a", "1"), paid("x-2", "w-other", "1")]
    await empty.submit("atlas", "mixed", mixed)
    month = assessed(pay("4001", "2026-11-01", *ATLAS), bundle=SHARED, by_default=True)
    await empty.submit("registry", "post", [posting("p1", month, 0, 6)])
    newest = (await why(empty, FUND, 1))["causes"][0]
    path = f"{PATH.format(1)}/causes/{newest['event_number']}/bytes"
    given = [
        (await ask(empty, who, path)).status_code for who in (FUND, WORKER, INSPECTOR, ATLAS_ITSELF)
    ]
    assert given == [403, 403, 200, 200]
    other = f"{PATH.format(1)}/causes/{newest['event_number'] + 1}/bytes"
    assert (await ask(empty, INSPECTOR, other)).status_code == 404


async def test_rates_are_shown_with_the_rule_that_chose_them(empty: QueryWorld) -> None:
    """100 USD of 2 November at the rate of that day, 9.20: 4.52 % of 920."""
    await tell_person(empty)
    at = empty.now.isoformat()
    await empty.submit("authority", "rate", [rate("usd", "2026-11-02", "9.20", at)])
    await empty.submit("atlas", "usd", [paid("u", "w-u", "100", "11-02", currency="USD")])
    month = assessed(pay("920", "2026-11-02", "atlas", "w-u"), bundle=SHARED, by_default=True)
    await empty.submit("registry", "post", [posting("p1", month, 0, 7)])
    found = await why(empty, FUND, await entry(empty, "atlas", "suspense.receivable", "amo"))
    assert found["share"]["amount"] == "41.58"
    assert found["assessment"]["rates"] == [
        {"currency": "USD", "day": "2026-11-02", "rate": "9.20", "dated": "2026-11-02"}
    ]
    values = {one["parameter"]: one for one in found["assessment"]["values"]}
    assert values["exchange_rate.rule"]["value"] == "newest-on-or-before"
    assert values["exchange_rate.max_age_days"]["value"] == 7


async def test_the_terminal_says_the_same(shared: QueryWorld) -> None:
    number = await entry(shared, "atlas", "worker.withheld", "long-term")
    document = await why(shared, FUND, number)
    lines = [*why_lines(document), *cause_lines(document)]
    text = "\n".join(lines)
    assert "assessed: long-term (worker) 3.96 % of 2000 = 79.2" in text
    assert "schemes.cnss.components.long_term.worker_rate = 3.96 since 2002-04-01" in text
    assert "schemes.cnss.ceiling.scope = per-worker since 2000-01-01 [assumed]" in text
    assert "pay 2026-11-01 basma/k-2: 8000 MAD (MA)" in text
    assert "4000 MAD on 2026-11-01 to atlas/w-a, new since, signed in pa, leaf 4" in text
    assert "pay under other pseudonyms" in text
    told = await why(shared, ATLAS_ITSELF, number)
    assert not any("basma" in line or "p-1" in line for line in why_lines(told))


async def test_the_number_of_a_closing_rests_on_nothing(empty: QueryWorld) -> None:
    await tell_person(empty)
    month = assessed(pay("4000", "2026-11-01", *ATLAS), bundle=SHARED, by_default=True)
    await empty.submit("registry", "post", [posting("p1", month, 0, 5)])
    draft = (await ask(empty, FUND, "/v1/funds/cnss/statements/2026-11")).json()
    said = {name: draft["statement"][name] for name in ("scheme", "period", "after", "basis")}
    said |= {"statement": draft["digest"], "totals": draft["statement"]["movements"]}
    closing = event("period.closed", empty.now.isoformat(), "c1", **said)
    await empty.submit("cnss", "close", [closing])
    found = await why(empty, FUND, draft["statement"]["after"] + 1)
    assert (found["share"], found["assessment"], found["causes"]) == (None, None, [])
    assert "the number that closing 2026-11 took" in "\n".join(why_lines(found))
    path = f"{PATH.format(draft['statement']['after'] + 1)}/causes/1/bytes"
    assert (await ask(empty, FUND, path)).status_code == 404
