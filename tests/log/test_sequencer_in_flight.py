"""The sequencer over every log: what it judges while earlier rounds have not landed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from events.leaf import Leaf, decode_leaf
from services.sequencer.sequencer import ROUNDS_IN_FLIGHT, Sequencer
from tests.fault.faults import stepped
from tests.log.kits import LogKit
from tests.log.registry import Registry, finish, new_platform, public
from tests.support.world import Platform


class _Gate:
    """Holds up every commit until it is told to let them through, or to break them."""

    def __init__(self) -> None:
        self.reached = 0
        self._news, self._open = asyncio.Condition(), asyncio.Event()
        self._error: Exception | None = None

    async def hook(self, name: str, when: str) -> None:
        """A step of the log."""
        if (name, when) != ("commit", "before"):
            return
        async with self._news:
            self.reached += 1
            self._news.notify_all()
        await self._open.wait()
        if self._error is not None:
            raise self._error

    async def holds(self, number: int) -> None:
        """Return once so many rounds wait here."""
        async with self._news:
            await self._news.wait_for(lambda: self.reached >= number)

    def let_through(self, error: Exception | None = None) -> None:
        """From now on nothing waits."""
        if not self._open.is_set():
            self._error = error
            self._open.set()


class _Case:
    """An established log with one platform, and a sequencer behind a gate that runs."""

    def __init__(self, kit: LogKit) -> None:
        self.kit, self.gate = kit, _Gate()
        self.registry, self.alpha = Registry(kit.intake), new_platform("alpha")
        self.stop = asyncio.Event()

    async def establish(self) -> None:
        """Leaves 0 and 1."""
        await self.registry.establish(self.kit.log, self.alpha)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Sequencer]:
        """Pipelined, until the block ends or the gate breaks it."""
        sequencer = Sequencer(stepped(self.kit.log, self.gate.hook), self.registry.clock)
        running = asyncio.create_task(sequencer.run(self.stop))
        try:
            yield sequencer
        finally:
            self.stop.set()
            self.gate.let_through()
            await running

    async def say(self, who: Platform, submission: str, day: str = "2026-03-03") -> None:
        """The same bytes whenever submission and day are the same."""
        event = who.event("day.nil", {"day": day}, id=f"nil-{day}")
        await self.registry.append(self.registry.said(who, event, submission=submission))

    async def leaves(self) -> list[Leaf]:
        """Those behind the two of the establishment."""
        await finish(self.registry.sequencer(self.kit.log))
        return [decode_leaf(one.leaf) for one in await self.kit.leaves.leaves(2, 1_000)]


@pytest.fixture
async def case(kit: LogKit) -> _Case:
    """Over each log."""
    made = _Case(kit)
    await made.establish()
    return made


async def test_rounds_in_flight_are_seen_by_those_behind_them(case: _Case) -> None:
    """The same bytes are a repeat, others under their id a conflict, a revoked key is revoked."""
    passing = new_platform("alpha")
    added = {"emitter": "alpha", "key": public(passing)}
    revoked = {"emitter": "alpha", "kid": passing.key.kid, "reason_code": "lost"}
    sequencer = Sequencer(stepped(case.kit.log, case.gate.hook), case.registry.clock)

    async def judge(records: int) -> None:
        while records > 0:
            records -= await sequencer._begin_round(case.registry.clock())

    await case.say(case.alpha, "one")
    await judge(1)
    await case.registry.append(case.registry.act("key.added", added))
    await judge(1)
    await case.say(case.alpha, "one")
    await judge(1)
    await case.say(case.alpha, "one", "2026-03-04")
    await case.say(passing, "two")
    await judge(2)
    await case.registry.append(case.registry.act("key.revoked", revoked))
    await judge(1)
    await case.say(case.alpha, "one", "2026-03-04")
    await case.say(passing, "two")
    await case.say(passing, "three")
    await judge(3)
    await case.gate.holds(5)
    assert await case.kit.leaves.leaves(2, 10) == []
    case.gate.let_through()
    await finish(sequencer)
    said = [decode_leaf(one.leaf) for one in await case.kit.leaves.leaves(2, 10)]
    assert [(leaf.submission, leaf.outcome.value) for leaf in said if leaf.emitter == "alpha"] == [
        ("one", "counted"),
        ("one", "conflict"),
        ("two", "counted"),
        ("three", "key-revoked"),
    ]
    assert [leaf.first_event for leaf in said] == [2, 3, None, 4, 5, None]
    assert (sequencer.progress.leaves, sequencer.progress.repeats) == (6, 3)
    assert sequencer.progress.lost == 0


@pytest.mark.parametrize("step", ["tail", "intake"])
async def test_another_that_begins_the_log_meanwhile_is_no_alarm(kit: LogKit, step: str) -> None:
    """To one that had found it empty, the act behind leaf 0 seemed to be the first."""
    registry, rivals_log = Registry(kit.intake), await kit.another_log()
    await registry.append(registry.establishment(), registry.registered(new_platform("alpha")))

    async def overtake(name: str, when: str) -> None:
        if (name, when) == (step, "after") and await kit.leaves.tail() is None:
            await finish(registry.sequencer(rivals_log))

    slow = Sequencer(stepped(kit.log, overtake), registry.clock)
    await finish(slow)
    assert [record.index for record in await kit.leaves.leaves(0, 10)] == [0, 1]
    await registry.append(registry.registered(new_platform("beta")))
    await finish(slow)
    assert slow.progress.leaves == 1


async def test_no_more_rounds_are_on_their_way_than_may_be(case: _Case) -> None:
    async with case.running():
        for number in range(ROUNDS_IN_FLIGHT + 3):
            await case.say(case.alpha, f"s{number}")
            await case.gate.holds(min(number + 1, ROUNDS_IN_FLIGHT))
        assert case.gate.reached == ROUNDS_IN_FLIGHT
    assert [leaf.submission for leaf in await case.leaves()] == [
        f"s{number}" for number in range(ROUNDS_IN_FLIGHT + 3)
    ]


async def test_a_stop_waits_for_what_is_on_its_way(case: _Case) -> None:
    async with case.running() as sequencer:
        for number in (1, 2):
            await case.say(case.alpha, f"s{number}")
            await case.gate.holds(number)
        case.stop.set()
    assert sequencer.progress.leaves == 2
    assert [record.index for record in await case.kit.leaves.leaves(2, 10)] == [2, 3]


async def test_a_rival_that_wins_makes_all_rounds_in_flight_be_judged_again(case: _Case) -> None:
    """The rival had judged the same bodies: each gets one leaf, whoever wrote it."""
    async with case.running() as sequencer:
        await case.say(case.alpha, "one")
        await case.gate.holds(1)
        await case.say(case.alpha, "two")
        await case.gate.holds(2)
        await case.say(case.alpha, "three")
        # A little later, or its leaves would be the very same bytes.
        case.registry.clock.advance(seconds=1)
        await finish(case.registry.sequencer(await case.kit.another_log()))
        await case.say(case.alpha, "four")
        case.gate.let_through()
        while await _leaves(case) < 6:  # noqa: ASYNC110  # whoever writes the last one
            await asyncio.sleep(0.01)
        assert sequencer.progress.lost >= 2
    assert [leaf.submission for leaf in await case.leaves()] == ["one", "two", "three", "four"]


async def _leaves(case: _Case) -> int:
    tail = await case.kit.leaves.tail()
    return 0 if tail is None else tail.index + 1


async def test_what_breaks_under_rounds_in_flight_is_judged_again(case: _Case) -> None:
    broken = ConnectionResetError("the connection broke")

    async def break_three() -> None:
        async with case.running():
            for number in (1, 2, 3):
                await case.say(case.alpha, f"s{number}")
                await case.gate.holds(number)
            case.gate.let_through(broken)

    with pytest.raises(ConnectionResetError):
        await break_three()
    assert await case.kit.leaves.leaves(2, 10) == []
    assert [leaf.submission for leaf in await case.leaves()] == ["s1", "s2", "s3"]
