"""The disk fills up: the door says so, keeps its word, and all goes on once there is room."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from services.checker.history import Answer
from services.ingest.door import LOG_ERRORS
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.conftest import server_in, world_on
from tests.fault.waiting import until
from tests.support.world import World

_DISK_BYTES = 256 * 1024 * 1024
#: What is left free when the disk "fills up", and the text that one submission carries.
_LEFT_BYTES, _TEXT_CHARS = 6 * 1024 * 1024, 900_000


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, small enough to fill."""
    with tempfile.TemporaryDirectory(prefix="sj-", dir="/tmp") as folder:
        mounted = _mount(folder)
        if mounted.returncode != 0:
            why = f"cannot mount a tmpfs: {mounted.stderr.strip()}"
            if os.geteuid() == 0 and os.environ.get("CI"):
                pytest.fail(why)
            pytest.skip(why)
        try:
            Path(folder).chmod(0o711)
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(folder: str) -> subprocess.CompletedProcess[str]:
    argv = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "sijill-test", folder]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def _fill(disk: Path) -> Path:
    """Take all room but a little; the file to remove again."""
    ballast = disk / "ballast"
    left = shutil.disk_usage(disk).free - _LEFT_BYTES
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left)
    return ballast


def _big(client: Client) -> list[dict[str, object]]:
    """Unknown fields are kept: a body that no compression makes small."""
    text = os.urandom(_TEXT_CHARS // 2).hex()
    data = {"day": "2026-03-03", "note": text}
    return [client.platform.event("day.nil", data)]


async def _sequence(world: World) -> None:
    try:
        await world.sequence()
    except LOG_ERRORS:
        return


async def test_a_full_disk_costs_time_and_nothing_else(small_disk: Path) -> None:
    with server_in(small_disk) as server:
        async with world_on(server) as world:
            client = Client(world, world.alpha)
            await client.send("before", _big(client))
            await world.sequence()
            ballast = _fill(small_disk)
            answers = []
            for number in range(30):
                answers.append(await client.send(f"s{number}", _big(client)))
                await _sequence(world)
            # Full means full: after the first that failed, room for a smaller one is luck.
            assert Answer.UNKNOWN in answers
            assert Answer.REFUSED not in answers
            ballast.unlink()
            await _until_it_answers(server)
            await client.send_unknown_again()
            assert await client.send("after") is Answer.ACKED
            await world.sequence()
            report = await assert_whole(world.dsn(), client.history)
            assert report.leaves == 2 + 1 + 30 + 1


async def _until_it_answers(server: EmbeddedPostgres) -> None:
    """Where the write-ahead log itself had no room the server stopped, as it must."""

    async def answers() -> bool:
        server.start()
        try:
            connection = await asyncpg.connect(server.dsn())
        except LOG_ERRORS:
            return False
        await connection.close()
        return True

    await until(answers, "a server that takes connections")
