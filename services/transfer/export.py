"""Writes a whole log, as it stood at one moment, line by line."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from services.transfer.format import HeadLine, IntakeLine, LeafLine, Line, Sealing
from services.transfer.whole import Whole

#: Hears how many lines are done, and of how many.
Tell = Callable[[int, int], None]
#: Lines between two tellings.
_TOLD_EVERY = 500


class Source(Protocol):
    """A log as it stood when it was opened; read once, leaves first."""

    head: HeadLine

    def leaves(self) -> AsyncIterator[LeafLine]:
        """Every leaf in order."""

    def intake(self) -> AsyncIterator[IntakeLine]:
        """Every record of the intake, partition by partition, in its order."""


async def export_log(source: Source, write: Callable[[bytes], None], tell: Tell) -> HeadLine:
    """Write all of a log; its first line.

    Memory: one line, and what the source fetches ahead. Raises `Fatal` if the log is not whole:
    then what was written lacks its last line, and no import takes it.
    """
    out = _Out(write, tell, source.head)
    async for leaf in source.leaves():
        out.add(leaf)
    async for record in source.intake():
        out.add(record)
    out.end()
    return source.head


class _Out:
    """Follows, seals and writes."""

    def __init__(self, write: Callable[[bytes], None], tell: Tell, head: HeadLine) -> None:
        self._write, self._tell, self._lines = write, tell, head.lines
        self._whole, self._sealing = Whole(), Sealing()
        self._done = 0
        self._put(head)

    def add(self, line: Line) -> None:
        """The next line."""
        self._put(line)
        self._done += 1
        if self._done % _TOLD_EVERY == 0:
            self._tell(self._done, self._lines)

    def end(self) -> None:
        """The last line."""
        self._put(self._whole.end)
        self._whole.finish()
        self._tell(self._done, self._lines)

    def _put(self, line: Line) -> None:
        self._whole.follow(line)
        self._write(self._sealing.encode(line))
