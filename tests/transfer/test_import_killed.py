"""Appends of unknown outcome, an import killed anywhere: nothing is lost, nothing lies twice."""

import asyncio
import gzip
import os
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.kafka.cluster import Cluster
from deploy.kafka.programs import Programs
from events.errors import Fatal
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import apply_topics
from migrations.roles import SEQUENCER
from services.transfer import filling, groups
from services.transfer.filling import Filling
from services.transfer.format import HeadLine
from services.transfer.importing import fill_topics, import_log
from services.transfer.topics import ClusterTopics
from tests.support.running import PATIENCE, SIJILL
from tests.transfer.carrying import Target, lying, promised, unheard
from tests.transfer.making import laid_down, lines_in, lines_of, sealed
from tests.transfer.stumbling import Fate, Killed, Stumbling

LINES = lines_of(laid_down((f"p{n % 5}", f"s{n}", b"[%d]" % n) for n in range(60)), waiting=7)
FILE = b"".join(sealed(LINES))


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many appends, several on their way, no pauses between tries."""
    monkeypatch.setattr(groups, "_GROUP_RECORDS", 4)
    monkeypatch.setattr(filling, "_WAITING_BYTES_MAX", 12 * 1024)
    monkeypatch.setattr(filling, "_PAUSE_SECONDS", 0)


@pytest.fixture
async def opened(target: Target) -> AsyncIterator[ClusterTopics]:
    """The target's topics, connected."""
    async with ClusterTopics(target.address) as topics:
        yield topics


async def _fill(target: Target, topics: Stumbling) -> HeadLine:
    return await fill_topics(target.address, topics, None, lines_in(FILE), unheard)


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_unknown_outcomes_are_settled_by_reading(
    target: Target, opened: ClusterTopics, seed: int
) -> None:
    dice = random.Random(seed)
    fates = (dice.choice([*Fate, Fate.WELL, Fate.WELL]) for _ in iter(int, 1))
    topics, runs = Stumbling(opened, fates), 1
    while True:
        try:
            await _fill(target, topics)
            break
        except (Killed, ConnectionError):
            runs += 1
    assert await lying(target.address) == promised(target.address, LINES)
    assert set(topics.met) == set(Fate)
    assert runs > 1


@pytest.mark.usefixtures("small_groups")
async def test_a_cluster_that_takes_nothing_ends_the_import(
    target: Target, opened: ClusterTopics
) -> None:
    topics = Stumbling(opened, iter(lambda: Fate.LOST, None))
    with pytest.raises(ConnectionError, match="not appended"):
        await _fill(target, topics)
    assert await lying(target.address) == []


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("lost", [1, 8, 20])
async def test_records_in_wrong_places_are_never_called_imported(
    target: Target, opened: ClusterTopics, lost: int
) -> None:
    """No client does so while it tries again by itself; if one did, it must be heard of."""

    def fates() -> Iterator[Fate]:
        yield from [Fate.WELL] * lost
        yield Fate.LOST
        yield from iter(lambda: Fate.WELL, None)

    with pytest.raises(Fatal, match=r"belong at|holds another record"):
        await _fill(target, Stumbling(opened, fates(), overtakes=True))


@pytest.mark.usefixtures("small_groups")
async def test_somebody_else_who_writes_is_noticed(target: Target, opened: ClusterTopics) -> None:
    every = groups.groups(LINES, target.address)
    fill = Filling(opened, await opened.ends(), lambda done: None)
    first = next(every)
    await opened.send(first.records[:1])
    await fill.put(first)
    with pytest.raises(Fatal, match="somebody else writes into this topic"):
        await fill.finish()


async def test_progress_counts_each_record_once(target: Target, opened: ClusterTopics) -> None:
    heard = list[tuple[int, int]]()
    for _ in range(2):
        heard.clear()
        lines = lines_in(FILE)
        await fill_topics(target.address, opened, None, lines, lambda *told: heard.append(told))
        assert heard[-1] == (113, 113)
        assert [done for done, _ in heard] == sorted({done for done, _ in heard})


MANY = lines_of(laid_down((f"p{n % 7}", f"s{n}", b"[%d]" % n * 20) for n in range(4_000)), 50)


async def test_a_broker_that_is_killed_and_comes_back(
    target: Target,
    kafka_programs: Programs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The import waits and goes on by itself; the client keeps the order over the outage."""
    monkeypatch.setattr(filling, "_WAITING_BYTES_MAX", 256 * 1024)
    with Cluster(tmp_path / "kafka") as cluster:
        address = KafkaAddress(cluster.bootstrap)
        await apply_topics(address)
        half = len(promised(address, MANY)) // 2
        reached = asyncio.Event()

        def tell(done: int, lines: int) -> None:
            if done > half:
                reached.set()

        file = lines_in(b"".join(sealed(MANY)))
        dsn = target.dsn(SEQUENCER)
        importing = asyncio.create_task(import_log(address, dsn, file, tell))
        await reached.wait()
        cluster.kill(1)
        assert not importing.done()
        cluster.launch(1)
        await asyncio.to_thread(cluster.wait, 1)
        await importing
        assert await lying(address) == promised(address, MANY)


# --- a real process, killed with -9 -------------------------------------------------------------


async def test_a_process_that_is_killed_again_and_again(target: Target, tmp_path: Path) -> None:
    """At ends of the topics that a dice names; what the next one finds it goes on with."""
    file, dice = tmp_path / "log.gz", random.Random(4)
    file.write_bytes(gzip.compress(b"".join(sealed(MANY))))
    wanted = promised(target.address, MANY)
    async with ClusterTopics(target.address) as topics:
        for end in sorted(dice.sample(range(len(wanted)), 2)):
            process = _started(target, file)
            while sum((await topics.ends()).values()) < end:
                assert process.poll() is None, process.communicate()
            process.kill()
            process.communicate()
    last = _started(target, file)
    said, _ = last.communicate(timeout=PATIENCE)
    assert last.returncode == 0, said
    assert "position 3949: 3950 leaves, 4000 acknowledged submissions, all on Kafka" in said
    assert await lying(target.address) == wanted
    assert await _indexed(target) == list(range(3_950))


def _started(target: Target, file: Path) -> "subprocess.Popen[str]":
    _, _, address = target.dsn().partition("@")
    environment = {
        **os.environ,
        "SIJILL_DATABASE": f"postgresql://{{role}}@{address}",
        "SIJILL_KAFKA": target.address.bootstrap,
        "SIJILL_TOPICS": target.address.prefix,
        "COLUMNS": "200",
    }
    return subprocess.Popen(
        [*SIJILL, "import", str(file)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


async def _indexed(target: Target) -> list[int]:
    connection = await asyncpg.connect(target.dsn())
    rows = await connection.fetch("SELECT leaf_index FROM log.leaf_place ORDER BY leaf_index")
    await connection.close()
    return [row["leaf_index"] for row in rows]
