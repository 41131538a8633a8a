"""Several rows of one assignment, in one file or in many, are one assignment.

The counting rules: the first row seen, files in name order, gives reward and times; for what
became of the work a decided row wins over one still submitted. Rows without an assignment are
HITs nobody did: counted as rows, nothing else.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sijill_client.importers.records import Assignment, Fault, Faults, ReadRow
from sijill_client.importers.spool import Spool


@dataclass(slots=True)
class Reading:
    """Everything that was read from the files of one command.

    `notes`: what a user should know although nothing is wrong with it.
    """

    files: int = 0
    rows: int = 0
    repeated_rows: int = 0
    idle_rows: int = 0
    zoneless: int = 0
    faults: Faults = field(default_factory=Faults)
    bad_cells: Faults = field(default_factory=Faults)
    bad_files: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)
    spool: Spool = field(default_factory=Spool)

    @contextmanager
    def file(self) -> Iterator[None]:
        """Takes in a whole file or, if it raises, nothing of it."""
        counts = self.rows, self.repeated_rows, self.idle_rows, self.zoneless
        lists = [(one, len(one), one.total) for one in (self.faults, self.bad_cells)]
        try:
            with self.spool.file():
                yield
        except BaseException:
            self.rows, self.repeated_rows, self.idle_rows, self.zoneless = counts
            for one, kept, total in lists:
                one.cut(kept, total)
            raise
        self.files += 1

    def add(self, row: ReadRow, file: str, line: int) -> None:
        """Takes a row in; rows must come with files in name order."""
        self.zoneless += row.zoneless
        for reason in row.bad_cells:
            self.bad_cells.add(Fault(file, line, reason))
        if row.assignment is None:
            self.idle_rows += 1
            if row.contract is not None and row.described:
                self.spool.add_contract(row.contract, used=False, described=True)
            return
        if row.contract is not None:
            self.spool.add_contract(row.contract, used=True, described=False)
        if (old := self.spool.add(row.assignment)) is not None:
            self._merge(old, row.assignment, file, line)

    @property
    def assignments(self) -> dict[str, Assignment]:
        """All assignments by their task, in the order in which they came: for small readings."""
        return {one.task: one for one in self.spool.assignments("all")}

    def by_status(self) -> Counter[str]:
        """Distinct assignments by status."""
        return self.spool.by_status()

    def sandbox(self) -> int:
        """Distinct assignments of the requester sandbox."""
        return self.spool.counts().sandbox

    def overturned(self) -> int:
        """Distinct assignments whose rejection was overturned."""
        return self.spool.counts().overturned

    def _merge(self, old: Assignment, new: Assignment, file: str, line: int) -> None:
        self.repeated_rows += 1
        merged = old.merged(new)
        if merged != old:
            self.spool.merge(merged)
        elif new.verdict.contradicts(old.verdict):
            said = f"says {new.verdict.status}, an earlier row {old.verdict.status}, which stands"
            self.bad_cells.add(Fault(file, line, f"the status of {new.task}: {said}"))
