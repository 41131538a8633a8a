"""What the checker reads of a log, whichever it is: one protocol, an implementation for each.

Nothing is judged here. What lies in the log is given as it lies, as it stood at one moment.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

import asyncpg

from events.log.protocol import IntakeRecord, Place
from services.checker.judgement import Stored
from services.checker.report import Finding


class KeptLeaf(NamedTuple):
    """A leaf, and its offset in the topic of leaves (None where a leaf's index is its place)."""

    stored: Stored
    offset: int | None = None


class Acknowledged(NamedTuple):
    """What lies at a place of the intake, and whether its body has the digest beside it.

    `record` is None for what no door wrote: nobody was promised a leaf for it.
    """

    place: Place
    record: IntakeRecord | None
    intact: bool


class LogSource(Protocol):
    """A log as it stood when it was opened, read once from front to back: leaves, then intake."""

    @property
    def indexed(self) -> int:
        """How many leaves the index of submissions, emitters and keys holds."""

    @property
    def faults(self) -> Sequence[Finding]:
        """What is wrong with the log as a whole, known before the first leaf is read."""

    @property
    def notes(self) -> Sequence[str]:
        """What is worth knowing of the log as a whole, once all of it was read."""

    def leaves(self) -> AsyncIterator[KeptLeaf]:
        """Every leaf in order, each with what lies in the intake at its place."""

    def intake(self) -> AsyncIterator[Acknowledged]:
        """Everything acknowledged, partition by partition, in its order."""

    async def ends(self) -> Mapping[int, int]:
        """The next offset of each partition of the intake."""


#: Opens the log whose index a connection sees in its snapshot, after that snapshot was taken.
OpenLog = Callable[[asyncpg.Connection], AbstractAsyncContextManager[LogSource]]
