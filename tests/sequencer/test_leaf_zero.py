"""Leaf 0 is the authority's self-signed establishment and nothing else (RULES 2.4)."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.establish import establishment
from events.errors import Fatal
from events.jose import PrivateKey
from events.keys import AUTHORITY, KeyRing
from events.leaf import decode_leaf
from events.log.identity import registry_of
from events.log.postgres import partition_of
from events.log.protocol import Arrival, IntakeRecord
from events.token import sign_submission
from services.sequencer.judge import Judgement, Tail, judge, needs_body
from services.sequencer.sequencer import Sequencer
from tests.log.kits import postgres_kit
from tests.sequencer.sending import ESTABLISHMENT, PARTITIONS, Act, Sent, body_of, lay_down

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
_STRANGER = Sent("alpha", "s1")


def _first_round(pairs: Sequence[tuple[IntakeRecord, bytes]]) -> Judgement:
    bodies = {record.place: body for record, body in pairs if needs_body(record)}
    records = sorted((record for record, _ in pairs), key=lambda r: r.place.partition)
    return judge(records, bodies, [], Tail.empty(PARTITIONS), KeyRing(), NOON)


def test_the_first_round_is_leaf_zero_alone() -> None:
    later = Sent(AUTHORITY, "r", acts=(Act("register", "alpha"),))
    decided = _first_round(list(lay_down([ESTABLISHMENT, later])))
    assert [record.index for record in decided.round.leaves] == [0]
    assert set(decided.ring.emitters) == {"authority", "registry"}


def test_what_lies_in_a_lower_partition_does_not_become_leaf_zero() -> None:
    """It did: the log had a counted leaf 0 of a stranger, no keys, and no way to get any."""
    pairs = list(lay_down([_STRANGER, ESTABLISHMENT]))
    assert pairs[0][0].place.partition < pairs[1][0].place.partition
    decided = _first_round(pairs)
    (first,) = decided.round.leaves
    assert first.place == pairs[1][0].place
    # The stranger still waits: no position lies past it.
    assert decided.tail.positions[pairs[0][0].place.partition] == 0


def test_nothing_begins_a_log_but_the_authority() -> None:
    with pytest.raises(Fatal, match=r"authority\.established"):
        _first_round(list(lay_down([_STRANGER])))


@pytest.mark.parametrize(
    "acts",
    [
        (Act("register", "alpha"),),
        (Act("establish"), Act("register", "alpha")),
        (Act("establish"), Act("establish")),
    ],
)
def test_nothing_begins_a_log_but_one_establishment(acts: tuple[Act, ...]) -> None:
    with pytest.raises(Fatal, match=r"authority\.established"):
        _first_round(list(lay_down([Sent(AUTHORITY, "a", acts=acts), ESTABLISHMENT])))


def test_an_establishment_that_another_key_signed_begins_nothing() -> None:
    ((record, body),) = lay_down([ESTABLISHMENT])
    thief = PrivateKey.generate()
    token = sign_submission(thief, emitter=AUTHORITY, submission="e", at=0, body=body)
    with pytest.raises(Fatal, match=r"authority\.established"):
        _first_round([(replace(record, token=token), body)])


def test_an_establishment_that_was_changed_after_signing_begins_nothing() -> None:
    ((record, body),) = lay_down([ESTABLISHMENT])
    forged = body.replace(b'"MA"', b'"TN"')
    assert forged != body
    with pytest.raises(Fatal, match=r"authority\.established"):
        _first_round([(record, forged)])


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"[1]", b"\xff", b"[]"])
def test_a_body_that_cannot_be_read_begins_nothing(body: bytes) -> None:
    ((record, _),) = lay_down([ESTABLISHMENT])
    with pytest.raises(Fatal, match=r"authority\.established"):
        _first_round([(record, body)])


@pytest.mark.parametrize("body", [b"", b"[", b"[1]", b"\xff"])
def test_an_act_that_cannot_be_read_has_its_leaf_and_changes_nothing(body: bytes) -> None:
    """One unreadable body must not stop all others: the folds raise the alarm (RULES 5.5)."""
    act, register = Sent(AUTHORITY, "bad", acts=(Act("rename"),)), Act("register", "alpha")
    pairs = list(lay_down([ESTABLISHMENT, act, Sent(AUTHORITY, "good", acts=(register,))]))
    begun = _first_round(pairs[:1])
    bodies = {
        pairs[1][0].place: body,
        pairs[2][0].place: body_of(Sent(AUTHORITY, "", acts=(register,))),
    }
    records = [record for record, _ in pairs[1:]]
    decided = judge(records, bodies, [], begun.tail, begun.ring, NOON)
    assert [decode_leaf(record.leaf).outcome for record in decided.round.leaves] == ["counted"] * 2
    assert {leaf for leaf, _ in decided.round.emitters} == {2}


def _stranger_for(partition_below: int) -> Arrival:
    """A record of an emitter whose partition is read before the authority's."""
    emitter = next(f"p{n}" for n in range(1000) if partition_of(f"p{n}", 12) < partition_below)
    key, body = PrivateKey.generate(), b"[]"
    token = sign_submission(key, emitter=emitter, submission="s", at=0, body=body)
    at = "2026-03-04T12:00:00.000000Z"
    return Arrival(emitter, "s", hashlib.sha256(body).digest(), token, 1, at, body)


async def test_a_log_established_behind_a_stranger_works(postgres: EmbeddedPostgres) -> None:
    async with postgres_kit(postgres) as kit:
        sequencer = Sequencer(kit.log, lambda: NOON)
        stranger = _stranger_for(partition_of(AUTHORITY, 12))
        await kit.intake.append(stranger)
        with pytest.raises(Fatal):
            await sequencer.commit_round()
        assert await kit.leaves.tail() is None
        keys = PrivateKey.generate(), PrivateKey.generate()
        await kit.intake.append(
            establishment(*keys, name="A", country="MA", zone="Africa/Casablanca", at=NOON)
        )
        while await sequencer.commit_round():
            pass
        registry = await registry_of(kit.leaves)
        assert registry is not None
        assert registry.name == "A"
        outcomes = [decode_leaf(r.leaf).outcome.value for r in await kit.leaves.leaves(0, 9)]
        assert outcomes == ["counted", "key-revoked"]
        assert (sequencer.progress.leaves, sequencer.progress.repeats) == (2, 0)


async def test_establishing_twice_keeps_the_first(postgres: EmbeddedPostgres) -> None:
    """`sijill up` killed between key files and leaf 0 appends again, with the same keys."""
    async with postgres_kit(postgres) as kit:
        sequencer = Sequencer(kit.log, lambda: NOON)
        keys = PrivateKey.generate(), PrivateKey.generate()
        for name in ("First", "Second"):
            await kit.intake.append(
                establishment(*keys, name=name, country="MA", zone="Africa/Casablanca", at=NOON)
            )
        while await sequencer.commit_round():
            pass
        registry = await registry_of(kit.leaves)
        assert registry is not None
        assert registry.name == "First"
        outcomes = [decode_leaf(r.leaf).outcome.value for r in await kit.leaves.leaves(0, 9)]
        assert outcomes == ["counted", "conflict"]
