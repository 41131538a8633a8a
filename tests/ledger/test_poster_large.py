"""A round however large: a few pseudonyms at a time, also where all of them are one person."""

from collections.abc import AsyncIterator, Sequence

import pytest

from deploy import assessing, posting
from deploy.acts import Act
from tests.projections.failing import Killed
from tests.support.books import Books, books_of
from tests.support.world import World

WORKERS = 23


@pytest.fixture
async def books(world: World) -> AsyncIterator[Books]:
    async with books_of(world) as made:
        yield made


async def _pay(books: Books, gross: str) -> None:
    said = {"gross": gross, "currency": "MAD", "residence": "MA"}
    said |= {"paid_at": "2026-02-10T12:00:00Z"}
    events = [
        books.world.alpha.event("payment.made", {"worker": f"w{number:02d}", **said})
        for number in range(WORKERS)
    ]
    await books.world.tell(*events)


async def _link_all(books: Books) -> None:
    authority = books.world.authority
    acts = [
        authority.event(
            "identity.linked", {"platform": "alpha", "worker": f"w{number:02d}", "person": "p1"}
        )
        for number in range(WORKERS)
    ]
    await books.world.tell(*acts, platform=authority)


@pytest.fixture
def sent(books: Books, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Act]]:
    """What is sent, submission by submission."""
    submissions: list[Sequence[Act]] = []
    push = books.push

    async def noting(acts: Sequence[Act]) -> None:
        submissions.append(acts)
        await push(acts)

    monkeypatch.setattr(books, "push", noting)
    return submissions


async def test_the_same_is_posted_however_few_are_in_memory(
    books: Books, sent: list[Sequence[Act]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await _pay(books, "742.35")
    monkeypatch.setattr(assessing, "CELLS_AT_ONCE", 2)
    monkeypatch.setattr(posting, "EVENTS_MAX", 3)
    done = await books.post()
    assert (done.postings, [len(acts) for acts in sent]) == (WORKERS, [3] * 7 + [2])
    monkeypatch.undo()
    assert (await books.post(anew=True)).lines == 0


async def test_a_person_s_month_is_posted_pseudonym_by_pseudonym_in_their_own_order(
    books: Books, sent: list[Sequence[Act]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessing, "CELLS_AT_ONCE", 5)
    await _link_all(books)
    await _pay(books, "742.35")
    done = await books.post()
    acts = [act.data for acts in sent for act in acts]
    assert done.postings == len(acts) == WORKERS
    assert [{line["worker"] for line in act["lines"]} for act in acts] == [
        {f"w{number:02d}"} for number in range(WORKERS)
    ]
    assert {act["person"] for act in acts} == {"p1"}
    assert (await books.post(anew=True)).lines == 0


async def test_a_month_larger_than_an_act_goes_into_several_and_is_posted_once(
    books: Books, sent: list[Sequence[Act]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "ACT_LINES_MAX", 7)
    await _pay(books, "742.35")
    done = await books.post()
    acts = [act.data for acts in sent for act in acts]
    assert done.postings == WORKERS
    assert len(acts) == 4 * WORKERS
    assert max(len(act["lines"]) for act in acts) <= 7
    assert sum(len(act["lines"]) for act in acts) == done.lines
    assert (await books.post(anew=True)).lines == 0


async def test_a_poster_killed_within_a_person_s_month_leaves_the_rest_to_the_next(
    books: Books, sent: list[Sequence[Act]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "EVENTS_MAX", 5)
    await _link_all(books)
    await _pay(books, "742.35")

    async def die_with_two(step: str) -> None:
        if step == "acknowledged" and len(sent) == 2:
            raise Killed(step)

    with pytest.raises(Killed):
        await books.poster(die_with_two).post(lambda line: None)
    done = await books.post()
    whole = len(await books.balances())
    assert 0 < done.postings < WORKERS
    assert 0 < done.lines < whole
    assert len(await books.fetch("SELECT FROM entry")) == whole
    assert (await books.post(anew=True)).lines == 0


async def test_a_submission_is_full_before_the_door_would_refuse_it(
    books: Books, sent: list[Sequence[Act]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "BYTES_FULL", 5_000)
    await _pay(books, "742.35")
    assert (await books.post()).postings == WORKERS
    assert len(sent) > 5
    assert (await books.post(anew=True)).lines == 0


async def test_news_of_one_pseudonym_bring_along_the_others_of_her_person(books: Books) -> None:
    """Of a flat income each pseudonym owes its part: pay of one moves all of them."""
    authority = books.world.authority
    await _link_all(books)
    said = {"scheme": "tns", "person": "p1", "day_from": "2026-01-01"}
    await books.world.tell(authority.event("scheme.assigned", said), platform=authority)
    await _pay(books, "742.35")
    await books.post()
    paid = {"worker": "w00", "gross": "9000", "currency": "MAD", "residence": "MA"}
    paid |= {"paid_at": "2026-02-11T12:00:00Z"}
    await books.world.tell(books.world.alpha.event("payment.made", paid))
    news = await books.post()
    assert news.postings == WORKERS
    assert news.lines > WORKERS
    assert (await books.post(anew=True)).lines == 0
