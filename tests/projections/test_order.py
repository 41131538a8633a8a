"""Splits, batches and orders that must not matter do not (RULES 3.6)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.jose import PrivateKey
from services.projections import reading
from tests.projections.scripts import (
    CANCEL,
    FIELDS,
    NEW,
    REPLACE,
    TYPES,
    data_of,
    event_of,
    new_event,
)
from tests.projections.telling import SUMS, views
from tests.support.world import Platform, World

Event = dict[str, Any]
#: An event, and corrections of it, in their order.
TRACKS = st.lists(
    st.tuples(NEW, st.lists(st.one_of(CANCEL, REPLACE), max_size=3)), min_size=1, max_size=8
)
QUICK = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    # Each example is told to a real registry: a long one is soon found, shrinking takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _tracks(emitter: str, drawn: list[Any]) -> list[list[Event]]:
    """Each track's events under ids of its own; corrections name the track's event."""
    made = []
    for place, (first, corrections) in enumerate(drawn):
        event = event_of(emitter, first, []) | {"id": f"t{place}"}
        track = [event]
        for number, step in enumerate(corrections):
            # The only event said before is the one to correct.
            correction = event_of(emitter, (step[0], 0, *step[2:]), [event])
            track.append(correction | {"id": f"t{place}c{number}"})
        made.append(track)
    return made


def _interleaved(tracks: list[list[Event]], order: list[int]) -> list[Event]:
    """All events, each track in its own order, the tracks woven as `order` says."""
    left = [list(track) for track in tracks]
    said = [left[which % len(left)].pop(0) for which in order if left[which % len(left)]]
    return said + [event for track in left for event in track]


def _split(events: list[Event], sizes: list[int]) -> list[list[Event]]:
    parts, left = [], events
    for size in sizes:
        parts.append(left[:size])
        left = left[size:]
    return [part for part in [*parts, left] if part]


async def _sums_of(world: World, emitter: str) -> dict[str, Any]:
    seen = await views(world, *SUMS)
    return {
        name: [
            {key: value for key, value in row.items() if key != "emitter"}
            for row in rows
            if row["emitter"] == emitter
        ]
        for name, rows in seen.items()
    }


async def _two_platforms(world: World) -> tuple[Platform, Platform]:
    number = len((await world.log.key_ring()).emitters)
    pair = (
        Platform(f"p{number}", PrivateKey.generate()),
        Platform(f"p{number + 1}", PrivateKey.generate()),
    )
    for platform in pair:
        await world.register(platform)
    return pair


@given(
    drawn=TRACKS,
    order=st.lists(st.integers(0, 7), max_size=30),
    sizes=st.lists(st.integers(1, 6), max_size=10),
    leaves=st.integers(1, 4),
    again=st.booleans(),
)
@QUICK
async def test_split_batches_and_order_change_no_sum(
    world: World,
    drawn: list[Any],
    order: list[int],
    sizes: list[int],
    leaves: int,
    again: bool,
) -> None:
    one, other = await _two_platforms(world)
    straight = [event for track in _tracks(one.emitter, drawn) for event in track]
    await world.tell(*straight, platform=one)

    woven = _interleaved(_tracks(other.emitter, drawn), order)
    for part in _split(woven, sizes):
        await world.push(other, part)
        await world.sequence()
    if again:
        # A platform that re-batches after a time-out.
        await world.push(other, woven)
        await world.sequence()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BATCH_LEAVES", leaves)
        await world.fold()

    assert await _sums_of(world, other.emitter) == await _sums_of(world, one.emitter)


@given(drawn=st.lists(st.tuples(TYPES, FIELDS), min_size=3, max_size=12), most=st.integers(1, 9))
@QUICK
async def test_batches_are_cut_by_events_without_losing_one(
    world: World, drawn: list[Any], most: int
) -> None:
    one, other = await _two_platforms(world)
    for platform in (one, other):
        events = [
            new_event(platform.emitter, f"e{n}", type_, data_of(type_, fields))
            for n, (type_, fields) in enumerate(drawn)
        ]
        for start in range(0, len(events), 2):
            await world.push(platform, events[start : start + 2])
        await world.sequence()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "BATCH_EVENTS", most if platform is other else 10**6)
            before = world.projection.progress.batches
            await world.fold()
            batches = world.projection.progress.batches - before

    assert batches >= len(drawn) / max(most, 2)
    assert await _sums_of(world, other.emitter) == await _sums_of(world, one.emitter)
