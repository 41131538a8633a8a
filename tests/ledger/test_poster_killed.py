"""The real poster, killed or overtaken between any two of its steps, over a real log and views."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from itertools import product

import pytest

from deploy.assessing import Mark
from services.ledger.assess import assess
from services.ledger.assessment import Pay
from services.ledger.conversion import Conversions
from services.ledger.difference import balances_of
from services.ledger.terms import terms_of
from tests.ledger.conftest import NewBooks
from tests.ledger.months import morocco
from tests.projections.failing import Killed
from tests.support.books import Between, Books, Key

#: Two months and two schemes: four submissions of one round. Who is in none stands under the first.
MONTHS, SCHEMES = ("2026-01", "2026-02"), ("cnss", "tns")
#: More rounds than a poster has steps.
_ROUNDS_MAX = 60
GROSS, MICROS = "701.23", 701_230_000


@pytest.fixture
async def books(new_books: NewBooks) -> AsyncIterator[Books]:
    async with new_books() as made:
        world = made.world
        said = {"scheme": "tns", "platform": "alpha", "day_from": "2026-01-01"}
        acts = [
            world.authority.event("scheme.assigned", {**said, "worker": f"tns-{number}"})
            for number in range(_ROUNDS_MAX)
        ]
        await world.tell(*acts, platform=world.authority)
        yield made


async def _pay(books: Books, number: int) -> None:
    """A new worker of each scheme is paid in each month."""
    said = {"gross": GROSS, "currency": "MAD", "residence": "MA"}
    events = [
        books.world.alpha.event(
            "payment.made",
            {"worker": f"{scheme}-{number}", "paid_at": f"{month}-10T12:00:00Z", **said},
        )
        for scheme in SCHEMES
        for month in MONTHS
    ]
    await books.world.tell(*events)


def _due(rounds: int) -> dict[Key, int]:
    """What must stand posted after so many rounds: that of one worker, again and again."""
    found = {}
    for scheme, month in product(SCHEMES, MONTHS):
        pay = Pay("alpha", "", date.fromisoformat(f"{month}-10"), "MAD", "MA", MICROS)
        terms, rates = terms_of(morocco(), scheme, month), Conversions(morocco(), {})
        due = assess(terms, [pay], rates, by_default=scheme == "cnss")
        for key, amount in balances_of(due).items():
            for number in range(rounds):
                owner = "alpha", f"{scheme}-{number}", month
                found[Key(scheme, key.account, key.branch, *owner)] = amount
    return found


class _Reached:
    """Does something when a poster takes the nth step of a name; counts the others."""

    def __init__(self, name: str = "", nth: int = 0, act: Between | None = None) -> None:
        self._at, self._act = (name, nth), act
        self.steps: Counter[str] = Counter()

    async def __call__(self, step: str) -> None:
        self.steps[step] += 1
        if self._act is not None and (step, self.steps[step]) == self._at:
            await self._act(step)


async def _steps(books: Books, mark: Mark | None) -> list[tuple[str, int]]:
    """Every step of a round in which each worker's months are posted."""
    await _pay(books, 0)
    seen = _Reached()
    done = await books.poster(seen).post(lambda line: None, mark)
    assert done.postings == seen.steps["folded"] == len(MONTHS) * len(SCHEMES)
    assert {"snapshot", "a piece", "before an act", "acknowledged"} <= seen.steps.keys()
    return [(name, nth + 1) for name, count in seen.steps.items() for nth in range(count)]


async def _kill(step: str) -> None:
    raise Killed(step)


@pytest.mark.parametrize("anew", [True, False])
async def test_killed_between_any_two_steps_it_posts_nothing_twice_and_the_next_finishes(
    books: Books, anew: bool
) -> None:
    """In a round that looks at everything, and in one that looks at the news."""
    await books.post()
    steps = await _steps(books, None if anew else books.mark)
    for rounds, (name, nth) in enumerate(steps, 2):
        await _pay(books, rounds - 1)
        dying = books.poster(_Reached(name, nth, _kill))
        with pytest.raises(Killed, match=name):
            await dying.post(lambda line: None, None if anew else books.mark)
        await books.post()
        assert await books.balances() == _due(rounds), (name, nth)
    assert (await books.post(anew=True)).lines == 0


async def test_of_two_posters_at_once_one_posts_wherever_the_other_stands(books: Books) -> None:
    """The second runs to its end at every step of the first, which then goes on."""
    await books.post()
    steps = await _steps(books, books.mark)
    overtaken = 0
    for rounds, (name, nth) in enumerate(steps, 2):
        await _pay(books, rounds - 1)

        async def rival(step: str) -> None:
            await books.post()

        first = books.poster(_Reached(name, nth, rival))
        overtaken += bool((await first.post(lambda line: None, books.mark)).overtaken)
        await books.post()
        assert await books.balances() == _due(rounds), (name, nth)
    # Up to the last of its acts the second is faster; behind it the first has posted all.
    assert overtaken > len(MONTHS) * len(SCHEMES)
    assert (await books.post(anew=True)).lines == 0
