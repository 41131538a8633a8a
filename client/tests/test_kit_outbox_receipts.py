"""Receipts leave the outbox when they are old; counts and what was refused stay."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kit_outbox import Desk, Killed, Mortal, nil, outbox, passing
from kit_registry import FakeRegistry, answering
from kit_tables import NOW
from sijill_client import PlatformKey

DAY = timedelta(days=1)


class Days:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def desk_of(path: Path, registry: FakeRegistry, days: Days, **more: Any) -> Desk:
    return Desk(path, registry, **({"clock": days, "keep": 3 * DAY} | more))


def send(desk: Desk, *numbers: int) -> None:
    """Each event in a batch of its own."""
    for number in numbers:
        desk.put(nil(number))
        desk.run()


def leaves(desk: Desk) -> list[int | None]:
    return [one.leaf_index for one in desk.spool.receipts()]


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def desk(tmp_path: Path, registry: FakeRegistry, days: Days) -> Iterator[Desk]:
    made = desk_of(tmp_path / "outbox", registry, days)
    yield made
    made.close()


def test_old_receipts_go_when_a_new_one_comes_and_the_counts_stay(desk: Desk, days: Days) -> None:
    send(desk, 0, 1)
    days.now += 2 * DAY
    send(desk, 2)
    assert leaves(desk) == [0, 1, 2]
    # Exactly as old as stated is not older than that.
    days.now += DAY
    send(desk, 3)
    assert leaves(desk) == [0, 1, 2, 3]
    days.now += timedelta(seconds=1)
    send(desk, 4)
    assert leaves(desk) == [2, 3, 4]
    assert (desk.spool.tally().accepted, desk.spool.tally().repeated) == (5, 0)


def test_what_waits_and_what_was_refused_never_goes_by_age(desk: Desk, days: Days) -> None:
    desk.registry.faults.append(answering(422, title="Schema", detail="no day"))
    send(desk, 0)
    desk.put(nil(1))
    desk.registry.faults.append(answering(503))
    desk.sender.step()
    days.now += 400 * DAY
    send(desk, 2)
    days.now += 400 * DAY
    send(desk, 3)
    assert [one.id for one in desk.spool.refused()] == ["nil-0"]
    assert set(desk.registry.events) == {"nil-1", "nil-2", "nil-3"}
    tally = desk.spool.tally()
    assert (tally.waiting, tally.accepted, tally.refused) == (0, 3, 1)
    desk.spool.forget([one.number for one in desk.spool.refused()])
    assert desk.spool.tally().refused == 0


def test_an_outbox_that_is_told_to_keeps_them_for_ever(
    tmp_path: Path, registry: FakeRegistry, days: Days
) -> None:
    desk = desk_of(tmp_path / "outbox", registry, days, keep=None)
    send(desk, 0)
    days.now += 4000 * DAY
    send(desk, 1)
    assert leaves(desk) == [0, 1]
    desk.close()


def test_the_file_stops_growing(tmp_path: Path, registry: FakeRegistry, days: Days) -> None:
    desk = desk_of(tmp_path / "outbox", registry, days, connect=passing)
    sizes = []
    for number in range(120):
        send(desk, number)
        days.now += DAY / 8
        sizes.append(desk.spool._connection.execute("PRAGMA page_count").fetchone()[0])
    # Three days of receipts are 24, and the one just as old; what goes makes room for what comes.
    assert len(leaves(desk)) == 25
    assert max(sizes[50:]) == sizes[50] > sizes[5]
    assert desk.spool.tally().accepted == 120
    desk.close()


def test_many_old_receipts_go_a_few_at_a_time(
    tmp_path: Path, registry: FakeRegistry, days: Days
) -> None:
    desk = desk_of(tmp_path / "outbox", registry, days, connect=passing)
    send(desk, *range(130))
    days.now += 10 * DAY
    counts = []
    for number in range(130, 133):
        send(desk, number)
        counts.append(len(leaves(desk)))
    assert counts == [31, 2, 3]
    assert desk.spool.tally().accepted == 133
    desk.close()


def test_a_file_from_before_receipts_had_an_age_goes_on(
    tmp_path: Path, registry: FakeRegistry, days: Days
) -> None:
    path = tmp_path / "outbox"
    old = sqlite3.connect(path)
    old.executescript(
        """
        CREATE TABLE batch (
            number INTEGER PRIMARY KEY AUTOINCREMENT, submission TEXT, sha256 BLOB NOT NULL,
            events INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', leaf_index INTEGER,
            answer BLOB
        );
        INSERT INTO batch (submission, sha256, events, state, leaf_index, answer)
        VALUES ('s', x'00', 7, 'accepted', 41, x'00');
        """
    )
    old.close()
    desk = desk_of(path, registry, days)
    send(desk, 0)
    days.now += 40 * DAY
    send(desk, 1)
    # Of the first nobody knows how old it is: it stays.
    assert leaves(desk) == [41, 1]
    assert desk.spool.tally().accepted == 9
    desk.close()


def test_how_long_is_the_outboxs_to_say(tmp_path: Path, registry: FakeRegistry, days: Days) -> None:
    def push(number: int, **more: Any) -> None:
        with outbox(tmp_path / "o", registry, clock=days, **more) as box:
            box.put(nil(number))
            assert box.flush(30)

    push(0)
    registry.now = days.now = days.now + 89 * DAY
    push(1)
    registry.now = days.now = days.now + 2 * DAY
    push(2, keep_receipts=None)
    with outbox(tmp_path / "o", registry, sends=False) as box:
        assert len(box.receipts()) == 3
    # Ninety days, unless stated.
    push(3)
    with outbox(tmp_path / "o", registry, sends=False) as box:
        assert [one.leaf_index for one in box.receipts()] == [1, 2, 3]
        assert box.status().accepted == 4
    with pytest.raises(ValueError, match="receipts cannot be kept for -1 day"):
        outbox(tmp_path / "o", registry, keep_receipts=-DAY)


def test_no_statement_at_which_it_dies_makes_a_count_wrong(
    tmp_path: Path, key: PlatformKey
) -> None:
    """A life in which receipts go, ended before each of its statements in turn."""
    lives, died = 0, True
    while died:
        registry, days, path = FakeRegistry(key, NOW), Days(), tmp_path / f"outbox-{lives}"
        before = desk_of(path, registry, days, connect=passing)
        registry.faults.append(answering(422, title="Schema", detail="no day"))
        send(before, 0, 1, 2)
        for number in (3, 4):
            before.put(nil(number))
        before.close()
        registry.now = days.now = days.now + 10 * DAY
        died = _dies(lives, path, registry, days)
        after = desk_of(path, registry, days, connect=passing)
        after.run()
        send(after, 5)
        tally = after.spool.tally()
        told = (lives, tally.accepted + tally.repeated, tally.refused, set(registry.events))
        assert told == (lives, 5, 1, {f"nil-{number}" for number in range(1, 6)})
        assert 0 not in leaves(after)
        assert [one.id for one in after.spool.refused()] == ["nil-0"]
        after.close()
        lives += 1
    assert lives > 15


def _dies(statement: int, path: Path, registry: FakeRegistry, days: Days) -> bool:
    made: list[sqlite3.Connection] = []

    def connect_mortal(path: Path) -> sqlite3.Connection:
        made.append(passing(path, Mortal))
        return made[-1]

    Mortal.left = statement
    try:
        desk = desk_of(path, registry, days, connect=connect_mortal)
        desk.run()
    except Killed:
        return True
    finally:
        Mortal.left = 10**9
        made[0].close()
    return False
