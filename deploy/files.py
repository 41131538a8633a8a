"""What every server of ours does with its folder: hold it alone, keep its log readable."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

#: Bytes after which a start puts a log aside as `<name>.1`.
LOG_BYTES_KEPT = 16 * 1024 * 1024
#: How much of a log is worth reading in a terminal, in bytes.
LOG_TAIL_BYTES = 1_500


def take_lock(path: Path, error: type[Exception]) -> TextIO:
    """Hold the folder of the file `path` until the file is closed; `error` if another does."""
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise error(
            f"{path.parent} is in use by process {holder}: stop that one, or name another data "
            "folder."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def put_aside(log: Path) -> int:
    """Put a long log aside; the size in bytes of what stays."""
    size = log.stat().st_size if log.exists() else 0
    if size <= LOG_BYTES_KEPT:
        return size
    log.rename(log.with_name(f"{log.name}.1"))
    return 0


def log_tail(path: Path, start: int = 0) -> str:
    """The end of the log at `path`, at most `LOG_TAIL_BYTES`, nothing before byte `start`."""
    with path.open("rb") as log:
        log.seek(max(start, path.stat().st_size - LOG_TAIL_BYTES))
        return log.read().decode(errors="replace").strip()
