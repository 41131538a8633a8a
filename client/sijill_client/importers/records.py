"""What importers hand on: assignments, the contracts they stand under, and faults."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

#: Final states in the words of the export files, lower-cased; `none` where a file states nothing.
Status = Literal["approved", "rejected", "submitted", "none"]


class Fault(NamedTuple):
    """Something that could not be read: where, and why. Line 0: the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the export says became of the work. `feedback` is a salted digest."""

    status: Status
    approved_at: datetime | None = None
    rejected_at: datetime | None = None
    feedback: str | None = None

    @property
    def overturned(self) -> bool:
        """Rejected first, approved later: approved although a rejection time stands."""
        return self.status == "approved" and self.rejected_at is not None

    @property
    def weight(self) -> int:
        """Of two rows of one assignment the weightier says what became of it.

        A decided one wins over submitted. An overturned rejection says itself that it came after
        the plain rejection of an earlier download.
        """
        if self.status in ("submitted", "none"):
            return 0
        return 2 if self.overturned else 1

    def contradicts(self, earlier: "Verdict") -> bool:
        """Whether two decided rows disagree, and neither says that it came after the other."""
        return self.weight == earlier.weight and self.status != earlier.status


@dataclass(frozen=True, slots=True)
class Contract:
    """A HIT: the terms that every download of it repeats. `created` None: no contract is made."""

    hit: str
    title: str | None
    amount: str | None
    max_seconds: int | None
    sandbox: bool
    created: datetime | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One piece of work by one worker; `worker` is the pseudonym, `amount` of the currency."""

    task: str
    worker: str
    contract: Contract
    accepted: datetime | None
    submitted: datetime
    seconds: int | None
    amount: str | None
    amount_is_bad: bool
    verdict: Verdict


class ReadRow(NamedTuple):
    """A row that could be read; no assignment if nobody did the HIT."""

    assignment: Assignment | None
    bad_cells: tuple[str, ...] = ()
    zoneless: int = 0
