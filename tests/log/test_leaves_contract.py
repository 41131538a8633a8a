"""Leaves and the index over them: dense, and all of a round or nothing of it."""

import asyncio

from events.jose import PrivateKey
from events.keys import Emitter, Key, KeyRing
from events.leaf import LeafOutcome
from events.log.protocol import Arrival, Indexed, Place, Round, Stands, Stood
from events.vocabulary import EmitterKind
from tests.log.kits import LogKit
from tests.log.writing import Writer, arrival, key_of, platform


async def _appended(kit: LogKit, *sent: Arrival) -> list[tuple[Place, Arrival]]:
    return [(await kit.intake.append(one, anyway=True), one) for one in sent]


async def _many(kit: LogKit, count: int, emitter: str = "alpha") -> list[tuple[Place, Arrival]]:
    return await _appended(kit, *(arrival(emitter) for _ in range(count)))


async def test_an_empty_log_has_no_leaf(kit: LogKit) -> None:
    assert await kit.leaves.tail() is None
    assert await kit.leaves.leaves(0, 10) == []
    assert await kit.leaves.quarantined() == {}
    assert await kit.log.key_ring() == KeyRing()
    assert await kit.intake.leaves_at([0]) == []
    assert await kit.intake.last_act() is None


async def test_leaves_are_given_as_written_from_anywhere(kit: LogKit) -> None:
    writer = Writer()
    rounds = [writer.round(await _many(kit, size)) for size in (1, 4, 2)]
    for one in rounds:
        assert await kit.log.commit(one)
    written = [record for one in rounds for record in one.leaves]
    assert await kit.leaves.leaves(0, 100) == written
    assert await kit.leaves.leaves(2, 3) == written[2:5]
    assert await kit.leaves.leaves(7, 3) == []
    assert await kit.leaves.tail() == await kit.log.tail() == written[-1]
    assert await kit.intake.leaves_at([6, 1, 7, 3]) == [written[1], written[3], written[6]]


async def test_the_index_answers_by_emitter_and_id(kit: LogKit) -> None:
    first, other = arrival("alpha", "one", b"a"), arrival("alpha", "one", b"b")
    twin, silent = arrival("beta", "one", b"a"), arrival("alpha", "two", b"a")
    writer = Writer()
    await kit.log.commit(writer.round(await _appended(kit, first, twin, silent)))
    await kit.log.commit(writer.round(await _appended(kit, other), LeafOutcome.CONFLICT))
    expected = {
        Indexed("alpha", "one", first.body_sha256, 0, LeafOutcome.COUNTED),
        Indexed("alpha", "one", other.body_sha256, 3, LeafOutcome.CONFLICT),
        Indexed("beta", "one", twin.body_sha256, 1, LeafOutcome.COUNTED),
    }
    asked = [("alpha", "one"), ("beta", "one"), ("beta", "two"), ("gamma", "one")]
    for side in (kit.intake, kit.leaves, kit.log):
        found = await side.look_up(asked)
        assert set(found) == expected
        assert len(found) == 3
        assert await side.look_up([]) == []
    (conflict,) = (one for one in expected if one.outcome is LeafOutcome.CONFLICT)
    assert await kit.leaves.uncounted("alpha", 0, 3) == [(conflict, 1)]
    assert await kit.leaves.uncounted("alpha", 0, 2) == []
    assert await kit.leaves.uncounted("beta", 0, 9) == []


