"""The write-step matrix: every call of a commit fails before, fails after, or the process dies.

Goal: whatever the writer was doing when it was hurt, a writer that goes on gives every
acknowledged submission its one leaf. Method: a first round tells which steps there are; then each
step is hurt once in each way, new submissions coming in every time, and the checker reads all.
"""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import asyncpg
import msgspec
import pytest

from events.jose import PrivateKey
from events.log.connections import log_sql
from events.log.postgres import LEAF_CHANNEL, Hints, PostgresSequencerLog
from events.log.protocol import Indexed
from migrations.roles import SEQUENCER
from services.sequencer.sequencer import Sequencer
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.faults import Hook, SteppedPool, stepped
from tests.support.world import Platform, World, body_of

#: Which side of a step is hurt, and whether the process lives on.
FAULTS = {
    "fails before": ("before", False),
    "fails after": ("after", False),
    "dies before": ("before", True),
    "dies after": ("after", True),
}
#: Steps of one transaction that changes everything a round can change, in order.
WRITES = (
    "BEGIN",
    log_sql("leaf_add"),
    log_sql("index_add"),
    "COMMIT",
)
ROUND = ("tail", "leaves", "key_ring", "intake", "look_up", "bodies", "commit")

_numbers = count(1)


class Died(BaseException):
    """The process is gone: nothing after this runs, its connections break."""


async def _flow(world: World, client: Client) -> None:
    """What makes a round touch every table: acts, a counted submission, a repeat, a conflict."""
    number = next(_numbers)
    platform = Platform(f"p{number}", PrivateKey.generate())
    jwk = msgspec.to_builtins(platform.key.jwk)
    registered = {"emitter": platform.emitter, "name": "P", "key": jwk}
    skipped = {"leaf_index": number + 1, "reason_code": "unreadable"}
    authority = world.authority
    acts = [
        authority.event("platform.registered", registered),
        authority.event("submission.quarantined", skipped),
    ]
    await world.push(authority, acts)
    await client.send(f"s{number}")
    await client.send_again()
    await client.send(f"s{number}")


async def _finish(sequencer: Sequencer) -> None:
    while await sequencer.commit_round():
        pass


async def _hurt(sequencer: Sequencer, successor: Sequencer, dies: bool) -> None:
    """Run into the fault; the same writer goes on, or another in its place."""
    with pytest.raises(Died if dies else ConnectionResetError):
        await sequencer.commit_round()
    await _finish(successor if dies else sequencer)


def _failing(step: str, side: str, fail: Callable[[], None]) -> Hook:
    """Fails at the first time that side of a step is reached."""
    done: list[bool] = []

    async def hook(name: str, when: str) -> None:
        if (name, when) == (step, side) and not done:
            done.append(True)
            fail()

    return hook


def _raise(dies: bool) -> None:
    raise Died if dies else ConnectionResetError("the connection broke")


def _cut(pool: SteppedPool, dies: bool) -> None:
    pool.connection.terminate()
    _raise(dies)


async def _nothing(name: str, when: str) -> None:
    return


def _hooked_log(world: World, hook: Hook) -> tuple[PostgresSequencerLog, SteppedPool]:
    pool = SteppedPool(world.log._pool, hook)
    hints = Hints(world.dsn(SEQUENCER), LEAF_CHANNEL)
    as_pool: Any = pool
    return PostgresSequencerLog(as_pool, hints, hints), pool


async def test_the_matrix_knows_every_step(world: World) -> None:
    """A call added to a round or to its transaction has to be hurt too."""
    client, calls, writes = Client(world, world.alpha), list[str](), list[str]()

    async def called(name: str, when: str) -> None:
        calls.extend([name] if when == "before" else [])

    async def wrote(name: str, when: str) -> None:
        writes.extend([name] if when == "before" else [])

    await _flow(world, client)
    log, _ = _hooked_log(world, wrote)
    await Sequencer(stepped(log, called), world.clock).commit_round()
    assert tuple(calls) == ROUND
    assert tuple(writes) == WRITES
    await assert_whole(world.dsn(), client.history)


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_round_hurt_at_any_call(world: World, fault: str) -> None:
    side, dies = FAULTS[fault]
    client = Client(world, world.alpha)
    for step in ROUND:
        await _flow(world, client)
        hook = _failing(step, side, partial(_raise, dies))
        hurt = Sequencer(stepped(world.log, hook), world.clock)
        await _hurt(hurt, world.new_sequencer(), dies)
    report = await assert_whole(world.dsn(), client.history)
    assert report.leaves == 2 + 3 * len(ROUND)


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_transaction_hurt_at_any_statement(world: World, fault: str) -> None:
    side, dies = FAULTS[fault]
    client = Client(world, world.alpha)
    for step in WRITES:
        await _flow(world, client)

        log, pool = _hooked_log(world, _nothing)
        # The connection is lost as well, as the network or the kernel would cut it.
        pool.hook = _failing(step, side, partial(_cut, pool, dies))
        await _hurt(Sequencer(log, world.clock), world.new_sequencer(), dies)
    report = await assert_whole(world.dsn(), client.history)
    assert report.leaves == 2 + 3 * len(WRITES)


async def test_a_statement_that_fails_leaves_nothing_of_its_round(world: World) -> None:
    """An error of the server, its connection whole: nothing stands, then all of it."""
    client = Client(world, world.alpha)
    for step in WRITES:
        already = len(client.history)
        await _flow(world, client)
        log, _ = _hooked_log(world, _failing(step, "before", partial(_raise, False)))
        sequencer = Sequencer(log, world.clock)
        before, listed = await world.leaves.tail(), await world.leaves.quarantined()
        with pytest.raises(ConnectionResetError):
            await sequencer.commit_round()
        assert await world.leaves.tail() == before
        ids = [attempt[:2] for attempt in client.history[already:]]
        assert await world.log.look_up(ids) == []
        assert await world.leaves.quarantined() == listed
        await _finish(sequencer)
    await assert_whole(world.dsn(), client.history)


class _Forgetful:
    """A log whose index answers nothing, as one that lost its rows would."""

    def __init__(self, log: PostgresSequencerLog) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def look_up(self, ids: object) -> list[Indexed]:
        """Nothing stands."""
        return []


async def test_an_index_at_odds_with_the_judgement_is_an_error_not_a_lost_race(
    world: World,
) -> None:
    """It was retried for ever as if a rival had won, at full speed and without an alarm."""
    body = body_of([world.alpha.event("day.nil", {"day": "2026-03-03"})])
    await world.append(world.alpha, body, "s1", 1)
    await world.sequence()
    await world.append(world.alpha, body, "s1", 1)
    forgetful: Any = _Forgetful(world.log)
    with pytest.raises(asyncpg.UniqueViolationError, match="submission_pk"):
        await Sequencer(forgetful, world.clock).commit_round()
    await world.sequence()
    report = await assert_whole(world.dsn())
    assert report.leaves == 3
