"""What a fund pulls: pages that add up, statements, whose lines they are, why an entry stands."""

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.access import Role
from events.jose import PrivateKey
from migrations.roles import QUERY
from services.query_api.access import AuditTrail
from tests.projections.accounting import FILES, POLICY
from tests.query_api.query_world import QueryWorld, event
from tests.query_api.test_query_access import (
    ANALYST,
    ATLAS,
    AUTHORITY,
    BASMA,
    FUND,
    INSPECTOR,
    NAMESAKE,
    WORKER,
)
from tests.support.world import Platform, new_world

Json = dict[str, Any]
ENTRIES = "/v1/funds/cnss/entries"


def posting(id_: str, after: int, lines: list[Json], **more: Any) -> Json:
    data = {"scheme": "cnss", "period": "2026-11", "after": after, "basis": 5, "policy": POLICY}
    return event("ledger.posted", "2026-11-02T12:00:00Z", id_, **(data | {"lines": lines} | more))


def pair(platform: str, worker: str, amount: str) -> list[Json]:
    owner = {"platform": platform, "worker": worker, "branch": "amo", "currency": "MAD"}
    return [
        {"account": "fund.receivable", "debit": amount, **owner},
        {"account": "platform.payable", "credit": amount, **owner},
    ]


async def tell_ledger(world: QueryWorld) -> None:
    """A payment, a policy, three chained postings of two platforms and a remittance."""
    at = world.now.isoformat()
    world.speakers["other"] = Platform("other", PrivateKey.generate())
    key = msgspec.to_builtins(world.speakers["other"].key.jwk)
    pay = {"worker": "w-a", "gross": "100", "currency": "MAD", "contribution_withheld": "2.5"}
    registered = {"emitter": "other", "name": "Other", "schemes": ["rcar"], "key": key}
    adopted = {"country": "MA", "digest": POLICY, "files": FILES}
    acts = [
        event("fund.registered", at, "reg-other", **registered),
        event("policy.adopted", at, "adopt", **adopted),
        event("identity.linked", at, "link", person="p-1", platform="atlas", worker="w-a"),
    ]
    await world.submit("authority", "act-l", acts)
    await world.inner.door.refresh_keys(older_than=0)
    await world.submit("atlas", "pay", [event("payment.made", at, "pay-l", **pay)])
    await world.submit("atlas", "pay-late", [event("payment.made", at, "pay-2", **pay)])
    postings = [
        posting("p1", 0, pair("atlas", "w-a", "4.52"), previous_basis=4),
        posting("p2", 2, pair("atlas", "w-b", "1.000001")),
        posting("p3", 4, pair("basma", "w-a", "7"), person="p-9"),
    ]
    await world.submit("registry", "post-1", postings)
    paid = {"scheme": "cnss", "platform": "atlas", "period": "2026-11", "amount": "3"}
    paid |= {"currency": "MAD", "received_on": "2026-11-02"}
    await world.submit("cnss", "paid", [event("remittance.received", at, "r1", **paid)])


@pytest.fixture(scope="module")
async def ledger(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await tell_ledger(world)
        yield world


@pytest.fixture(scope="module")
async def reader(ledger: QueryWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with ledger.client() as opened:
        opened.headers.update(ledger.bearer(**FUND))
        yield opened


async def _pages(reader: httpx.AsyncClient, limit: int) -> list[Json]:
    rows: list[Json] = []
    address = f"{ENTRIES}?limit={limit}"
    while address:
        answer = await reader.get(address)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["rows"]
        assert len(answer.json()["rows"]) <= limit
        address = answer.links.get("next", {}).get("url", "")
    return rows


async def test_pages_of_any_size_add_up_to_the_stream(reader: httpx.AsyncClient) -> None:
    whole = await reader.get(f"{ENTRIES}.ndjson")
    rows = [json.loads(line) for line in whole.text.splitlines()]
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5, 6]
    for limit in (1, 2, 3, 5, 6, 1000):
        assert await _pages(reader, limit) == rows
    assert whole.headers["registry-last-entry"] == "6"
    after = await reader.get(f"{ENTRIES}.ndjson?after=4&limit=1")
    assert [json.loads(line)["number"] for line in after.text.splitlines()] == [5]


async def test_csv_holds_the_same_rows(reader: httpx.AsyncClient) -> None:
    rows = await _pages(reader, 100)
    table = list(csv.DictReader(io.StringIO((await reader.get(f"{ENTRIES}.csv")).text)))
    assert table == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]


