"""A registry whose database is elsewhere: migrated, then established, each by one command."""

import os
import subprocess
from pathlib import Path

import asyncpg

from deploy.embedded.postgres import EmbeddedPostgres
from events.clock import system_clock
from events.log.identity import registry_of
from events.log.postgres import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    PostgresSequencerLog,
    connect_pool,
)
from migrations.roles import SEQUENCER
from services.sequencer.sequencer import Sequencer
from tests.support.running import SIJILL


async def test_migrate_and_establish_write_leaf_0(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute("CREATE DATABASE elsewhere")
    await connection.close()
    _, _, address = postgres.dsn("elsewhere").partition("@")
    environment = {
        **os.environ,
        "SIJILL_MIGRATE": postgres.dsn("elsewhere"),
        "SIJILL_DATABASE": f"postgresql://{{role}}@{address}",
        "SIJILL_KEYS": str(tmp_path),
        "SIJILL_PORT": "1",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*SIJILL, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    assert run("migrate").returncode == 0
    established = run("authority", "establish", "--name", "Ministry", "--time-zone", "Africa/Tunis")
    assert established.returncode == 0, established.stderr

    dsn = postgres.dsn("elsewhere", SEQUENCER)
    hints = [Hints(dsn, LEAF_CHANNEL), Hints(dsn, INTAKE_CHANNEL)]
    pool = await connect_pool(dsn)
    log = PostgresSequencerLog(pool, *hints)
    await Sequencer(log, system_clock).commit_round()
    registry = await registry_of(log)
    await pool.close()
    assert registry is not None
    assert (registry.name, registry.time_zone) == ("Ministry", "Africa/Tunis")
    assert sorted(os.listdir(tmp_path)) == ["authority.json", "registry.json"]

    again = run("authority", "establish", "--name", "Somebody else")
    assert again.returncode == 2
    assert "leaf 0 already" in again.stderr
