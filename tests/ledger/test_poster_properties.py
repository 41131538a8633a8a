"""Any order and split, posted at any points: the balances that the oracle gives, and nothing lost.

Through the real poster, a real log and real views; after every commit the books are looked at.
"""

import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events import money
from migrations.roles import PROJECTION
from services.projections import rebuild
from tests.ledger.conftest import NewBooks
from tests.ledger.story import ACTS, TRACKS, Story, tell, woven
from tests.projections.accounting import SCHEME
from tests.projections.telling import views
from tests.projections.test_ledger import LEDGER, statement_of
from tests.support.books import Books, reading

QUICK = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    # Each example is told to a real registry: a long one is soon found, shrinking takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
#: A foreign currency for each story: no rate is shared.
CURRENCIES = iter(sorted(money.CURRENCIES - {"MAD", "XXX"}))
NUMBERS = count()
ENTRIES = f"/v1/funds/{SCHEME}/entries"
#: Where a story is cut, and what happens there: nothing, news are posted, all is assessed again, or
#: a month is closed first.
CUTS = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["", "post", "post", "anew", "close"])), max_size=8
)


@pytest.fixture(scope="module")
async def books(new_books: NewBooks) -> AsyncIterator[Books]:
    """One registry for all stories: each has workers, persons and a currency of its own."""
    async with new_books() as made:
        yield made


async def _closed(books: Books) -> list[dict[str, Any]]:
    rows = await books.world.view("ledger_period")
    return [row for row in rows if row["scheme"] == SCHEME and row["closed_entry"] is not None]


async def _close_next(books: Books) -> None:
    """The fund closes the month behind the last one that it closed."""
    await books.post()
    period = f"2026-{len(await _closed(books)) + 1:02d}"
    data = await statement_of(books.accounts, period, await books.settle() - 1)
    fund = books.accounts.fund
    await books.world.push(fund, [fund.event("period.closed", data)])
    await books.settle()
    assert (await _closed(books))[-1]["period"] == period


async def _assert_statements_stand(books: Books) -> None:
    """Worked out anew from all entries, each statement is the one that was signed."""
    for row in await _closed(books):
        again = await statement_of(books.accounts, row["period"], row["basis"], row["after"])
        assert again["statement"] == row["statement"], row["period"]


@given(paid=TRACKS, acts=ACTS, order=st.lists(st.integers(0, 14), max_size=30), cuts=CUTS)
@QUICK
async def test_any_order_and_split_posted_at_any_point_give_the_oracle_s_balances(
    books: Books, paid: Any, acts: Any, order: list[int], cuts: list[tuple[int, str]]
) -> None:
    story = Story(f"s{next(NUMBERS)}-", next(CURRENCIES), paid, acts)
    left, closed = woven(story.tracks(), order), await _closed(books)
    for size, then in cuts:
        await tell(books, left[:size])
        left = left[size:]
        if then == "close":
            await _close_next(books)
        elif then:
            await books.post(anew=then == "anew")
    await tell(books, left)
    await books.post()
    assert await books.balances(story.prefix) == story.due()
    assert (await books.post(anew=True)).lines == 0
    # What was closed before stands as it was, byte for byte.
    assert (await _closed(books))[: len(closed)] == closed
    await _assert_statements_stand(books)


@pytest.fixture(scope="module")
async def reader(books: Books) -> AsyncIterator[httpx.AsyncClient]:
    async with reading(books) as opened:
        yield opened


@given(sizes=st.lists(st.integers(1, 70), min_size=1, max_size=40))
@QUICK
async def test_pages_of_any_sizes_are_together_the_whole(
    books: Books, reader: httpx.AsyncClient, sizes: list[int]
) -> None:
    """Each page may have another size; where the drawn ones end, the last goes on."""
    whole = (await reader.get(f"{ENTRIES}.ndjson")).content.splitlines(keepends=True)
    pages: list[bytes] = []
    rows: list[Any] = []
    sizes, after = sizes[::-1], 0
    while len(rows) < len(whole):
        size = sizes.pop() if len(sizes) > 1 else 10 * sizes[0]
        asked = {"after": str(after), "limit": str(size)}
        page = (await reader.get(ENTRIES, params=asked)).json()
        pages += (await reader.get(f"{ENTRIES}.ndjson", params=asked)).content.splitlines(True)
        rows += page["rows"]
        after = page["rows"][-1]["number"]
        assert len(page["rows"]) == min(size, len(whole) - len(rows) + len(page["rows"]))
        assert page["next"] == (after if len(rows) < len(whole) else None)
    assert pages == whole
    assert rows == [json.loads(line) for line in whole]


async def test_a_rebuild_after_all_that_gives_the_same_entries_byte_for_byte(books: Books) -> None:
    world = books.world
    stood = await views(world, *LEDGER)
    assert len(stood["entry"]) > 100
    done = await rebuild.rebuild(
        world.dsn(PROJECTION), world.leaves, world.builder, lambda folded, leaves: None
    )
    assert done.expected_difference is None
    assert await views(world, *LEDGER, generation=done.new) == stood
