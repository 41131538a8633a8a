"""Rounds given before the ones before them are told: in order, all or none, never a hole."""

import asyncio
from collections.abc import Sequence

from events.limits import BODY_BYTES_MAX
from events.log.protocol import Arrival, LeafRecord, Place, Round, SequencerLog
from tests.log.going_on import goes_on
from tests.log.kits import LogKit
from tests.log.writing import Writer, arrival


async def _sent(
    kit: LogKit, *sizes: int, emitter: str = "alpha"
) -> list[list[tuple[Place, Arrival]]]:
    """What lies in the intake for rounds of these sizes."""
    made = [[arrival(emitter) for _ in range(size)] for size in sizes]
    return [[(await kit.intake.append(one), one) for one in round_] for round_ in made]


async def _rounds(kit: LogKit, writer: Writer, *sizes: int, emitter: str = "alpha") -> list[Round]:
    """Rounds of one writer, each behind the one before."""
    return [writer.round(one) for one in await _sent(kit, *sizes, emitter=emitter)]


def _given(log: SequencerLog, rounds: Sequence[Round]) -> list[asyncio.Task[bool]]:
    """All of them on their way at once."""
    return [asyncio.create_task(log.commit(one)) for one in rounds]


def _leaves(rounds: Sequence[Round]) -> list[LeafRecord]:
    return [record for one in rounds for record in one.leaves]


async def _is_one_chain(kit: LogKit) -> list[LeafRecord]:
    """All that stands, from which nobody may see a hole or a broken link."""
    standing = await kit.leaves.leaves(0, 10_000)
    reader = Writer()
    for record in standing:
        assert (record.index, record.previous_hash) == (reader.next_index, reader.previous)
        reader = Writer.behind(record)
    return standing


async def test_rounds_given_at_once_are_written_in_order_and_all_win(kit: LogKit) -> None:
    """Also the very first ones, when nobody has read the tail yet."""
    writer = Writer()
    rounds = await _rounds(kit, writer, 1, 4, 1, 30, 2)
    assert await asyncio.gather(*_given(kit.log, rounds)) == [True] * 5
    more = await _rounds(kit, writer, 3, 3)
    assert await asyncio.gather(*_given(kit.log, more)) == [True] * 2
    assert await kit.leaves.leaves(0, 100) == _leaves([*rounds, *more])
    assert await kit.log.tail() == more[-1].leaves[-1]


async def test_a_round_is_in_the_index_once_it_is_told(kit: LogKit) -> None:
    rounds = await _rounds(kit, Writer(), 2, 3, 1)
    await kit.log.tail()
    for round_, told in zip(rounds, _given(kit.log, rounds), strict=True):
        ids = [(one.emitter, one.submission) for one in round_.indexed]
        assert await told
        for side in (kit.log, kit.intake, kit.leaves):
            assert await side.look_up(ids) == list(round_.indexed)
        assert await kit.leaves.leaves(round_.leaves[0].index, len(ids)) == list(round_.leaves)


async def test_behind_a_lost_round_all_lose(kit: LogKit) -> None:
    """None is ever told to have won, nothing of them stands, and a round behind the tail wins."""
    writer = Writer()
    assert await kit.log.commit((await _rounds(kit, writer, 2))[0])
    rival, rivals_log = writer.twin(), await kit.another_log()
    late = await _rounds(kit, writer, 2, 1, 3, emitter="beta")
    # The rival's round has as many leaves as the first one here: offsets alone tell nothing.
    won = await _rounds(kit, rival, 2, 1)
    assert await asyncio.gather(*_given(rivals_log, won)) == [True, True]
    outcomes = await asyncio.gather(*_given(kit.log, late), return_exceptions=True)
    assert outcomes[0] is False
    assert True not in outcomes
    assert await kit.log.tail() == won[-1].leaves[-1]
    assert await kit.log.look_up([(o.emitter, o.submission) for r in late for o in r.indexed]) == []
    last = await goes_on(kit, kit.log)
    assert last.index == won[-1].leaves[-1].index + 1
    assert len(await _is_one_chain(kit)) == last.index + 1


