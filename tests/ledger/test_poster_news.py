"""A round looks at what came since the last one, and at everything where it cannot know."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from deploy.assessing import Mark, mark_of, news_behind
from services.query_api.database import Snapshot, _compiled
from tests.support.books import Books, books_of
from tests.support.world import World


@pytest.fixture
async def books(world: World) -> AsyncIterator[Books]:
    async with books_of(world) as made:
        yield made


async def _pay(books: Books, *workers: str) -> None:
    said = {"gross": "742.35", "currency": "MAD", "residence": "MA"}
    said |= {"paid_at": "2026-02-10T12:00:00Z"}
    events = [books.world.alpha.event("payment.made", {"worker": w, **said}) for w in workers]
    await books.world.tell(*events)


async def _act(books: Books, type_: str, worker: str) -> None:
    said = {"platform": "alpha", "worker": worker, "person": "p1"}
    authority = books.world.authority
    await books.world.tell(authority.event(type_, said), platform=authority)


async def _news(books: Books, mark: Mark | None) -> int | None:
    async with books.database.snapshot() as snapshot:
        return await news_behind(snapshot, mark)


async def test_news_of_one_whose_link_was_ended_are_posted(books: Books) -> None:
    await _act(books, "identity.linked", "w1")
    await _act(books, "identity.unlinked", "w1")
    await _pay(books, "w1", "w2")
    assert (await books.post()).postings == 2
    await _pay(books, "w1")
    assert (await books.post()).postings == 1
    assert (await books.post(anew=True)).lines == 0


async def test_a_mark_of_another_history_is_not_believed(books: Books) -> None:
    await _pay(books, "w1")
    await books.post()
    mark = books.mark
    assert mark is not None
    assert await _news(books, mark) == mark.event
    assert await _news(books, replace(mark, digest="another")) is None
    assert await _news(books, replace(mark, event=mark.event + 1)) is None
    assert await _news(books, replace(mark, event=0)) is None
    # What came since changes nothing about it, but an act that may change any month.
    await _pay(books, "w2")
    assert await _news(books, mark) == mark.event
    await _act(books, "identity.linked", "w1")
    assert await _news(books, mark) is None


async def test_no_fact_that_was_known_is_looked_at_again(books: Books) -> None:
    """However many came on one day: by the numbers of events, not by days or leaves."""
    await _pay(books, "w1", "w2")
    async with books.database.snapshot() as snapshot:
        mark = await mark_of(snapshot)
        assert mark is not None
        for name, asked in (("posting_mark", "event"), ("owners_since", "since")):
            plan = await _plan(snapshot, name, {asked: mark.event})
            assert "fact_recorded" not in plan
            assert "Index Scan" in plan.partition("fact_number")[0].splitlines()[-1], plan


async def _plan(snapshot: Snapshot, name: str, values: dict[str, int]) -> str:
    """Of a table that is worth an index."""
    query, order = _compiled(name)
    driver = await snapshot._driver()
    await driver.execute("SET LOCAL enable_seqscan = off")
    await driver.execute("SET LOCAL enable_bitmapscan = off")
    rows = await driver.fetch(f"EXPLAIN {query}", *(values[one] for one in order))
    return "\n".join(row[0] for row in rows)
