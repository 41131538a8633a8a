"""Folders for servers of tests: in memory, where the machine has the room."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_MEMORY, _DISK = Path("/dev/shm"), Path("/tmp")
#: More than a run keeps in memory at any moment, and what must be left for everything else.
_ROOM_BYTES, _LEFT_BYTES = 2 * 1024**3, 4 * 1024**3


@cache
def place() -> Path:
    """Where files that live for one test lie.

    A database of a test is three hundred files. ext4 takes no inode that was freed in the last
    half minute, and looks at all of these for each new file: where tests follow each other, that
    alone is half a second for each.
    """
    try:
        room = shutil.disk_usage(_MEMORY).free
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return _DISK
    (available,) = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    enough = room > _ROOM_BYTES and available * 1024 > _ROOM_BYTES + _LEFT_BYTES
    return _MEMORY if enough else _DISK


@contextmanager
def passing_folder(prefix: str = "sj-") -> Iterator[Path]:
    """A folder with a short name that the database's account can reach; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
