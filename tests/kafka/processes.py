"""Processes that are killed, and whether something of them is left."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds after which a condition that never comes true fails the test instead of hanging it.
_PATIENCE = 60.0
_ROOT = Path(__file__).parents[2]


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program that is killed at the end, if it still runs."""
    argv = [sys.executable, "-W", "ignore", *arguments]
    with subprocess.Popen(argv, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """Wait for a line of output; what stands behind the words in it."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line.partition(words)[2].strip()
    raise AssertionError(f"ended without saying {words!r}")


def until(condition: Callable[[], bool], what: str) -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never came about: {what}"
        time.sleep(0.02)


def nodes_in(folder: Path) -> set[int]:
    """Process ids of the Java programs that run in a cluster's folder."""
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _runs_in(entry, folder)}


def _runs_in(entry: Path, folder: Path) -> bool:
    try:
        java = entry.joinpath("exe").readlink().name == "java"
        return java and entry.joinpath("cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def answers(address: str) -> bool:
    """Whether somebody takes connections there."""
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port))).close()
    except OSError:
        return False
    return True