async def test_a_round_that_loses_takes_no_later_one_with_it_into_the_log(kit: LogKit) -> None:
    """Two at once behind the same tail, and a third behind the loser."""
    writer = Writer()
    assert await kit.log.commit((await _rounds(kit, writer, 1))[0])
    twin = writer.twin()
    winner = await _rounds(kit, writer, 1)
    losers = await _rounds(kit, twin, 1, 1, emitter="beta")
    outcomes = await asyncio.gather(*_given(kit.log, [*winner, *losers]), return_exceptions=True)
    assert outcomes[0] is True
    assert True not in outcomes[1:]
    assert await kit.log.tail() == winner[0].leaves[-1]
    assert (await goes_on(kit, kit.log)).index == 2


async def test_a_commit_that_was_given_up_leaves_a_beginning_or_nothing(kit: LogKit) -> None:
    """Wherever the callers give up: what was told stands, what stands has no hole."""
    tail = await kit.log.tail()
    for steps in (0, 1, 2, 3, 5, 9, 40, 200):
        for given_up in range(3):
            writer = Writer.behind(tail)
            rounds = await _rounds(kit, writer, 2, 1, 3)
            tasks = _given(kit.log, rounds)
            for _ in range(steps):
                await asyncio.sleep(0)
            tasks[given_up].cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await _is_beginning(kit, rounds, outcomes)
            tail = await goes_on(kit, kit.log)
    await _is_one_chain(kit)


async def _is_beginning(
    kit: LogKit, rounds: Sequence[Round], outcomes: Sequence[bool | BaseException]
) -> None:
    """`outcomes`: of rounds that nobody else wrote against."""
    written, first = _leaves(rounds), rounds[0].leaves[0].index
    tail = await kit.log.tail()
    standing = await kit.leaves.leaves(first, len(written))
    assert standing == written[: len(standing)]
    assert (standing[-1] if standing else None) == (tail if tail and tail.index >= first else None)
    told = [
        leaf for r, won in zip(rounds, outcomes, strict=True) if won is True for leaf in r.leaves
    ]
    assert [leaf for leaf in told if leaf not in standing] == []


async def test_a_standby_that_followed_takes_over_and_the_old_writer_loses(kit: LogKit) -> None:
    standby = await kit.another_log()
    await standby.follow()
    writer = Writer()
    for size in (1, 3):
        assert await kit.log.commit((await _rounds(kit, writer, size))[0])
        await standby.follow()
    taken = Writer.behind(await standby.tail())
    assert (taken.next_index, taken.previous) == (writer.next_index, writer.previous)
    rounds = await _rounds(kit, taken, 2, 2)
    assert await asyncio.gather(*_given(standby, rounds)) == [True, True]
    (late,) = await _rounds(kit, writer, 2, emitter="beta")
    assert not await kit.log.commit(late)
    # Both may have followed in the meantime, and the old one writes again.
    await standby.follow()
    await kit.log.follow()
    assert (await goes_on(kit, kit.log)).index == rounds[-1].leaves[-1].index + 1


async def test_the_largest_body_has_its_leaf_like_any_other(kit: LogKit) -> None:
    big = arrival("gamma", body=bytes(range(256)) * (BODY_BYTES_MAX // 256))
    settled = [(await kit.intake.append(one), one) for one in (arrival("alpha"), big)]
    assert await kit.log.commit(Writer().round(settled))
    leaves = await kit.leaves.leaves(0, 2)
    assert await kit.leaves.bodies([leaf.place for leaf in leaves]) == [b.body for _, b in settled]


async def test_reading_the_intake_may_go_back(kit: LogKit) -> None:
    """A writer that lost judges again what it had judged."""
    sent = await _sent(kit, 6)
    (place, _), start = sent[0][0], Writer().positions
    every = await kit.log.intake(start, 10)
    moved = [*start]
    for offset in (4, 1, 6, 0, 5, 2):
        moved[place.partition] = offset
        assert await kit.log.intake(tuple(moved), 10) == every[offset:]
