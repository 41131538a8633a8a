"""The outbox against a registry that loses answers and refuses, and on a disk that is full."""

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kit_outbox import URL, Desk, nil, outbox
from kit_registry import FakeRegistry, answering, lost_answer, lost_request
from kit_tables import IDENTITY
from sijill_client import Outbox, OutboxError, PlatformKey, make_key
from sijill_client.batches import EVENTS_MAX
from sijill_client.importers.events_file import ready_event
from sijill_client.outbox.sender import BACKGROUND
from sijill_client.outbox.spool import Spool, connect


@pytest.fixture
def desk(tmp_path: Path, registry: FakeRegistry) -> Iterator[Desk]:
    made = Desk(tmp_path / "outbox", registry)
    yield made
    made.close()


def test_events_go_in_the_order_in_which_they_were_put_and_leave_a_receipt(desk: Desk) -> None:
    desk.put(*(nil(number) for number in range(EVENTS_MAX)))
    desk.put(nil(EVENTS_MAX), nil(EVENTS_MAX + 1))
    assert desk.run() == [0.0, 0.0]
    sent = [event["id"] for events in desk.registry.bodies.values() for event in events]
    assert sent == [f"nil-{number}" for number in range(EVENTS_MAX + 2)]
    assert [one.leaf_index for one in desk.spool.receipts()] == [0, 1]
    assert all(b'"receipt"' in one.answer for one in desk.spool.receipts())
    assert desk.spool.is_empty()


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes_and_counts_once(desk: Desk) -> None:
    desk.registry.faults.extend([lost_answer, lost_request, answering(502)])
    desk.put(nil(1))
    desk.put(nil(2))
    waits = desk.run()
    # Each wait is twice the last one; the last step is the one that worked.
    assert waits == [0.5, 1.0, 2.0, 0.0]
    assert len({request.content for request in desk.registry.posts}) == 1
    assert len(desk.registry.leaves) == 1
    assert desk.spool.tally().repeated == 2


def test_what_is_put_while_a_batch_is_on_its_way_does_not_change_it(desk: Desk) -> None:
    desk.registry.faults.append(lost_answer)
    desk.put(nil(1))
    assert desk.sender.step() == 0.5
    desk.put(nil(2))
    assert desk.run() == [0.0, 0.0]
    assert [len(events) for events in desk.registry.bodies.values()] == [1, 1]


def test_a_retry_after_is_kept_to_and_waits_stay_within_bounds(desk: Desk) -> None:
    desk.registry.faults.append(answering(429, {"Retry-After": "600"}))
    desk.registry.faults.extend([lost_request] * 2000)
    desk.put(nil(1))
    waits = desk.run()
    assert waits[0] == 600
    assert max(waits[1:]) == BACKGROUND.longest
    assert len(waits) == 2002
    assert desk.spool.is_empty()


def test_an_event_to_blame_is_set_aside_with_its_faults_and_the_others_are_sent(
    desk: Desk,
) -> None:
    faults = [
        {"pointer": "/1/data/day", "detail": "is required"},
        {"pointer": "/1/time", "detail": "is in the future"},
    ]
    desk.registry.faults.append(answering(422, title="Schema", errors=faults))
    desk.put(nil(1), nil(2), nil(3))
    desk.run()
    assert set(desk.registry.events) == {"nil-1", "nil-3"}
    (refused,) = desk.spool.refused()
    assert json.loads(refused.body)["id"] == refused.id == "nil-2"
    assert refused.problem == "422 Schema: /data/day is required; /time is in the future"
    desk.spool.forget([refused.number])
    assert desk.spool.refused() == []


def test_an_event_to_blame_that_nobody_names_is_found_by_halves(desk: Desk) -> None:
    def refuse_seven(request: Any, honest: Callable[[], Any]) -> Any:
        if b'"nil-7"' in request.content:
            return answering(400, title="Malformed", detail="nests too deep")(request, honest)
        return honest()

    desk.registry.faults.extend([refuse_seven] * 40)
    desk.put(*(nil(number) for number in range(20)))
    desk.run()
    assert [one.id for one in desk.spool.refused()] == ["nil-7"]
    sent = [event["id"] for events in desk.registry.bodies.values() for event in events]
    assert sent == [f"nil-{number}" for number in range(20) if number != 7]