async def test_the_statement_is_that_of_the_pulled_bytes_and_a_closing_by_it_stands(
    postgres: EmbeddedPostgres,
) -> None:
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await tell_ledger(world)
        async with world.client() as client:
            client.headers.update(world.bearer(**FUND))
            draft = (await client.get("/v1/funds/cnss/statements/2026-11")).json()
            lines = (await client.get(f"{ENTRIES}.ndjson?period=2026-11")).content
            made_of = draft["statement"]
            assert made_of["entries_sha256"] == f"sha256:{hashlib.sha256(lines).hexdigest()}"
            assert made_of["movements"] == [
                {"account": "fund.receivable", "currency": "MAD", "debit": "12.520001",
                 "credit": "0"},
                {"account": "platform.payable", "currency": "MAD", "debit": "0",
                 "credit": "12.520001"},
            ]  # fmt: skip
            said = {name: made_of[name] for name in ("scheme", "period", "after", "basis")}
            closing = said | {"statement": draft["digest"], "totals": made_of["movements"]}
            await world.submit(
                "cnss", "close", [event("period.closed", "2026-11-02T12:00:00Z", "c1", **closing)]
            )
            closed = (await client.get("/v1/funds/cnss/statements/2026-11")).json()
            assert (closed["closed"], closed["closed_entry"]) == (True, 7)
            late = posting("p4", 7, pair("atlas", "w-a", "9"), period="2026-12", about="2026-11")
            await world.submit("registry", "post-2", [late])
            after = (await client.get("/v1/funds/cnss/statements/2026-11")).json()
            assert after["statement"] == made_of
            assert after["digest"] == closed["digest"] == draft["digest"]
            again = (await client.get(f"{ENTRIES}.ndjson?period=2026-11")).content
            assert again == lines
            december = (await client.get("/v1/funds/cnss/statements/2026-12")).json()["statement"]
            assert december["opening"] == made_of["closing"]
            assert december["movements"][0]["debit"] == "9"


OTHER: Json = {"role": Role.FUND, "own": "other"}
MATRIX = {
    ENTRIES: (200, 403, 200, 200, 403, 200, 200, 200, 200),
    f"{ENTRIES}?platform=atlas": (200, 403, 200, 200, 403, 200, 403, 200, 403),
    f"{ENTRIES}.ndjson?worker=w-b": (200, 403, 200, 200, 403, 200, 200, 403, 403),
    "/v1/funds/nobody/entries": (403, 403, 404, 404, 403, 404, 404, 404, 404),
    "/v1/funds/cnss/statements/2026-11": (200, 403, 200, 200, 403, 403, 403, 403, 403),
    "/v1/funds/cnss/statements/2026-13": (404, 404, 404, 404, 403, 404, 404, 404, 404),
    "/v1/funds/cnss/workers/atlas/w-a": (200, 403, 200, 200, 403, 200, 403, 200, 403),
    "/v1/funds/cnss/workers/atlas/w-z": (404, 403, 404, 404, 403, 404, 403, 403, 403),
    "/v1/funds/cnss/workers/atlas": (404, 403, 404, 404, 403, 404, 404, 404, 404),
    "/v1/funds/cnss/remittances": (200, 403, 200, 200, 403, 200, 200, 403, 403),
    "/v1/explain/entries/cnss/1": (200, 403, 200, 200, 403, 200, 404, 200, 404),
    "/v1/explain/entries/cnss/5": (200, 403, 200, 200, 403, 404, 200, 404, 200),
    "/v1/explain/entries/cnss/99": (404, 403, 404, 404, 403, 404, 404, 404, 404),
    "/v1/explain/entries/cnss/1/bytes": (200, 403, 200, 200, 403, 403, 404, 403, 404),
}
READERS = (FUND, OTHER, INSPECTOR, AUTHORITY, ANALYST, ATLAS, BASMA, WORKER, NAMESAKE)


@pytest.mark.parametrize("path", MATRIX)
async def test_each_reads_what_is_its_own(ledger: QueryWorld, path: str) -> None:
    async with ledger.client() as client:
        given = [
            (await client.get(path, headers=ledger.bearer(**who))).status_code for who in READERS
        ]
        assert (await client.get(path)).status_code == 401
    assert tuple(given) == MATRIX[path]


