"""The plan of a fault run: the same for a seed, fair to every fault, calm a quarter of the time."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fault.plan import Choice, Kind, Storm, make_plan

SEEDS = st.integers(0, 2**32)
CHOICES = st.lists(
    st.builds(
        Choice,
        st.sampled_from(Kind),
        st.sampled_from(["door", "sequencer", "broker"]),
        st.frozensets(st.sampled_from("abc"), min_size=1),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda choice: (choice.kind, choice.target),
)


@given(SEEDS, st.integers(1, 60), CHOICES)
def test_a_seed_gives_one_plan_of_so_many_faults(
    seed: int, count: int, choices: list[Choice]
) -> None:
    plan = make_plan(seed, count, choices)
    assert plan == make_plan(seed, count, choices)
    numbers = [fault.number for storm in plan for fault in storm.faults]
    assert numbers == list(range(1, count + 1))


@given(SEEDS, CHOICES)
def test_a_longer_plan_begins_like_a_shorter_one(seed: int, choices: list[Choice]) -> None:
    short, long = make_plan(seed, 20, choices), make_plan(seed, 40, choices)
    assert long[: len(short) - 1] == short[:-1]


@given(SEEDS, CHOICES)
def test_two_faults_at_one_time_touch_different_things(seed: int, choices: list[Choice]) -> None:
    for storm in make_plan(seed, 40, choices):
        for one, other in combinations(storm.faults, 2):
            apart = one.end < other.at or other.end < one.at
            assert apart or not one.touches & other.touches


@given(SEEDS, CHOICES)
def test_a_quarter_of_the_time_nothing_is_broken(seed: int, choices: list[Choice]) -> None:
    plan = make_plan(seed, 40, choices)
    calm = sum(storm.calm for storm in plan)
    stormy = sum(storm.seconds for storm in plan)
    assert calm / (calm + stormy) == pytest.approx(1 / 4)


@given(SEEDS, CHOICES)
def test_every_choice_is_dealt_as_often_as_it_weighs(seed: int, choices: list[Choice]) -> None:
    deck = sum(choice.weight for choice in choices)
    dealt = Counter(_named(make_plan(seed, 2 * deck, choices)))
    assert dealt == {(c.kind, c.target): 2 * c.weight for c in choices}


def _named(plan: tuple[Storm, ...]) -> list[tuple[Kind, str]]:
    return [(fault.kind, fault.target) for storm in plan for fault in storm.faults]


def test_seeds_differ() -> None:
    choices = [Choice(kind, "door", frozenset("a")) for kind in Kind]
    assert len({make_plan(seed, 10, choices) for seed in range(50)}) == 50
