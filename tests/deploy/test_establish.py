"""A registry whose database is elsewhere: migrated, then established, each by one command."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.establish import standing
from deploy.keyfiles import read_key, write_key
from deploy.processes.opening import open_sequencer_log
from deploy.processes.settings import Stores
from events.clock import system_clock
from events.jose import PrivateKey
from events.log.identity import registry_of
from services.sequencer.sequencer import Sequencer
from tests.support.running import SIJILL

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
async def stores(postgres: EmbeddedPostgres) -> AsyncIterator[Stores]:
    """An empty database of a test's own."""
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute("CREATE DATABASE elsewhere")
    _, _, address = postgres.dsn("elsewhere").partition("@")
    yield Stores(f"postgresql://{{role}}@{address}")
    await connection.execute("DROP DATABASE elsewhere WITH (FORCE)")
    await connection.close()


@pytest.fixture
def run(stores: Stores, tmp_path: Path) -> Run:
    """`sijill` with the settings of that database and a folder for keys."""
    environment = {
        **os.environ,
        "SIJILL_MIGRATE": stores.dsn("postgres"),
        "SIJILL_DATABASE": stores.database,
        "SIJILL_KEYS": str(tmp_path),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*SIJILL, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    assert run("migrate").returncode == 0
    return run


ESTABLISH = ("authority", "establish", "--name", "Ministry", "--time-zone", "Africa/Tunis")


async def test_migrate_and_establish_write_leaf_0(run: Run, stores: Stores, tmp_path: Path) -> None:
    established = run(*ESTABLISH)
    assert established.returncode == 0, established.stderr

    async with open_sequencer_log(stores) as log:
        await Sequencer(log, system_clock).commit_round()
        registry = await registry_of(log)
    assert registry is not None
    assert (registry.name, registry.time_zone) == ("Ministry", "Africa/Tunis")
    assert sorted(os.listdir(tmp_path)) == ["authority.json", "registry.json"]

    again = run("authority", "establish", "--name", "Somebody else")
    assert again.returncode == 2
    assert "leaf 0 already" in again.stderr


async def test_establishing_again_before_leaf_0_does_nothing(run: Run, stores: Stores) -> None:
    """A script that was killed may run again, also while no sequencer is running yet."""
    run(*ESTABLISH)

    again, other = run(*ESTABLISH), run("authority", "establish", "--name", "Somebody else")

    assert (again.returncode, other.returncode) == (0, 2)
    assert "established already" in again.stdout
    async with open_sequencer_log(stores) as log:
        assert len(await log.intake((0,) * log.partitions, 10)) == 1


async def test_killed_after_the_keys_it_goes_on_with_them(
    run: Run, stores: Stores, tmp_path: Path
) -> None:
    write_key(tmp_path / "authority.json", "authority", PrivateKey.generate(), "")

    assert run(*ESTABLISH).returncode == 0

    async with open_sequencer_log(stores) as log:
        stands = await standing(log)
    assert stands is not None
    assert stands.key == read_key(tmp_path / "authority.json").key.jwk


async def test_a_registry_of_other_keys_is_not_established_again(run: Run, tmp_path: Path) -> None:
    run(*ESTABLISH)
    (tmp_path / "authority.json").unlink()

    again = run(*ESTABLISH)

    assert again.returncode == 2
    assert not (tmp_path / "authority.json").exists()
