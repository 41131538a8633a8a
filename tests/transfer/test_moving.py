"""From embedded to Kafka as docs/moving.md says: real commands and processes, the same receipts."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deployment import Deployment, new_deployment
from tests.support.folders import passing_folder
from tests.support.running import Running, events_file, run_command, running_registry


@pytest.fixture
def old() -> Iterator[Deployment]:
    """Processes whose log is in the database."""
    with new_deployment() as made:
        yield made


@pytest.fixture
def new(kafka: str, topics: str) -> Iterator[Deployment]:
    """Processes whose log is on Kafka."""
    with new_deployment(SIJILL_KAFKA=kafka, SIJILL_TOPICS=topics) as made:
        yield made


def test_processes_go_on_where_the_others_ended(
    old: Deployment, new: Deployment, tmp_path: Path
) -> None:
    file = str(tmp_path / "log.gz")
    old.begin()
    door, sequencer = old.start("ingest"), old.start("sequence")
    door.until_ready()
    before = old.submit(door, "before", wait=30)
    assert before.status_code == 201
    sequencer.terminate()
    assert old.submit(door, "waiting").status_code == 202
    door.terminate()
    assert "position 1: 2 leaves, 3 acknowledged" in old.run("export", file)

    new.server.start()
    new.run("migrate")
    new.run("topics", "apply")
    assert "position 1: 2 leaves, 3 acknowledged" in new.run("import", file)
    shutil.copytree(old.keys, new.keys, dirs_exist_ok=True)
    for body in ("before.json", "waiting.json"):
        shutil.copy(old.folder / body, new.folder)

    door = new.start("ingest")
    new.start("sequence")
    door.until_ready()
    again = new.submit(door, "before")
    assert (again.status_code, again.content) == (200, before.content)
    assert new.submit(door, "waiting", wait=30).status_code in (200, 201)
    after = new.submit(door, "after", wait=30)
    assert after.status_code == 201
    assert after.json()["leaf_index"] == 3
    assert "everything holds" in new.run("check")


@pytest.fixture
def empty_folder() -> Iterator[Path]:
    """One that the database's account can reach."""
    with passing_folder() as folder:
        yield folder


def test_a_folder_becomes_one_whose_log_is_on_kafka(
    kafka: str, topics: str, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, data = str(empty_folder / "log.gz"), str(empty_folder / "data")
    with running_registry() as old:
        key = old.add_platform()
        old.run("push", events_file(old.folder, 200), "--as", key, "--url", old.url)
        old.stop()
        # Its database is started for this alone.
        assert "position 2: 3 leaves, 3 acknowledged" in old.own("export", file)
        (empty_folder / "data").mkdir(mode=0o711)
        shutil.copytree(old.folder / "data" / "keys", empty_folder / "data" / "keys")
    monkeypatch.setenv("SIJILL_KAFKA", kafka)
    monkeypatch.setenv("SIJILL_TOPICS", topics)
    run_command("import", file, "--data", data)
    new = Running(empty_folder, options=("--kafka",))
    try:
        new.start()
        assert "everything holds" in new.own("check")
        (row,) = new.get("/v1/platforms", role="analyst")["rows"]
        assert row["counts"]["completed"] == 200
    finally:
        new.stop()
