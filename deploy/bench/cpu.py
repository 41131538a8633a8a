"""Who used the processors, and how much memory a process ever held (Linux, /proc)."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """Processor use of named processes with all their children since it was made, in cores."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before, self._at = self._seconds(), time.monotonic()

    def cores(self) -> dict[str, float]:
        """How many cores each kept busy."""
        passed = time.monotonic() - self._at
        now = self._seconds()
        return {name: round((now[name] - self._before[name]) / passed, 2) for name in now}

    def _seconds(self) -> dict[str, float]:
        children = _children()
        own = os.getpid()
        # Ours are the parents of all: what the load costs is this process alone.
        return {
            name: _used(pid) if pid == own else _used_by_all(pid, children)
            for name, pid in self._pids.items()
        }


def peak_bytes(pid: int) -> int:
    """The most memory that a process, or any of its children, has held."""
    return max(_peak(pid), *map(peak_bytes, _children().get(pid, ())), 0)


def _used_by_all(pid: int, children: Mapping[int, list[int]]) -> float:
    return _used(pid) + sum(_used_by_all(child, children) for child in children.get(pid, ()))


def _used(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _stat(pid: int) -> list[str]:
    """The fields behind the name, which may itself hold spaces; none if the process has gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _peak(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)
