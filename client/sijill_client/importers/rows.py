"""One reader of rows for all formats: which cell means what is the format's to say."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sijill_client.importers.formats import Format
from sijill_client.importers.records import Assignment, Contract, ReadRow, Verdict
from sijill_client.importers.scalars import (
    SECONDS_MAX,
    read_currency,
    read_residence,
    read_seconds,
    read_task_group,
    read_title,
    read_yes_or_no,
)
from sijill_client.importers.table import cell, plain_word
from sijill_client.importers.terms import PREFIX
from sijill_client.importers.times import (
    OtherOrderError,
    check_range,
    read_time,
    reads_either_way,
)
from sijill_client.pseudonyms import Pseudonyms

ID_CHARS_MAX = 128
#: Cells on which an event stands. Short rows may lack the marks at the end, not one of these.
KEY_ROLES = ("hit", "task", "worker", "status", "accepted", "submitted")
#: A batch of six digits is the requester sandbox (play money), one of seven is production.
_SANDBOX = re.compile(r"BatchId:[0-9]{6}(?![0-9])")
_Value = TypeVar("_Value")


class RowFault(Exception):
    """The row cannot be read; the message says why."""


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one file: its format, its columns' places, its digest.

    `either_way` and `other_order` are what a file shows of the order of its days and months.
    """

    format: Format
    places: Mapping[str, int]
    digest: bytes
    pseudonyms: Pseudonyms
    now: datetime
    #: Of rows without a key column: how often this content came before in this file.
    ordinal: Callable[[str], int]
    either_way: int = 0
    other_order: str = ""

    def read(self, cells: list[str]) -> ReadRow:
        """One row; `RowFault` if it cannot be read."""
        row = _Row(self, cells)
        if not any(map(str.strip, cells)):
            return ReadRow()
        if "task" not in self.places or row.text("task"):
            assignment = row.assignment()
            contract = row.contract(assignment.hit) if assignment.hit else None
            return ReadRow(assignment, contract, tuple(row.bad_cells), row.zoneless)
        row.check_length("task")
        contract = row.contract(row.identifier("hit")) if row.text("hit") else None
        described = contract is not None and self.format.name == "mturk-api"
        return ReadRow(None, contract, (), 0, described)


