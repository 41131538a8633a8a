"""What an earlier, killed supervisor may have left behind, and how it is ended.

Everything here runs under the data folder's lock, so no living supervisor owns what is found.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

#: Seconds an orphaned server may take to shut down in order before it is killed.
ORPHAN_SECONDS = 60.0
POLL_SECONDS = 0.02
PROC = Path("/proc")


def servers_in(cluster: Path) -> set[int]:
    """Process ids of living PostgreSQL processes that work in `cluster` (none without /proc).

    A process id alone proves nothing, it may be a zombie's or taken by another program; the
    program and the working folder of the process do.
    """
    return {int(entry.name) for entry in PROC.glob("[0-9]*") if _works_in(entry, cluster)}


def _works_in(entry: Path, cluster: Path) -> bool:
    try:
        program = os.path.basename(os.readlink(entry / "exe"))
        return program.startswith("postgres") and os.readlink(entry / "cwd") == str(cluster)
    except OSError:
        return False


def recorded_pid(cluster: Path) -> int | None:
    """The process id in `postmaster.pid`, if there is one."""
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def end_leftovers(cluster: Path) -> None:
    """End whatever still runs on `cluster` and take away its lock file.

    An orphaned postmaster shuts down in order. Without a postmaster a busy backend would go on
    until it next waits for something, and keep the next server from its shared memory.
    """
    left, postmaster = servers_in(cluster), recorded_pid(cluster)
    if postmaster in left:
        _signal({postmaster}, signal.SIGINT)
    else:
        _signal(left, signal.SIGQUIT)
    deadline = time.monotonic() + ORPHAN_SECONDS
    while left := servers_in(cluster):
        if time.monotonic() > deadline:
            _signal(left, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    if PROC.joinpath("self").exists():
        # Nothing runs here, so the id in it is a dead process or a stranger's.
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
