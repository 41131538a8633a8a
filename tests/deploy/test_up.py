"""`sijill up` as its operator meets it: keys, kills, restarts."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.plain import PLAIN
from tests.support.running import SIJILL, Running, child_of, events_file, running_registry


@pytest.fixture
def registry() -> Iterator[Running]:
    with running_registry() as running:
        yield running


def test_keys_are_private_and_the_registry_stops_cleanly(registry: Running) -> None:
    key = Path(registry.add_platform())

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((registry.folder / "data/keys").stat().st_mode) == 0o700
    assert registry.stop() == 0
    assert "stopped; the data stay in place" in (registry.folder / "up.log").read_text()


def test_everything_acknowledged_survives_kill_9_of_the_whole_group(registry: Running) -> None:
    key = registry.add_platform()
    registry.run("push", events_file(registry.folder, 3000), "--as", key, "--url", registry.url)

    registry.kill()
    registry.start()

    assert "everything holds" in registry.own("check")
    (row,) = registry.get("/v1/platforms", role="analyst")["rows"]
    assert row["counts"]["completed"] == 3000


def test_a_push_killed_halfway_is_finished_by_the_next_one(registry: Running) -> None:
    key = registry.add_platform()
    file = events_file(registry.folder, 20_000)
    arguments = ["push", file, "--as", key, "--url", registry.url]
    half = subprocess.Popen(
        [*SIJILL, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    registry.until(lambda: half.poll() is not None or _position(registry) >= 4)
    half.kill()
    half.wait()

    registry.run(*arguments)

    (row,) = registry.get("/v1/platforms", role="analyst")["rows"]
    assert row["counts"]["completed"] == 20_000
    assert "everything holds" in registry.own("check")


def test_a_killed_service_and_a_killed_database_come_back(registry: Running) -> None:
    key = registry.add_platform()
    for pattern in ("deploy.cli.main sequence", "deploy.cli.main project", "/cluster"):
        os.kill(child_of(registry, pattern), signal.SIGKILL)

    registry.run("push", events_file(registry.folder, 10), "--as", key, "--url", registry.url)

    assert "everything holds" in registry.own("check")


def _position(registry: Running) -> int:
    return int(httpx.get(f"{registry.url}/v1/registry", verify=PLAIN).json()["log_position"])