def test_a_refused_key_keeps_the_events_and_a_new_key_sends_them(
    desk: Desk, tmp_path: Path
) -> None:
    desk.registry.faults.append(lost_answer)
    desk.put(nil(1))
    desk.sender.step()
    desk.registry.faults.append(answering(403, title="Revoked key", detail="by leaf 9"))
    assert desk.sender.step() == 1.0
    assert desk.sender.problem == "403 Revoked key: by leaf 9"
    new = make_key("alpha", IDENTITY)
    desk.registry.key = new
    after = Desk(tmp_path / "outbox", desk.registry, new)
    assert after.run() == [0.0]
    after.close()
    # The id that the old key made is kept: the lost answer may have been a receipt.
    assert len(desk.registry.leaves) == 1
    assert after.key.kid != desk.key.kid


def test_an_id_that_a_revoked_key_used_up_is_replaced_once_there_is_another_key(
    desk: Desk, tmp_path: Path
) -> None:
    receipt = {"outcome": "key-revoked", "leaf_index": 4}
    desk.registry.faults.append(answering(201, **receipt))
    desk.put(nil(1))
    assert desk.sender.step() == 0.5
    assert "push again with a key that stands" in str(desk.sender.problem)
    used_up = desk.registry.posts[0]
    new = make_key("alpha", IDENTITY)
    desk.registry.key = new
    after = Desk(tmp_path / "outbox", desk.registry, new)
    assert after.run() == [0.0]
    after.close()
    (leaf,) = desk.registry.leaves
    assert leaf[0] not in used_up.headers["Submission-Signature"]
    assert desk.registry.posts[-1].content == used_up.content


def test_another_registry_gets_nothing(desk: Desk) -> None:
    desk.registry.key = make_key("alpha", "cd" * 32)
    desk.put(nil(1))
    assert desk.sender.step() == 0.5
    assert "the key belongs to" in str(desk.sender.problem)
    assert desk.registry.posts == []


def test_a_full_disk_keeps_what_was_promised_and_nothing_else(desk: Desk, tmp_path: Path) -> None:
    desk.put(nil(1))
    # What SQLite says then is what it says on a disk without room.
    pages = desk.spool._connection.execute("PRAGMA page_count").fetchone()[0]
    desk.spool._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OutboxError, match=r"nothing of this call was kept.*full"):
        desk.put(nil(2), *(nil(number, note="x" * 4000) for number in range(3, 30)))
    assert desk.spool.tally().waiting == 1
    desk.spool._connection.execute("PRAGMA max_page_count = 1000000")
    desk.put(nil(2))
    desk.run()
    assert set(desk.registry.events) == {"nil-1", "nil-2"}


def test_an_answer_that_cannot_be_kept_is_asked_for_again(desk: Desk) -> None:
    desk.put(nil(1))
    desk.spool.oldest(desk.key)
    connection = desk.spool._connection
    connection.execute("PRAGMA query_only = ON")
    assert desk.sender.step() == 0.5
    assert "cannot be written" in str(desk.sender.problem)
    connection.execute("PRAGMA query_only = OFF")
    assert desk.run() == [0.0]
    assert len(desk.registry.leaves) == 1


def test_the_file_is_its_owners_alone_and_of_one_platform(desk: Desk, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "outbox").stat().st_mode) == 0o600
    with pytest.raises(OutboxError, match="is the outbox of alpha"):
        Spool(tmp_path / "outbox", make_key("beta", IDENTITY))


def test_a_file_that_is_no_outbox_is_told(tmp_path: Path, key: PlatformKey) -> None:
    (tmp_path / "outbox").write_bytes(b"not a database, but long enough to be looked at" * 20)
    with pytest.raises(OutboxError, match=r"outbox cannot be opened.*not a database"):
        Outbox(tmp_path / "outbox", key, URL)


def test_the_end_of_a_block_waits_for_what_waits(tmp_path: Path, registry: FakeRegistry) -> None:
    registry.faults.extend([lost_request, lost_answer])
    told: list[str] = []
    with outbox(tmp_path / "o", registry, told=lambda result: told.append(result.state)) as box:
        box.put(nil(1))
        box.put(nil(2), nil(3))
        assert box.flush(30)
        status = box.status()
    assert (status.waiting, status.refused, status.problem) == (0, 0, None)
    assert set(registry.events) == {"nil-1", "nil-2", "nil-3"}
    assert told


def test_a_block_may_end_after_a_close(tmp_path: Path, registry: FakeRegistry) -> None:
    with outbox(tmp_path / "o", registry) as box:
        box.put(nil(1))
        assert box.flush(30)
        box.close()
    assert set(registry.events) == {"nil-1"}


