"""What a platform reads of its ledger is the same bytes, whoever its workers are elsewhere.

Two registries are told the same, but that in one of them a worker of each platform is one person.
Whoever owns both platforms, or asks both, must not find her by what the ledger says: by numbers,
events, leaves, order, or what was assessed when.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.access import sign_access
from tests.projections.accounting import SCHEME
from tests.support.books import Books, books_of, reading
from tests.support.world import Platform, new_world

ENTRIES = f"/v1/funds/{SCHEME}/entries"
#: She is neither the first nor the last of either platform.
WORKERS = {"alpha": ("a1", "a2", "a3"), "beta": ("b1", "b2", "b3")}
HERS = ("alpha", "a2"), ("beta", "b2")
#: Pseudonyms that nobody is paid under.
NOBODY = ("alpha", "a9"), ("beta", "b9")
Seen = dict[str, Any]


async def _pay(books: Books, platform: str, worker: str, gross: str, day: str = "10") -> None:
    said = {"worker": worker, "gross": gross, "currency": "MAD", "residence": "MA"}
    said |= {"paid_at": f"2026-02-{day}T12:00:00Z"}
    speaker = _speaker(books, platform)
    await books.world.tell(speaker.event("payment.made", said), platform=speaker)


def _speaker(books: Books, platform: str) -> Platform:
    return books.beta if platform == "beta" else books.world.alpha


async def _tell(books: Books, *, linked: bool) -> None:
    """First postings, then late pay of hers on one platform and on the other, each posted."""
    authority = books.world.authority
    for platform, worker in HERS if linked else NOBODY:
        said = {"platform": platform, "worker": worker, "person": "p1"}
        await books.world.tell(authority.event("identity.linked", said), platform=authority)
    for platform, workers in WORKERS.items():
        for worker in workers:
            await _pay(books, platform, worker, "7423.50")
    await books.post()
    for cell in (*HERS[::-1], ("beta", "b3")):
        await _pay(books, *cell, "100", "11")
        assert (await books.post()).postings == 1
    for anew in (False, True):
        for cell in (("beta", "b1"), ("alpha", "a1"), *HERS):
            await _pay(books, *cell, "300", "12")
        assert (await books.post(anew=anew)).postings == 4


@pytest.fixture(scope="module", params=WORKERS)
def platform(request: pytest.FixtureRequest) -> str:
    """Each of the two asks."""
    return str(request.param)


@pytest.fixture(scope="module")
async def both(postgres: EmbeddedPostgres) -> AsyncIterator[list[Books]]:
    """The one registry, and the one in which she is one person."""
    async with (
        new_world(postgres) as first,
        new_world(postgres) as second,
        books_of(first) as apart,
        books_of(second) as linked,
    ):
        await _tell(apart, linked=False)
        await _tell(linked, linked=True)
        yield [apart, linked]


async def _seen(books: Books, platform: str) -> Seen:
    """All that a platform can read of its ledger, in every format, by address."""
    speaker, world = _speaker(books, platform), books.world
    token = sign_access(speaker.key, emitter=platform, registry=world.identity, at=world.clock())
    async with reading(books) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        seen = {
            path: (await _read(client, path)).text
            for path in (f"{ENTRIES}.ndjson", f"{ENTRIES}.csv", f"{ENTRIES}.ndjson?after=3&limit=9")
        }
        rows = (await _read(client, ENTRIES)).json()["rows"]
        assert {row["worker"] for row in rows} == set(WORKERS[platform])
        first = {row["event_number"]: row["number"] for row in reversed(rows)}
        paths = [ENTRIES, f"{ENTRIES}?limit=7", "/v1/contributions"]
        paths += [f"/v1/funds/{SCHEME}/remittances"]
        paths += [f"/v1/explain/entries/{SCHEME}/{number}" for number in sorted(first.values())]
        for worker in WORKERS[platform]:
            paths.append(f"/v1/funds/{SCHEME}/workers/{platform}/{worker}")
            paths.append(f"/v1/months/2026-02/platforms/{platform}/workers/{worker}")
        return seen | {path: _bare((await _read(client, path)).json()) for path in paths}


async def _read(client: httpx.AsyncClient, path: str) -> httpx.Response:
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer


def _bare(found: Any) -> Any:
    """Without what differs between any two registries: hashes of leaves, random ids of acts."""
    if isinstance(found, dict):
        random = {"leaf_hash"} | ({"id"} if found.get("source") == "/emitters/registry" else set())
        return {name: _bare(value) for name, value in found.items() if name not in random}
    return [_bare(one) for one in found] if isinstance(found, list) else found


async def test_a_platform_reads_the_same_bytes_whoever_its_workers_are(
    both: list[Books], platform: str
) -> None:
    apart, linked = [await _seen(books, platform) for books in both]
    assert apart.keys() == linked.keys()
    for path, said in apart.items():
        assert linked[path] == said, path
    assert "p1" not in str(linked)


async def test_the_fund_sees_whom_she_was_assessed_together_with(both: list[Books]) -> None:
    async with reading(both[1]) as client:
        rows = (await client.get(ENTRIES)).json()["rows"]
    hers = {(row["platform"], row["worker"]) for row in rows if row["person"] == "p1"}
    assert hers == set(HERS)
    # A posting is of one pseudonym alone.
    owners = {(row["event_number"], row["platform"], row["worker"]) for row in rows}
    assert len(owners) == len({row["event_number"] for row in rows})