async def test_what_stands_is_in_the_way_of_what_repeats_or_contradicts_it(kit: LogKit) -> None:
    """Only a body that counts, or the same, keeps an arrival out; of many at once, only those."""
    counted, revoked = arrival("alpha", "one", b"a"), arrival("alpha", "two", b"a")
    writer = Writer()
    await kit.log.commit(writer.round(await _appended(kit, counted)))
    await kit.log.commit(writer.round(await _appended(kit, revoked), LeafOutcome.KEY_REVOKED))
    news = [arrival(emitter, "new") for emitter in ("alpha", "beta", "gamma")]
    tried = [
        arrival("alpha", "one", b"b"),
        news[0],
        arrival("alpha", "one", b"a"),
        news[1],
        arrival("alpha", "two", b"b"),
        arrival("alpha", "two", b"a"),
        news[2],
    ]
    done = await asyncio.gather(*map(kit.intake.append, tried), return_exceptions=True)
    stands = {number: one.found for number, one in enumerate(done) if isinstance(one, Stands)}
    (first,), (second,) = stands[0], stands[5]
    assert stands == {0: [first], 2: [first], 5: [second]}
    assert (first.leaf_index, first.body_sha256) == (0, counted.body_sha256)
    assert (second.leaf_index, second.outcome) == (1, LeafOutcome.KEY_REVOKED)
    kept = {place: one.body for place, one in zip(done, tried, strict=True) if type(place) is Place}
    assert len(kept) == 4
    assert await kit.log.bodies(list(kept)) == list(kept.values())
    # No hole is left where one was kept out.
    (next_place,) = await asyncio.gather(kit.intake.append(arrival("alpha")))
    assert next_place.offset == 1 + max(
        p.offset for p in kept if p.partition == next_place.partition
    )


async def test_leaves_are_found_by_the_bodies_that_were_sent(kit: LogKit) -> None:
    first, other = arrival("alpha", "one", b"a"), arrival("alpha", "one", b"b")
    writer = Writer()
    registered = ((0, platform("alpha", 0)),)
    counted = writer.round(await _appended(kit, first), emitters=registered)
    await kit.log.commit(counted)
    conflict = writer.round(await _appended(kit, other), LeafOutcome.CONFLICT)
    await kit.log.commit(conflict)
    one, two, none = (
        ("alpha", "one", digest) for digest in (first.body_sha256, other.body_sha256, b"x")
    )
    assert (await kit.intake.stood([one, none])).leaves == {one: counted.leaves[0]}
    both = {one: counted.leaves[0], two: conflict.leaves[0]}
    assert await kit.intake.stood([two, one]) == Stood(both, 0)
    assert await kit.intake.stood([none]) == await kit.intake.stood([]) == Stood({}, None)


async def test_the_keys_are_those_of_every_leaf(kit: LogKit) -> None:
    """Registered, renamed, a key added, another revoked: each reader asks for its own leaf."""
    old, new = PrivateKey.generate(), PrivateKey.generate()
    fund = Emitter("cnss", EmitterKind.FUND, "Fund", 3, ("cnss", "amo"))
    steps: list[tuple[Emitter | Key, ...]] = [
        (platform("alpha", 0), key_of("alpha", 0, key=old)),
        (platform("alpha", 0, "Renamed"),),
        (key_of("alpha", 2, key=new),),
        (fund, key_of("alpha", 0, revoked=3, key=old)),
    ]
    writer, ring = Writer(), KeyRing()
    expected = [ring.copy()]
    for index, changes in enumerate(steps):
        changed = tuple((index, change) for change in changes)
        assert await kit.log.commit(writer.round(await _many(kit, 1), emitters=changed))
        for change in changes:
            _set(ring, change)
        expected.append(ring.copy())
    for index, standing in enumerate(expected):
        assert await kit.leaves.key_ring_before(index) == standing
    assert await kit.log.key_ring() == await kit.intake.key_ring() == expected[-1]


def _set(ring: KeyRing, change: Emitter | Key) -> None:
    if isinstance(change, Emitter):
        ring.emitters[change.emitter] = change
    else:
        ring.keys[change.kid] = change


async def test_two_states_in_one_leaf_leave_the_last(kit: LogKit) -> None:
    key = PrivateKey.generate()
    changes = (
        (0, platform("alpha", 0, "First")),
        (0, key_of("alpha", 0, key=key)),
        (0, platform("alpha", 0, "Second")),
        (0, key_of("alpha", 0, revoked=0, key=key)),
    )
    await kit.log.commit(Writer().round(await _many(kit, 1), emitters=changes))
    ring = await kit.log.key_ring()
    assert ring.emitters["alpha"].name == "Second"
    assert ring.keys[key.kid].revoked_leaf == 0


