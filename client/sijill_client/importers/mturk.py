"""Mechanical Turk: one reader, three column maps.

`mturk-web`: batch results of the requester site; `mturk-clt`: `getResults` of the command-line
tools; `mturk-hitresults`: the download of single HITs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast, get_args

from sijill_client.importers.money import read_money
from sijill_client.importers.records import Assignment, Contract, ReadRow, Status, Verdict
from sijill_client.importers.table import Record, Table, cell
from sijill_client.importers.times import check_range, read_time
from sijill_client.pseudonyms import Pseudonyms

#: Mechanical Turk states rewards in US dollars only.
CURRENCY = "USD"
#: One leap year: no effective work time is longer.
SECONDS_MAX = 366 * 86_400
ID_CHARS_MAX = 128
TITLE_CHARS_MAX = 512
REQUIRED = ("hit", "assignment", "worker", "status", "accepted", "submitted")

#: What the reader looks for, and how each format calls it.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "mturk-web": {
        "hit": "HITId",
        "title": "Title",
        "reward": "Reward",
        "created": "CreationTime",
        "duration": "AssignmentDurationInSeconds",
        "annotation": "RequesterAnnotation",
        "assignment": "AssignmentId",
        "worker": "WorkerId",
        "status": "AssignmentStatus",
        "accepted": "AcceptTime",
        "submitted": "SubmitTime",
        "approved": "ApprovalTime",
        "rejected": "RejectionTime",
        "feedback": "RequesterFeedback",
        "seconds": "WorkTimeInSeconds",
    },
    "mturk-clt": {
        "hit": "hitid",
        "title": "title",
        "reward": "reward",
        "created": "creationtime",
        "duration": "assignmentduration",
        "annotation": "annotation",
        "assignment": "assignmentid",
        "worker": "workerid",
        "status": "assignmentstatus",
        "accepted": "assignmentaccepttime",
        "submitted": "assignmentsubmittime",
        "approved": "assignmentapprovaltime",
        "rejected": "assignmentrejecttime",
        "feedback": "feedback",
    },
    "mturk-hitresults": {
        "hit": "HitId",
        "title": "HitTitle",
        "annotation": "Annotation",
        "assignment": "AssignmentId",
        "worker": "WorkerId",
        "status": "Status",
        "accepted": "AcceptTime",
        "submitted": "SubmitTime",
    },
}
_STATUSES = frozenset(get_args(Status)) - {"none"}
#: A batch of six digits is the requester sandbox (play money), one of seven is production.
_SANDBOX = re.compile(r"BatchId:[0-9]{6}(?![0-9])")
_Value = TypeVar("_Value")


class RowFault(Exception):
    """The row cannot be read; the message says why."""


def missing_columns(table: Table, format_name: str) -> list[str]:
    """The columns without which a table is not of this format, as the format writes them."""
    names = COLUMNS[format_name]
    return [names[role] for role in REQUIRED if names[role].casefold() not in table.columns]


@dataclass(frozen=True, slots=True)
class MturkFile:
    """How one file is read: its column map, its digest, the platform's pseudonyms, the clock."""

    format_name: str
    places: Mapping[str, int]
    digest: bytes
    pseudonyms: Pseudonyms
    now: datetime

    @classmethod
    def of(
        cls, table: Table, format_name: str, digest: bytes, pseudonyms: Pseudonyms, now: datetime
    ) -> "MturkFile":
        """Looks the columns of the format up in the table's header."""
        names = COLUMNS[format_name]
        found = {role: table.columns.get(name.casefold()) for role, name in names.items()}
        places = {role: place for role, place in found.items() if place is not None}
        return cls(format_name, places, digest, pseudonyms, now)

    def read(self, record: Record) -> ReadRow:
        """One record; `RowFault` if it cannot be read."""
        if record.fault is not None:
            raise RowFault(record.fault)
        row = _Row(self, record.cells)
        if not row.text("assignment"):
            row.check_length("assignment")
            return ReadRow(None)
        assignment = row.assignment()
        return ReadRow(assignment, tuple(row.bad_cells), row.zoneless)


