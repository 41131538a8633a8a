"""The clock is passed in: services read the system's, a demonstration or a test its own."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

#: Gives a moment with an offset.
Clock = Callable[[], datetime]
#: In a clock file: follow the machine's clock.
SYSTEM = "system"
#: More than any moment takes.
_TEXT_BYTES_MAX = 100


def system_clock() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


def file_clock(path: Path) -> Clock:
    """A clock that several processes share: the file holds an RFC 3339 moment, or `system`.

    The demonstration writes it to let thirty recorded days pass in a minute.
    """

    def read() -> datetime:
        # A service asks several times a request: without the layers of a text file.
        file = os.open(path, os.O_RDONLY)
        try:
            text = os.read(file, _TEXT_BYTES_MAX).decode().strip()
        finally:
            os.close(file)
        return system_clock() if text == SYSTEM else datetime.fromisoformat(text)

    return read
