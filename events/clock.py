"""The clock is passed in: services read the system's, a demonstration or a test its own."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

#: Gives a moment with an offset.
Clock = Callable[[], datetime]
#: In a clock file: follow the machine's clock.
SYSTEM = "system"


def system_clock() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


def file_clock(path: Path) -> Clock:
    """A clock that several processes share: the file holds an RFC 3339 moment, or `system`.

    The demonstration writes it to let thirty recorded days pass in a minute.
    """

    def read() -> datetime:
        text = path.read_text().strip()
        return system_clock() if text == SYSTEM else datetime.fromisoformat(text)

    return read