async def test_the_first_act_that_quarantines_a_leaf_stands(kit: LogKit) -> None:
    writer = Writer()
    await kit.log.commit(writer.round(await _many(kit, 2), quarantined=((0, 1), (7, 1))))
    await kit.log.commit(writer.round(await _many(kit, 1), quarantined=((0, 2),)))
    assert await kit.leaves.quarantined() == {0: 1, 7: 1}


async def test_of_two_rounds_behind_one_tail_one_wins_and_the_other_never_was(
    kit: LogKit,
) -> None:
    winner, loser = Writer(), Writer()
    assert await kit.log.commit(winner.round(await _many(kit, 1)))
    loser = winner.twin()
    won = winner.round(await _many(kit, 1))
    lost = _round_of_everything(loser, await _many(kit, 3, "beta"))
    rival = await kit.another_log()
    assert await kit.log.commit(won)
    assert not await rival.commit(lost)
    await _never_was(kit, lost)
    assert await kit.leaves.tail() == won.leaves[-1]


def _round_of_everything(writer: Writer, settled: list[tuple[Place, Arrival]]) -> Round:
    index = writer.next_index
    changes = ((index, platform("beta", index)), (index, key_of("beta", index)))
    return writer.round(settled, emitters=changes, quarantined=((0, index),))


async def _never_was(kit: LogKit, lost: Round) -> None:
    ids = [(one.emitter, one.submission) for one in lost.indexed]
    assert await kit.log.look_up(ids) == []
    assert "beta" not in (await kit.log.key_ring()).emitters
    assert await kit.leaves.quarantined() == {}
    standing = await kit.leaves.leaves(0, 100)
    assert not {record.leaf for record in lost.leaves} & {record.leaf for record in standing}


async def test_of_many_rounds_at_once_exactly_one_wins(kit: LogKit) -> None:
    settled = [await _many(kit, 2, f"p{number}") for number in range(4)]
    rounds = [Writer().round(one) for one in settled]
    logs = [kit.log, *[await kit.another_log() for _ in range(3)]]
    outcomes = await asyncio.gather(
        *(log.commit(one) for log, one in zip(logs, rounds, strict=True))
    )
    assert sorted(outcomes) == [False, False, False, True]
    assert await kit.leaves.leaves(0, 10) == list(rounds[outcomes.index(True)].leaves)


async def test_a_round_from_long_ago_loses_although_its_end_lies_past_the_tail(
    kit: LogKit,
) -> None:
    frozen, writer = Writer(), Writer()
    for _ in range(3):
        assert await kit.log.commit(writer.round(await _many(kit, 1)))
    late = _round_of_everything(frozen, await _many(kit, 6, "beta"))
    assert not await kit.log.commit(late)
    await _never_was(kit, late)


async def test_a_round_past_the_end_loses(kit: LogKit) -> None:
    """A database restored to an earlier time has lost leaves that a writer remembers."""
    writer = Writer()
    assert await kit.log.commit(writer.round(await _many(kit, 1)))
    writer.round(await _many(kit, 2))  # Never committed.
    ahead = _round_of_everything(writer, await _many(kit, 1, "beta"))
    assert not await kit.log.commit(ahead)
    await _never_was(kit, ahead)


async def test_a_round_behind_another_leaf_of_the_same_index_loses(kit: LogKit) -> None:
    writer, other = Writer(), Writer()
    assert await kit.log.commit(writer.round(await _many(kit, 1)))
    other.round(await _many(kit, 1))
    torn = _round_of_everything(other, await _many(kit, 1, "beta"))
    assert not await kit.log.commit(torn)
    await _never_was(kit, torn)