@pytest.mark.parametrize(
    "path",
    [
        ENTRIES,
        f"{ENTRIES}.ndjson",
        f"{ENTRIES}.csv",
        "/v1/funds/cnss/workers/atlas/w-a",
        "/v1/funds/cnss/workers/atlas/w-z",
        "/v1/explain/entries/cnss/1",
        "/v1/explain/entries/cnss/1/bytes",
        "/v1/explain/entries/cnss/1/causes/999/bytes",
    ],
)
async def test_no_line_no_entries(ledger: QueryWorld, path: str) -> None:
    """Fail closed: here by a role that may not write the trail."""
    async with ledger.client(ledger.state(AuditTrail(ledger.engine(QUERY)))) as client:
        answer = await client.get(path, headers=ledger.bearer(**INSPECTOR))
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:sijill:problem:no-audit"


async def test_platform_and_worker_see_their_own_lines_alone(ledger: QueryWorld) -> None:
    async with ledger.client() as client:
        for who, numbers in ((ATLAS, [1, 2, 3, 4]), (WORKER, [1, 2]), (NAMESAKE, [5, 6])):
            for path in (f"{ENTRIES}.ndjson", f"{ENTRIES}.ndjson?worker=w-a"):
                answer = await client.get(path, headers=ledger.bearer(**who))
                found = [json.loads(line)["number"] for line in answer.text.splitlines()]
                assert found == [n for n in numbers if n in (1, 2, 5, 6) or "?" not in path]


async def test_no_platform_learns_who_is_whom(ledger: QueryWorld) -> None:
    async with ledger.client() as client:
        for path, hidden in (
            (f"{ENTRIES}?after=4", "p-9"),
            (f"{ENTRIES}.ndjson?after=4", "p-9"),
            ("/v1/explain/entries/cnss/5", "p-9"),
        ):
            seen = {}
            for name, who in (("fund", FUND), ("basma", BASMA), ("worker", NAMESAKE)):
                answer = await client.get(path, headers=ledger.bearer(**who))
                seen[name] = hidden in answer.text
            assert seen == {"fund": True, "basma": False, "worker": True}, path
        part = "/v1/funds/cnss/workers/atlas/w-a"
        assert "p-1" not in (await client.get(part, headers=ledger.bearer(**ATLAS))).text


async def test_a_worker_s_part_and_what_was_remitted(reader: httpx.AsyncClient) -> None:
    part = (await reader.get("/v1/funds/cnss/workers/atlas/w-a")).json()
    assert (part["person"], [row["debit"] for row in part["rows"]]) == ("p-1", ["4.52", "0"])
    answer = (await reader.get("/v1/funds/cnss/remittances")).json()
    rows = answer["rows"]
    assert [one["parameter"] for one in answer["values"]] == ["contributions.due_day"]
    assert [(row["platform"], row["due"], row["paid"], row["shortfall"]) for row in rows] == [
        ("atlas", "5.520001", "3", "2.520001"),
        ("basma", "7", "0", "7"),
    ]
    assert (rows[0]["declared"], rows[0]["due_on"], rows[0]["days_late"]) == ("5", "2026-12-10", 0)


async def test_a_platform_learns_what_to_withhold(ledger: QueryWorld) -> None:
    async with ledger.client() as client:
        headers = ledger.bearer(**ATLAS)
        path = "/v1/funds/cnss/rates?period=2026-10"
        found = (await client.get(path, headers=headers)).json()
        none = await client.get("/v1/funds/rcar/rates", headers=headers)
    rates = {(row["branch"], row["payer"]): row for row in found["rows"]}
    assert rates["amo", "worker"]["percent"] == "2.26"
    assert rates["long-term", "worker"]["base"] == "capped"
    assert (found["ceiling"], found["currency"], found["policy"]) == ("6000", "MAD", POLICY)
    stated = {value["parameter"] for value in found["values"]}
    assert stated >= set(rates["amo", "worker"]["rests_on"])
    assert none.status_code == 404


async def test_an_entry_leads_to_its_posting_policy_payments_and_signed_bytes(
    reader: httpx.AsyncClient,
) -> None:
    why = (await reader.get("/v1/explain/entries/cnss/1")).json()
    assert (why["event"]["id"], why["event"]["data"]["basis"]) == ("p1", 5)
    assert (why["policy"]["digest"], why["policy"]["adopted_leaf"]) == (POLICY, 3)
    causes = [(one["event"]["id"], one["since_previous"]) for one in why["causes"]]
    assert causes == [("pay-2", True), ("pay-l", False)]
    signed = await reader.get("/v1/explain/entries/cnss/1/bytes")
    assert [one["id"] for one in signed.json()] == ["p1", "p2", "p3"]
    assert signed.headers["submission-signature"].count(".") == 2