@dataclass(slots=True)
class _Row:
    """The cells of one record, and what had to be noted while reading them."""

    file: MturkFile
    cells: list[str]
    bad_cells: list[str] = field(default_factory=list)
    zoneless: int = 0

    def assignment(self) -> Assignment:
        for role in REQUIRED:
            self.check_length(role)
        accepted, submitted = self.time("accepted"), self.time("submitted")
        if submitted is None:
            raise RowFault(f"{self.name('submitted')} is empty")
        verdict = self.verdict()
        contract = self.contract()
        return Assignment(
            task=self.identifier("assignment"),
            worker=self.file.pseudonyms.worker(self.identifier("worker"), self.file.digest),
            contract=contract,
            accepted=accepted,
            submitted=submitted,
            seconds=self.seconds(accepted, submitted),
            amount=contract.amount,
            amount_is_bad=contract.amount is None and bool(self.text("reward")),
            verdict=verdict,
        )

    def contract(self) -> Contract:
        return Contract(
            hit=self.identifier("hit"),
            title=self.noted("title", _title),
            amount=self.noted("reward", read_money),
            max_seconds=self.noted("duration", _whole_seconds),
            sandbox=bool(_SANDBOX.search(self.text("annotation"))),
            created=self.noted("created", self._moment),
        )

    def verdict(self) -> Verdict:
        status = self.text("status").casefold() or "none"
        if status not in _STATUSES | {"none"}:
            raise RowFault(f"{self.name('status')} {self.text('status')!r} is not a known status")
        feedback = self.text("feedback")
        return Verdict(
            status=cast(Status, status),
            approved_at=self.time("approved"),
            rejected_at=self.time("rejected"),
            feedback=self.file.pseudonyms.digest(feedback) if feedback else None,
        )

    def seconds(self, accepted: datetime | None, submitted: datetime) -> int | None:
        """The web site states them; the other formats mean submit minus accept."""
        if "seconds" in COLUMNS[self.file.format_name]:
            return self.noted("seconds", _whole_seconds)
        if accepted is None:
            return None
        between = int((submitted - accepted).total_seconds())
        if 0 <= between <= SECONDS_MAX:
            return between
        self.bad_cells.append(f"{self.name('submitted')} lies {between} s after the accept time")
        return None

    def text(self, role: str) -> str:
        return cell(self.cells, self.file.places.get(role))

    def name(self, role: str) -> str:
        return COLUMNS[self.file.format_name][role]

    def check_length(self, role: str) -> None:
        """Short rows may lack the marks at the end, not a cell on which the event stands."""
        if self.file.places[role] >= len(self.cells):
            raise RowFault(f"the row ends before {self.name(role)}")

    def identifier(self, role: str) -> str:
        text = self.text(role)
        if not text:
            raise RowFault(f"{self.name(role)} is empty")
        if len(text) > ID_CHARS_MAX or not text.isprintable():
            raise RowFault(f"{self.name(role)} is not an id")
        return text

    def time(self, role: str) -> datetime | None:
        """A time of the assignment itself: if it cannot be read, neither can the row."""
        try:
            return self._moment(self.text(role)) if self.text(role) else None
        except ValueError as fault:
            raise RowFault(f"{self.name(role)}: {fault}") from None

    def noted(self, role: str, read: Callable[[str], _Value]) -> _Value | None:
        """A cell that the work can do without: if it is bad that is noted, and it stays unsaid."""
        text = self.text(role)
        try:
            return read(text) if text else None
        except ValueError as fault:
            self.bad_cells.append(f"{self.name(role)}: {fault}")
            return None

    def _moment(self, text: str) -> datetime:
        found = read_time(text)
        check_range(found.moment, self.file.now)
        self.zoneless += not found.zone_stated
        return found.moment


def _whole_seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:12]) > SECONDS_MAX:
        raise ValueError(f"{text!r} is not a number of seconds up to {SECONDS_MAX:,}")
    return int(text)


def _title(text: str) -> str:
    title = " ".join(text.split())
    if len(title) > TITLE_CHARS_MAX or not title.isprintable():
        raise ValueError(f"not plain text of at most {TITLE_CHARS_MAX} characters")
    return title
