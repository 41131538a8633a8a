"""Several rows of one assignment, in one file or in many, are one assignment.

The counting rules: the first row seen, files in name order, gives reward and times; for what
became of the work a decided row wins over one still submitted. Rows without an assignment are
HITs nobody did: counted as rows, nothing else.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sijill_client.importers.records import Assignment, Contract, Fault, ReadRow


@dataclass(slots=True)
class Reading:
    """Everything that was read from the files of one command."""

    files: int = 0
    rows: int = 0
    repeated_rows: int = 0
    idle_rows: int = 0
    zoneless: int = 0
    faults: list[Fault] = field(default_factory=list)
    bad_cells: list[Fault] = field(default_factory=list)
    bad_files: list[Fault] = field(default_factory=list)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)

    def add(self, row: ReadRow, file: str, line: int) -> None:
        """Takes a row in; rows must come with files in name order."""
        self.zoneless += row.zoneless
        self.bad_cells += [Fault(file, line, reason) for reason in row.bad_cells]
        if row.assignment is None:
            self.idle_rows += 1
            return
        new = self._with_shared_contract(row.assignment)
        old = self.assignments.setdefault(new.task, new)
        if old is new:
            return
        self.repeated_rows += 1
        if new.verdict.weight > old.verdict.weight:
            self.assignments[new.task] = replace(old, verdict=new.verdict)
        elif new.verdict.contradicts(old.verdict):
            said = f"says {new.verdict.status}, an earlier row {old.verdict.status}, which stands"
            self.bad_cells.append(Fault(file, line, f"the status of {new.task}: {said}"))

    def by_status(self) -> Counter[str]:
        """Distinct assignments by status."""
        return Counter(one.verdict.status for one in self.assignments.values())

    def sandbox(self) -> int:
        """Distinct assignments of the requester sandbox."""
        return sum(one.contract.sandbox for one in self.assignments.values())

    def overturned(self) -> int:
        """Distinct assignments whose rejection was overturned."""
        return sum(one.verdict.overturned for one in self.assignments.values())

    def published(self) -> Iterator[Contract]:
        """The HITs of which a contract can be stated."""
        return (one for one in self.contracts.values() if one.created is not None)

    def _with_shared_contract(self, assignment: Assignment) -> Assignment:
        """All assignments of a HIT share one contract object: the first that can be published."""
        new = assignment.contract
        known = self.contracts.setdefault(new.hit, new)
        if known.created is None and new.created is not None:
            self.contracts[new.hit] = known = new
        if known == new:
            return replace(assignment, contract=known)
        return assignment