@dataclass(slots=True)
class _Row:
    """The cells of one record, and what had to be noted while reading them."""

    file: RowReader
    cells: list[str]
    bad_cells: list[str] = field(default_factory=list)
    zoneless: int = 0

    def assignment(self) -> Assignment:
        for role in KEY_ROLES:
            self.check_length(role)
        worker = self.identifier("worker")
        accepted, submitted = self.time("accepted"), self.time("submitted")
        self._check_times(accepted, submitted)
        assumed = self.zoneless > 0
        verdict = self.verdict()
        amount = self.noted("reward", self.file.format.read_amount)
        return Assignment(
            task=self.task(worker),
            worker=self.worker(worker),
            hit=self.identifier("hit") if self.text("hit") else None,
            accepted=accepted,
            submitted=submitted,
            seconds=self.seconds(accepted, submitted),
            amount=amount,
            currency=self.currency() if amount else None,
            amount_is_bad=amount is None and bool(self.text("reward")),
            sandbox=self.sandbox(),
            verdict=verdict,
            page=self.page(worker),
            residence=self.noted("residence", read_residence),
            task_group=self.noted("task_group", read_task_group),
            utc_assumed=assumed,
        )

    def contract(self, hit: str) -> Contract:
        """The terms of the HIT. Its bad cells were noted with the row's, or are of no use."""
        if self.text("unit_pay"):
            amount = self.noted("unit_pay", self.file.format.read_amount)
        else:
            amount = self.quiet("reward", self.file.format.read_amount)
        return Contract(
            hit=hit,
            title=self.noted("title", read_title),
            amount=amount,
            currency=self.currency() if amount else None,
            max_seconds=self.noted("duration", read_seconds),
            sandbox=self.sandbox(),
            created=self.noted("created", self._moment),
            task_group=self.quiet("task_group", read_task_group),
            terms=self.terms(),
        )

    def terms(self) -> dict[str, Any]:
        """What a mapping states of the contract beside that, by member of its event."""
        found = {role: self.noted(role, read) for role, read in self.file.format.terms.items()}
        return {
            role.removeprefix(PREFIX): value for role, value in found.items() if value is not None
        }

    def verdict(self) -> Verdict:
        status = self.text("status").casefold() or "none"
        meaning = self.file.format.statuses.get(plain_word(status))
        if meaning is None and status != "none":
            raise RowFault(f"{self.name('status')} {self.text('status')!r} is not a known status")
        feedback = self.text("feedback")
        approved_at, approved_assumed = self.decision("approved", meaning)
        rejected_at, rejected_assumed = self.decision("rejected", meaning)
        return Verdict(
            status=status,
            meaning=meaning or "none",
            approved_at=approved_at,
            rejected_at=rejected_at,
            feedback=self.file.pseudonyms.digest(feedback) if feedback else None,
            approved_assumed=approved_assumed,
            rejected_assumed=rejected_assumed,
            paid_otherwise=plain_word(status) in self.file.format.paid_otherwise,
        )

    def decision(self, role: str, meaning: str | None) -> tuple[datetime | None, bool]:
        """When it was so decided, and whether that time names no zone. A column of its own says it,
        or one for both decisions."""
        before = self.zoneless
        shared = self.time("decided") if meaning == role else None
        moment = shared or self.time(role)
        return moment, self.zoneless > before

    def task(self, worker: str) -> str:
        """The platform's key; without one each row is an assignment, known by what stays of it."""
        if self.text("task"):
            return self.identifier("task")
        parts = (self.text("hit"), worker, self.text("accepted"), self.text("submitted"))
        made = self.file.pseudonyms.task("\n".join(parts))
        before = self.file.ordinal(made)
        return f"{made}.{before}" if before else made

    def worker(self, worker: str) -> str:
        form = self.file.format.worker_form
        if form is None:
            return self.file.pseudonyms.worker(worker)
        return self.file.pseudonyms.worker(worker, self.file.digest, form)

    def seconds(self, accepted: datetime | None, submitted: datetime | None) -> int | None:
        """As the format says. A time that runs on until the export is none."""
        if submitted is None and self.file.format.runs_on:
            return None
        if self.file.format.seconds == "stated":
            return self.noted("seconds", self.file.format.read_seconds)
        if accepted is None or submitted is None:
            return None
        between = int((submitted - accepted).total_seconds())
        if 0 <= between <= SECONDS_MAX:
            return between
        self.bad_cells.append(f"{self.name('submitted')} lies {between} s after the start time")
        return None

    def page(self, worker: str) -> str | None:
        if self.file.format.seconds != "page":
            return None
        return "\n".join((worker, self.text("accepted"), self.text("submitted")))

    def currency(self) -> str | None:
        if self.text("currency"):
            return self.noted("currency", read_currency)
        return self.file.format.currency

    def sandbox(self) -> bool:
        if self.text("sandbox"):
            return bool(self.noted("sandbox", read_yes_or_no))
        return bool(_SANDBOX.search(self.text("annotation")))

    def text(self, role: str) -> str:
        place = self.file.places.get(role)
        if place is None:
            return self.file.format.values.get(role, "")
        return cell(self.cells, place) or self.file.format.values.get(role, "")

    def name(self, role: str) -> str:
        return self.file.format.columns.get(role, (role,))[0]

    def check_length(self, role: str) -> None:
        if self.file.places.get(role, 0) >= len(self.cells):
            raise RowFault(f"the row ends before {self.name(role)}")

    def identifier(self, role: str) -> str:
        text = self.text(role)
        if not text:
            raise RowFault(f"{self.name(role)} is empty")
        if len(text) > ID_CHARS_MAX:
            raise RowFault(f"{self.name(role)} is not an id: over {ID_CHARS_MAX} characters")
        if not text.isprintable():
            said = f"{text!r} holds a line break or another control character"
            raise RowFault(f"{self.name(role)} is not an id: {said}")
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

    def quiet(self, role: str, read: Callable[[str], _Value]) -> _Value | None:
        """The same for a cell that is noted elsewhere."""
        try:
            return read(self.text(role)) if self.text(role) else None
        except ValueError:
            return None

    def _check_times(self, accepted: datetime | None, submitted: datetime | None) -> None:
        """Without any time there is no event; where one is required, it must be there."""
        if submitted is None and self.file.format.submit_time:
            raise RowFault(f"{self.name('submitted')} is empty")
        if submitted is None and accepted is None:
            named = [
                self.name(role) for role in ("accepted", "submitted") if role in self.file.places
            ]
            raise RowFault(f"{' and '.join(named) or 'every time'} is empty")

    def _moment(self, text: str) -> datetime:
        try:
            found = read_time(text, self.file.format.times)
        except OtherOrderError as fault:
            self.file.other_order = self.file.other_order or str(fault)
            raise
        check_range(found.moment, self.file.now)
        self.zoneless += not found.zone_stated
        self.file.either_way += "/" in text and reads_either_way(text)
        return found.moment