async def test_the_same_for_asyncio(tmp_path: Path, registry: FakeRegistry) -> None:
    async with outbox(tmp_path / "o", registry) as box:
        await asyncio.gather(*(box.aput(nil(number)) for number in range(20)))
        assert await box.aflush(30)
    assert len(registry.events) == 20


def test_ctrl_c_does_not_wait_and_loses_nothing(tmp_path: Path, registry: FakeRegistry) -> None:
    def interrupted() -> None:
        with outbox(tmp_path / "o", registry, patience=BACKGROUND) as box:
            box.put(nil(1))
            raise KeyboardInterrupt

    registry.faults.extend([lost_request] * 10_000)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    registry.faults.clear()
    with outbox(tmp_path / "o", registry):
        pass
    assert set(registry.events) == {"nil-1"}


def test_one_process_puts_and_another_sends(tmp_path: Path, registry: FakeRegistry) -> None:
    with (
        outbox(tmp_path / "o", registry, sends=False) as puts,
        outbox(tmp_path / "o", registry) as sends,
    ):
        puts.put(nil(1))
        assert puts.flush(30)
        assert sends.status().accepted == 1


def test_two_senders_of_one_file_count_nothing_twice(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    one, two = (outbox(tmp_path / "o", registry) for _ in range(2))
    for number in range(50):
        one.put(nil(number))
    assert one.flush(30)
    one.close()
    two.close()
    assert len(registry.events) == 50
    assert sum(sum(counts.values()) for counts in registry.counts.values()) == 50


def test_many_open_a_new_file_at_once(tmp_path: Path, key: PlatformKey) -> None:
    def open_and_put(number: int) -> None:
        spool = Spool(tmp_path / "o", key)
        spool.put([ready_event(json.dumps(nil(number)).encode(), "/emitters/alpha")])
        spool.close()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(open_and_put, range(16)))
    spool = Spool(tmp_path / "o", key)
    assert spool.tally().waiting == 16
    spool.close()


def test_what_is_put_after_another_process_looked_in_is_kept(
    tmp_path: Path, key: PlatformKey
) -> None:
    """Locks of POSIX are a process's: whoever closes the file drops those of all connections, and
    another process then takes the log away that the next put writes to."""
    held, second = (Spool(tmp_path / "o", key) for _ in range(2))
    count = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
    count += "print(*c.execute('SELECT count(*) FROM event').fetchone()); c.close()"
    look = [sys.executable, "-c", count, tmp_path / "o"]
    seen = []
    for number in range(2):
        held.put([ready_event(json.dumps(nil(number)).encode(), "/emitters/alpha")])
        done = subprocess.run(look, capture_output=True, text=True, check=True)
        seen.append(int(done.stdout))
    assert seen == [1, 2]
    held.close()
    second.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_an_outbox_from_before_a_fork_is_refused(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib, sijill_client as kit\n"
        "box = kit.Outbox(pathlib.Path(sys.argv[1]), kit.make_key('alpha', 'ab' * 32),\n"
        "                 'http://127.0.0.1:9', sends=False)\n"
        "if os.fork():\n"
        "    os.wait()\n"
        "else:\n"
        "    try: box.put()\n"
        "    except kit.OutboxError as fault: print(fault)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "o"], capture_output=True, text=True, check=True
    )
    assert "open one in each process, after the fork" in done.stdout


def test_an_event_that_cannot_be_sent_is_refused_when_it_is_put(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    with outbox(tmp_path / "o", registry) as box:
        with pytest.raises(ValueError, match="event 2 of 2: the event lacks time"):
            box.put(nil(1), {"id": "x", "type": "day.nil.v1", "data": {}})
        with pytest.raises(ValueError, match="event 1 of 1: Encoding objects"):
            box.put(nil(1, thing=object()))
        assert box.status().waiting == 0


def test_a_fault_nobody_thought_of_does_not_end_the_sending(
    tmp_path: Path, registry: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def told(result: Any) -> None:
        calls.append(result.state)
        raise RuntimeError("the caller's own mistake")

    with outbox(tmp_path / "o", registry, told=told) as box:
        box.put(nil(1))
        assert box.flush(30)
    assert calls == ["accepted"]
    assert "the caller's own mistake" in caplog.text


def test_a_connection_is_closed_when_it_cannot_be_set_up(tmp_path: Path) -> None:
    (tmp_path / "o").write_bytes(b"x" * 5000)
    with pytest.raises(sqlite3.DatabaseError):
        connect(tmp_path / "o")
