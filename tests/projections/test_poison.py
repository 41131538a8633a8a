"""Leaves that cannot be digested, and leaves that the authority sets aside (RULES 5.5)."""

from collections.abc import Awaitable, Callable

import pytest

from events.errors import Fatal
from events.jose import PrivateKey
from services.projections.projection import Poison
from tests.projections.telling import completed, views
from tests.support.world import Platform, World, body_of

Poisoning = Callable[[World], Awaitable[object]]


async def _not_json(world: World) -> None:
    await world.append(world.alpha, b"this was never a batch", "not-json", 1)


async def _lying_count(world: World) -> None:
    await world.append(world.alpha, body_of([completed(world, "lie")]), "lie", 2)


async def _nul_in_a_name(world: World) -> None:
    body = body_of([completed(world, "nul", worker="w\x00")])
    await world.append(world.alpha, body, "nul", 1)


async def _nul_in_what_is_told(world: World) -> None:
    event = world.alpha.event("contract.published", {"contract": "c", "title": "a\x00b"})
    await world.append(world.alpha, body_of([event]), "told", 1)


async def _time_before_all_days(world: World) -> None:
    event = world.alpha.event("task.completed", {"task": "t", "worker": "w"})
    event["time"] = "0001-01-01T00:00:00+10:00"
    await world.append(world.alpha, body_of([event]), "time", 1)


POISONS = (_not_json, _lying_count, _nul_in_a_name, _nul_in_what_is_told, _time_before_all_days)


async def _five_leaves_poisoned_at(world: World, poisons: dict[int, Poisoning]) -> int:
    """The index of the first of them."""
    await world.fold()
    first = world.projection.progress.next_leaf
    for place in range(5):
        if place in poisons:
            await poisons[place](world)
        else:
            await world.push(world.alpha, [completed(world, f"e{place}", seconds=10**place)])
        await world.sequence()
    return first


async def _worked_seconds(world: World) -> int:
    rows = await world.view("work_by_platform")
    return sum(row["worked_seconds"] for row in rows)


@pytest.mark.parametrize(
    ("poison", "place"),
    [*((poison, 2) for poison in POISONS), (_not_json, 0), (_nul_in_a_name, 0), (_not_json, 4)],
)
async def test_poison_is_named_and_all_before_it_is_folded(
    world: World, poison: Poisoning, place: int
) -> None:
    first = await _five_leaves_poisoned_at(world, {place: poison})

    with pytest.raises(Poison, match=f"leaf {first + place} cannot be digested") as caught:
        await world.fold()

    assert caught.value.index == first + place
    assert await _worked_seconds(world) == sum(10**before for before in range(place))


@pytest.mark.parametrize("poison", POISONS)
async def test_quarantine_lets_the_views_go_on_without_that_leaf(
    world: World, poison: Poisoning
) -> None:
    first = await _five_leaves_poisoned_at(world, {2: poison})
    with pytest.raises(Poison):
        await world.fold()

    await world.act("submission.quarantined", {"leaf_index": first + 2, "reason_code": "unread"})
    await world.fold()

    assert await _worked_seconds(world) == 11_011
    submissions = [row["leaf_index"] for row in await world.view("submission")]
    assert submissions == [*range(first + 2), first + 3, first + 4, first + 5]


async def test_the_second_poison_is_named_when_the_first_is_set_aside(world: World) -> None:
    first = await _five_leaves_poisoned_at(world, {1: _nul_in_a_name, 3: _not_json})
    with pytest.raises(Poison):
        await world.fold()
    await world.act("submission.quarantined", {"leaf_index": first + 1, "reason_code": "nul"})

    with pytest.raises(Poison) as caught:
        await world.fold()

    assert caught.value.index == first + 3
    assert await _worked_seconds(world) == 101


async def test_a_listed_leaf_is_skipped_though_it_could_be_digested(world: World) -> None:
    first = await _five_leaves_poisoned_at(world, {})
    await world.act("submission.quarantined", {"leaf_index": first + 2, "reason_code": "wrong"})

    await world.fold()

    assert await _worked_seconds(world) == 11_011


async def test_a_projection_that_folded_a_listed_leaf_asks_for_a_rebuild(world: World) -> None:
    first = await _five_leaves_poisoned_at(world, {})
    await world.fold()
    before = await views(world, "work_by_worker", "submission")
    await world.act("submission.quarantined", {"leaf_index": first + 2, "reason_code": "wrong"})

    with pytest.raises(Fatal, match=f"leaf {first + 2} is quarantined but folded.*rebuild"):
        await world.fold()

    assert await views(world, "work_by_worker", "submission") == before


@pytest.mark.parametrize("which", ["unsequenced", "conflict", "own"])
async def test_quarantine_of_what_counts_for_nothing_is_harmless(world: World, which: str) -> None:
    await world.tell(completed(world, "e1", seconds=5))
    await world.push(world.alpha, [completed(world, "e2", seconds=7)], "same")
    await world.push(world.alpha, [completed(world, "e3", seconds=9)], "same")
    await world.sequence()
    conflict = world.projection.progress.next_leaf + 1
    leaf = {"unsequenced": 10**6, "conflict": conflict, "own": conflict + 1}[which]
    await world.act("submission.quarantined", {"leaf_index": leaf, "reason_code": "odd"})

    await world.fold()
    await world.tell(completed(world, "e4", seconds=1))

    assert await _worked_seconds(world) == 5 + 7 + 1


async def test_a_leaf_listed_before_it_exists_is_skipped_when_it_comes(world: World) -> None:
    await world.fold()
    coming = world.projection.progress.next_leaf + 1
    await world.act("submission.quarantined", {"leaf_index": coming, "reason_code": "early"})

    await world.tell(completed(world, "e1", seconds=5))
    await world.tell(completed(world, "e2", seconds=7))

    assert await _worked_seconds(world) == 7


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "restarted"])
async def test_acts_of_a_quarantined_leaf_still_make_who_may_speak(
    world: World, restarted: bool
) -> None:
    """The sequencer took them; a restart must not change which later act is without effect."""
    await world.fold()
    listed = world.projection.progress.next_leaf + 1
    await world.act("submission.quarantined", {"leaf_index": listed, "reason_code": "early"})
    await world.register(Platform("beta", PrivateKey.generate()))
    if restarted:
        await world.fold()
        world.projection = world.new_projection()
    await world.act("platform.renamed", {"emitter": "beta", "name": "Better"})

    await world.fold()

    assert await world.view("anomaly") == []
