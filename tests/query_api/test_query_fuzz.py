"""Whatever the ledger's routes are asked, right or wrong: a documented answer, never a failure."""

from collections.abc import AsyncIterator
from itertools import cycle
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.embedded.postgres import EmbeddedPostgres
from tests.ledger.months import assessed, pay
from tests.query_api.posting_world import ATLAS as ATLAS_CELL
from tests.query_api.posting_world import BASMA as BASMA_CELL
from tests.query_api.posting_world import SHARED, posting, tell_links, tell_person
from tests.query_api.query_world import Json, QueryWorld
from tests.query_api.test_query_access import ANALYST, ATLAS, AUTHORITY, FUND, INSPECTOR, WORKER
from tests.support.world import new_world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: Where there is something to find, so that not every made-up question ends at its path.
KNOWN = {
    "scheme": "cnss",
    "number": "1",
    "event": "8",
    "period": "2026-11",
    "month": "2026-11",
    "platform": "atlas",
    "worker": "w-a",
    "id": "atlas/w-a",
}
PATHS = (
    "/v1/contributions",
    "/v1/wage-floor",
    "/v1/policy",
    "/v1/months/{month}/platforms/{platform}/workers/{worker}",
    "/v1/funds/{scheme}/entries",
    "/v1/funds/{scheme}/statements/{period}",
    "/v1/funds/{scheme}/rates",
    "/v1/funds/{scheme}/workers/{id}",
    "/v1/funds/{scheme}/remittances",
    "/v1/explain/entries/{scheme}/{number}",
    "/v1/explain/entries/{scheme}/{number}/bytes",
    "/v1/explain/entries/{scheme}/{number}/causes/{event}/bytes",
)


@pytest.fixture(scope="module")
async def posted(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    """A person on two platforms and what was posted for her."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await tell_person(world)
        await tell_links(world)
        both = pay("4000", "2026-11-01", *ATLAS_CELL), pay("8000", "2026-11-01", *BASMA_CELL)
        month = assessed(*both, bundle=SHARED, by_default=True)
        await world.submit("registry", "post", [posting("p1", month, 0, 6, person="p-1")])
        yield world


@pytest.fixture(scope="module")
async def schema(posted: QueryWorld) -> Any:
    async with posted.client() as client:
        return schemathesis.openapi.from_dict((await client.get("/openapi.json")).json())


def made(schema: Any, path: str, mode: GenerationMode) -> list[Any]:
    """Questions made from the description; what lives in an event loop is asked them later."""
    found: list[Any] = []

    @given(schema[path]["GET"].as_strategy(generation_mode=mode))
    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


async def test_no_question_meets_an_undocumented_answer(posted: QueryWorld, schema: Any) -> None:
    readers = cycle((FUND, INSPECTOR, ATLAS, WORKER, AUTHORITY, ANALYST, None))
    statuses: dict[int, int] = {}
    async with posted.client() as client:
        for path in PATHS:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                for case in made(schema, path, mode):
                    own = case.path_parameters or {}
                    known = {name: KNOWN[name] for name in own}
                    for stated in (own, known):
                        case.path_parameters = stated
                        answer = await _asked(posted, client, case, next(readers))
                        if answer is not None:
                            case.validate_response(answer, checks=CHECKS)
                            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    assert {200, 400, 401, 403, 404} <= statuses.keys()


async def _asked(
    world: QueryWorld, client: httpx.AsyncClient, case: Any, who: Json | None
) -> httpx.Response | None:
    asked = case.as_transport_kwargs(base_url="http://query")
    headers = world.bearer(**who) if who else {}
    try:
        request = client.build_request("GET", asked["url"], params=asked.get("params"))
    except (httpx.InvalidURL, UnicodeEncodeError):
        return None
    request.headers.update(headers)
    return await client.send(request)
