"""What the embedded server tells the person who started it."""

from pathlib import Path

#: How much of a log is worth reading in a terminal, in bytes.
LOG_TAIL_BYTES = 1_500


class EmbeddedPostgresError(Exception):
    """The server cannot run; the message says what to do about it."""


def log_tail(path: Path, start: int = 0) -> str:
    """The end of the log at `path`, at most `LOG_TAIL_BYTES`, nothing before byte `start`."""
    with path.open("rb") as log:
        log.seek(max(start, path.stat().st_size - LOG_TAIL_BYTES))
        return log.read().decode(errors="replace").strip()
