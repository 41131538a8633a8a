"""The embedded PostgreSQL: one folder, one server, and nobody left behind.

The server ends with the process that started it, however that one ends; data outlive both. On
Linux the kernel sees to it (PR_SET_PDEATHSIG). Elsewhere a supervisor killed with -9 leaves a
server running, and without /proc a later start can neither see nor end it.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO
from urllib.parse import quote, urlencode

from deploy.embedded import sockets
from deploy.embedded.accounts import (
    ENVIRONMENT,
    Account,
    first_unreachable,
    own_name,
    server_account,
)
from deploy.embedded.binaries import usable_programs
from deploy.embedded.cluster import SUPERUSER, open_cluster, write_access
from deploy.embedded.errors import EmbeddedPostgresError
from deploy.files import log_tail, put_aside, take_lock

#: What differs from PostgreSQL's defaults, or must not depend on them. A caller may change it.
SETTINGS: Mapping[str, str] = {
    # The socket is the only door, and only the server's own account and root pass it.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Folds are short statements; compiling them costs more than it saves, and adds 100 MB.
    "jit": "off",
    # Bulk loads and rebuilds write WAL in bursts; fewer checkpoints, still seconds of recovery.
    "max_wal_size": "4GB",
    # What a busy day used is kept over a quiet night: a new file is filled with zeros and brought
    # to the disk before it is used, and all commits wait for that.
    "min_wal_size": "1GB",
    # pglz, the only method in the wheel's binaries, halves whole-page images and costs a fifth of
    # a fold's time for as long after a checkpoint as there are old pages to write.
    "wal_compression": "off",
    # An acknowledgement is a promise to keep the bytes. Never off, whatever a file says.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Days are computed in Python, in the registry's zone; the server must have no opinion.
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Six processes with a pool each, and room for a person with psql.
    "max_connections": "100",
    # Our log file takes what the server says; a collector would be one more process.
    "logging_collector": "off",
}
#: An eighth of the machine's memory, so that sums and indexes stay in it; in megabytes, at least
#: and at most.
_BUFFERS_MB_MIN, _BUFFERS_MB_MAX = 128, 4096
#: Seconds a fast shutdown may take before the server is told to stop at once and recover later.
STOP_SECONDS = 60.0
POLL_SECONDS = 0.01


def _buffers() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return f"{min(max(memory // 8, _BUFFERS_MB_MIN), _BUFFERS_MB_MAX)}MB"


class EmbeddedPostgres:
    """A PostgreSQL server of our own in the folder `data`.

    `roles` may log in over the socket beside `postgres`, without a password (peer); making
    them is for whoever owns the schema. `settings` go over `SETTINGS`. As root the server runs
    as `os_user`; otherwise as ourselves. Every failure is an `EmbeddedPostgresError`.
    """

    def __init__(
        self,
        data: Path,
        *,
        roles: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        os_user: str = "nobody",
    ) -> None:
        self.data = data.resolve()
        self.log = self.data / "postgres.log"
        self._cluster = self.data / "cluster"
        self._account = server_account(os_user)
        self._sockets = sockets.socket_folder(self.data, self._account, os.environ)
        self._roles = tuple(roles)
        self._settings = {"shared_buffers": _buffers(), **SETTINGS, **(settings or {})}
        self._lock: TextIO | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the running server, None when there is none."""
        server = self._server
        return server.pid if server is not None and server.poll() is None else None

    def dsn(self, database: str = "postgres", role: str = SUPERUSER) -> str:
        """The address of `database` for asyncpg and libpq, as `role`, over the socket."""
        # The port is spelled out, or a PGPORT in the environment would change the file name.
        place = urlencode({"host": str(self._sockets), "port": sockets.PORT}, safe="/")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?{place}"

    def start(self) -> None:
        """Return once the server takes connections; recovery after a crash has no time limit.

        Does nothing while it runs. Only the main thread may call it: the kernel ends the
        server with the thread that made it.
        """
        if self.pid is not None:
            return
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedPostgresError("Start the embedded PostgreSQL from the main thread.")
        self.stop()
        _make_data_folder(self.data, self._account)
        self._lock = take_lock(self.data / "lock", EmbeddedPostgresError)
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down fast: open transactions are rolled back, all committed data is on disk.

        May be called at any time, any number of times.
        """
        if self._server is not None:
            _shut_down(self._server)
            self._server = None
            sockets.clear(self._sockets, self.data)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        programs, major = usable_programs(self.data, self._account)
        open_cluster(self._cluster, programs, major, self._account)
        sockets.prepare(self._sockets, self._account)
        access = write_access(self.data, {own_name(), self._account.name}, self._roles)
        where = {
            "data_directory": str(self._cluster),
            "unix_socket_directories": _listed(self._sockets),
        }
        settings = {**self._settings, **access, **where}
        argv = [str(programs / "postgres"), "-D", str(self._cluster)]
        argv += [option for name in settings for option in ("-c", f"{name}={settings[name]}")]
        start = put_aside(self.log)
        self._server = _spawn(self._account.command(argv, signal.SIGINT), self.log)
        self._wait_ready(self._server, start)

    def _wait_ready(self, server: subprocess.Popen[bytes], log_start: int) -> None:
        while not _is_ready(self._cluster / "postmaster.pid", server.pid):
            if server.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start (status {server.returncode}). The end of "
                    f"{self.log}:\n{log_tail(self.log, log_start)}"
                )
            time.sleep(POLL_SECONDS)


def _listed(folder: Path) -> str:
    """`folder` as the one item of a PostgreSQL list, where a space or comma would end it."""
    return '"{}"'.format(str(folder).replace('"', '""'))


def _make_data_folder(data: Path, account: Account) -> None:
    try:
        if not data.exists():
            data.mkdir(parents=True)
            # A dropped-to account has to pass through it; nobody else needs to.
            data.chmod(0o711 if account.drops else 0o700)
    except OSError as error:
        raise EmbeddedPostgresError(f"Cannot make the data folder {data}: {error}") from error
    if (barrier := first_unreachable(data, account)) is not None:
        raise EmbeddedPostgresError(
            f"PostgreSQL runs as {account.name}, who cannot enter {barrier}: name a data folder "
            f"that every user can reach, such as /var/lib/sijill, or chmod o+x {barrier}"
        )


def _spawn(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  # our own programs
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=ENVIRONMENT,
            # Ctrl-C in the terminal reaches us alone: the server stops last.
            start_new_session=True,
        )


def _is_ready(lock_file: Path, pid: int) -> bool:
    """Whether server `pid` says so in line 8 of `postmaster.pid` (miscadmin.h)."""
    try:
        lines = lock_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _shut_down(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # Nothing is lost: what was committed is in the WAL, and the next start reads it.
        server.send_signal(signal.SIGQUIT)
        server.wait()
