"""Formats, conditional requests, pages, and input that nobody should send."""

import csv
import io
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.access import Role
from services.query_api.parameters import PARAMETERS
from tests.query_api.query_world import QueryWorld

TABLES = [
    "/v1/sectors",
    "/v1/platforms",
    "/v1/platforms/basma",
    "/v1/platforms/atlas/workers/w-a",
    "/v1/tasks",
    "/v1/keys",
    "/v1/schemas",
    "/v1/emitters/atlas/submissions/s-3",
]


async def get(
    client: httpx.AsyncClient, told: QueryWorld, path: str, **headers: str
) -> httpx.Response:
    return await client.get(path, headers={**told.bearer(Role.INSPECTOR), **headers})


@pytest.mark.parametrize("path", TABLES)
async def test_suffix_and_accept_give_the_same_three_formats(
    client: httpx.AsyncClient, told: QueryWorld, path: str
) -> None:
    rows = "anomalies" if "submissions" in path else "rows"
    document = (await get(client, told, path)).json()
    lines = await get(client, told, path, Accept="application/x-ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == document[rows]
    table = await get(client, told, path, Accept="text/csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(list(csv.DictReader(io.StringIO(table.text)))) >= len(document[rows])
    for suffix, same in (("ndjson", lines), ("csv", table)):
        # The suffix wins over Accept.
        again = await get(client, told, f"{path}.{suffix}", Accept="application/json")
        assert again.content == same.content


async def test_csv_sums_are_right_with_two_currencies(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await get(client, told, "/v1/platforms/basma.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["currency"], row["earned"]) for row in rows] == [("MAD", "10"), ("USD", "5")]
    assert sum(int(row["paid_seconds"] or 0) for row in rows) == 1800


async def test_an_id_that_ends_like_a_suffix_can_be_asked_for(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await get(client, told, "/v1/platforms/atlas/workers/w-a.csv.json")
    assert answer.status_code == 404  # There is no worker w-a.csv.


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/v1/sectors", "application/xml"),
        ("/v1/sectors", "application/json;q=0"),
        ("/v1/registry.csv", "*/*"),
        ("/v1/events/6.ndjson", "*/*"),
    ],
)
async def test_a_format_that_is_not_offered_is_406(
    client: httpx.AsyncClient, told: QueryWorld, path: str, accept: str
) -> None:
    answer = await get(client, told, path, Accept=accept)
    assert answer.status_code == 406
    assert "application/json" in answer.json()["detail"]


async def test_the_etag_is_of_the_bytes(client: httpx.AsyncClient, told: QueryWorld) -> None:
    first = await get(client, told, "/v1/sectors")
    tag = first.headers["etag"]
    assert first.headers["vary"] == "Accept, Authorization"
    assert first.headers["cache-control"] == "private, no-cache"
    same = await get(client, told, "/v1/sectors", **{"If-None-Match": f'"other", W/{tag}'})
    assert same.status_code == 304
    assert same.content == b""
    assert same.headers["registry-position"] == first.headers["registry-position"]
    other = await get(client, told, "/v1/sectors?by=day", **{"If-None-Match": tag})
    assert other.status_code == 200
    table = await get(client, told, "/v1/sectors.csv", **{"If-None-Match": tag})
    assert table.status_code == 200


# --- pages ----------------------------------------------------------------------------------


async def pages(client: httpx.AsyncClient, told: QueryWorld, path: str, rows: str) -> list[Any]:
    found: list[Any] = []
    following: str | None = path
    while following:
        answer = await get(client, told, following)
        assert answer.status_code == 200, answer.text
        found += answer.json()[rows]
        following = answer.links.get("next", {}).get("url")
        assert (following is None) == (answer.json().get("next") is None)
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_pages_of_tasks_are_the_whole(
    client: httpx.AsyncClient, told: QueryWorld, limit: int
) -> None:
    whole = (await get(client, told, "/v1/tasks?platform=atlas&limit=1000")).json()
    assert whole["next"] is None
    assert len(whole["rows"]) == 8
    assert (
        await pages(client, told, f"/v1/tasks?platform=atlas&limit={limit}", "rows")
        == (whole["rows"])
    )


async def test_pages_stay_at_the_position_of_the_first(empty: QueryWorld) -> None:
    at = "2026-11-01T10:00:00+01:00"
    waits = [
        {
            "specversion": "1.0", "type": "time.reported.v1", "id": f"w-{i}", "time": at,
            "data": {"worker": "w", "day": "2026-11-01", "kind": "search", "seconds": 1},
        }
        for i in range(4)
    ]  # fmt: skip
    async with empty.client() as client:
        await empty.submit("atlas", "s-1", waits[:2])
        first = (await get(client, empty, "/v1/tasks?limit=1")).json()
        await empty.submit("atlas", "s-2", waits[2:])
        second = await get(client, empty, f"/v1/tasks?limit=5&cursor={first['next']}")
        assert [row["event_id"] for row in second.json()["rows"]] == ["w-1"]
        assert second.headers["registry-position"] == str(first["basis"]["position"])


@pytest.mark.parametrize(
    "filters",
    ["platform=basma", "platform=atlas&worker=w-b", "platform=atlas&from=2026-11-01"],
)
async def test_a_cursor_of_another_question_is_refused(
    client: httpx.AsyncClient, told: QueryWorld, filters: str
) -> None:
    first = (await get(client, told, "/v1/tasks?platform=atlas&limit=1")).json()
    answer = await get(client, told, f"/v1/tasks?{filters}&cursor={first['next']}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sijill:problem:bad-cursor"


# --- what nobody should send ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("sector=x", "unknown-parameter"),
        ("By=day", "unknown-parameter"),
        ("by=week", "bad-parameter"),
        ("by=day&by=day", "bad-parameter"),
        ("from=2026-02-30", "bad-parameter"),
        ("from=20261101", "bad-parameter"),
        ("as_of=1.0", "bad-parameter"),
        ("as_of=", "bad-parameter"),
        ("platform=%00", "bad-parameter"),
        ("platform=%FF", "bad-parameter"),
        ("platform=" + "a" * 129, "bad-parameter"),
        ("task_group=poetry", "bad-parameter"),
    ],
)
async def test_a_bad_parameter_is_named(
    client: httpx.AsyncClient, told: QueryWorld, query: str, kind: str
) -> None:
    answer = await get(client, told, f"/v1/sectors?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"] == f"urn:sijill:problem:{kind}"


async def test_a_period_that_ends_before_it_begins_is_refused(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await get(client, told, "/v1/sectors?from=2026-11-02&to=2026-11-01")
    assert answer.status_code == 422


async def test_a_plus_sign_in_an_id_stays_one(empty: QueryWorld) -> None:
    told = {
        "specversion": "1.0", "type": "time.reported.v1", "id": "1",
        "time": "2026-11-01T10:00:00+01:00",
        "data": {"worker": "a+b/c", "day": "2026-11-01", "kind": "search", "seconds": 1},
    }  # fmt: skip
    await empty.submit("atlas", "s-1", [told])
    async with empty.client() as client:
        rows = (await get(client, empty, "/v1/tasks?worker=a+b/c")).json()["rows"]
        assert [row["worker"] for row in rows] == ["a+b/c"]
        page = await get(client, empty, f"/v1/platforms/atlas/workers/{quote('a+b/c', safe='')}")
        assert page.json()["worker"] == "a+b/c"


ROUTES = [
    "/v1/registry", "/v1/keys", "/v1/schemas/{}", "/v1/sectors", "/v1/platforms",
    "/v1/platforms/{}", "/v1/platforms/{}/workers/{}", "/v1/tasks", "/v1/events/{}",
    "/v1/events/{}/bytes", "/v1/emitters/{}/submissions/{}",
    "/v1/emitters/{}/submissions/{}/receipt", "/v1/{}",
]  # fmt: skip
_words = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["atlas", "w-a", "s-1", "0", "9" * 18, "9" * 40, "-1", "1e3", "\x00", "."]),
    st.integers().map(str),
    st.dates().map(str),
)
_queries = st.lists(st.tuples(st.sampled_from([*PARAMETERS, "x"]), _words), max_size=4)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(ROUTES), st.lists(_words, min_size=2, max_size=2), _queries)
async def test_no_input_is_an_error_of_ours(
    client: httpx.AsyncClient, told: QueryWorld, route: str, ids: list[str], query: Any
) -> None:
    path = route.format(*(quote(one, safe="", errors="replace") for one in ids))
    asked = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query)
    answer = await get(client, told, f"{path}?{asked}")
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}
