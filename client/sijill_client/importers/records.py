"""What importers hand on: assignments, the contracts they stand under, and faults."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

#: What the registry can be told of the work, whatever word the platform has for it. `open`: it is
#: not handed in, and nothing is decided.
Meaning = Literal["approved", "rejected", "submitted", "returned", "expired", "open", "none"]
#: Of two rows of one assignment the weightier says what became of it.
_WEIGHTS = {"open": 0, "none": 0, "submitted": 1, "returned": 2, "expired": 2}
_DECIDED, _OVERTURNED = 3, 4
#: Faults that are kept with their words; of the others only the number is, so that a file of
#: millions of bad rows fits into memory.
FAULTS_KEPT = 1_000


class Fault(NamedTuple):
    """Something that could not be read: where, and why. Line 0: the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.reason}"


class Faults(list[Fault]):
    """The first faults, and how many there are in all."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def add(self, fault: Fault) -> None:
        """Counts a fault, and keeps it if it is one of the first."""
        self.total += 1
        if len(self) < FAULTS_KEPT:
            self.append(fault)

    def cut(self, kept: int, total: int) -> None:
        """Goes back to an earlier state: so many kept, so many in all."""
        del self[kept:]
        self.total = total


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the export says became of the work. `feedback` is a salted digest; `…_assumed`: that
    time names no zone. `paid_otherwise`: approved, and paid another amount than the rest."""

    status: str
    meaning: Meaning = "none"
    approved_at: datetime | None = None
    rejected_at: datetime | None = None
    feedback: str | None = None
    approved_assumed: bool = False
    rejected_assumed: bool = False
    paid_otherwise: bool = False

    @property
    def overturned(self) -> bool:
        """Rejected first, approved later: approved although a rejection time stands."""
        return self.meaning == "approved" and self.rejected_at is not None

    @property
    def weight(self) -> int:
        """A decided verdict wins over submitted.

        An overturned rejection says itself that it came after the plain rejection of an earlier
        download.
        """
        if self.meaning in _WEIGHTS:
            return _WEIGHTS[self.meaning]
        return _OVERTURNED if self.overturned else _DECIDED

    def contradicts(self, earlier: "Verdict") -> bool:
        """Whether two final rows disagree, and neither says that it came after the other."""
        return (
            self.weight == earlier.weight
            and self.weight > _WEIGHTS["submitted"]
            and self.meaning != earlier.meaning
        )


@dataclass(frozen=True, slots=True)
class Contract:
    """A HIT: the terms that every download of it repeats. `created` None: no contract is made.

    `terms`: further members of its event, which only a mapping can state.
    """

    hit: str
    title: str | None = None
    amount: str | None = None
    currency: str | None = None
    max_seconds: int | None = None
    sandbox: bool = False
    created: datetime | None = None
    task_group: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One piece of work by one worker; `worker` is the pseudonym.

    `submitted` None: the file does not say when the work was handed in, or it never was. `page`:
    judgments of one page carry one working time between them. `utc_assumed`: a time of the work
    itself names no zone.
    """

    task: str
    worker: str
    hit: str | None
    accepted: datetime | None
    submitted: datetime | None
    seconds: int | None
    amount: str | None
    currency: str | None
    amount_is_bad: bool
    sandbox: bool
    verdict: Verdict
    page: str | None = None
    residence: str | None = None
    task_group: str | None = None
    utc_assumed: bool = False

    @property
    def handed_in(self) -> bool:
        """Whether there is work to report: a submit time, or a status that only such work has."""
        done = self.verdict.meaning in ("approved", "rejected", "submitted")
        return self.submitted is not None or (done and self.accepted is not None)

    @property
    def time(self) -> datetime | None:
        """When it was handed in; where nothing says that, when it was begun."""
        return self.submitted or self.accepted

    def merged(self, later: "Assignment") -> "Assignment":
        """This row with what a later row of the same assignment decides.

        The first row gives reward and times; only a work that had not been handed in takes them
        from the row that says so.
        """
        one = self
        if one.submitted is None and later.submitted is not None:
            one = replace(one, submitted=later.submitted, seconds=later.seconds, page=later.page)
            one = replace(one, accepted=one.accepted or later.accepted)
        if later.verdict.weight > one.verdict.weight:
            one = replace(one, verdict=later.verdict)
        return one


class ReadRow(NamedTuple):
    """A row that could be read; no assignment if nobody did the HIT.

    `described`: the row describes a HIT for the assignments that other rows name.
    """

    assignment: Assignment | None = None
    contract: Contract | None = None
    bad_cells: tuple[str, ...] = ()
    zoneless: int = 0
    described: bool = False
