"""What was read, on disk: memory does not grow with the files.

SQLite of the standard library, in a temporary database without a name: the system removes it when
it is closed, also after a kill.
"""

import sqlite3
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from sijill_client.batches import ReadyEvent
from sijill_client.errors import SijillError
from sijill_client.importers.records import Assignment, Contract, Verdict
from sijill_client.importers.times import from_micros, to_micros

#: What SQLite may keep in memory, in KiB; the rest lies in the temporary folder.
CACHE_KIB = 48 * 1024


class Counts(NamedTuple):
    """Distinct assignments of some kinds."""

    sandbox: int
    overturned: int
    approved_unstated: int
    approved_unreadable: int


class Spool:
    """Assignments, contracts and ready events of one command."""

    def __init__(self) -> None:
        # "": a database of its own on disk that nobody else can open. Sending may happen in
        # another thread than reading, never at the same time.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_sql("tables"))
        self._database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._database.execute("BEGIN")
        self._settled = False
        self.close = weakref.finalize(self, self._database.close)

    def keep_below(self, pages: int) -> None:
        """Lets the database grow to so many pages only, as a full folder would."""
        self._database.execute(f"PRAGMA max_page_count = {pages}")

    @contextmanager
    def file(self) -> Iterator[None]:
        """Takes in a whole file or, if it raises, nothing of it."""
        with _naming_full_disk():
            self._database.execute("DELETE FROM keyless")
            self._database.execute("SAVEPOINT file")
            try:
                yield
            except sqlite3.Error:
                # A full disk: SQLite has gone back by itself, and the command ends here.
                raise
            except BaseException:
                self._database.execute("ROLLBACK TO file")
                self._database.execute("RELEASE file")
                raise
            self._database.execute("RELEASE file")

    def ordinal(self, content: str) -> int:
        """How often a row of this content came in this file before."""
        return int(self._database.execute(_sql("count_keyless"), (content,)).fetchone()[0])

    def add(self, assignment: Assignment) -> Assignment | None:
        """Keeps the first row of an assignment; else the one that is kept already."""
        self._settled = False
        taken = self._database.execute(_sql("add_assignment"), _cells(assignment)).rowcount
        return None if taken == 1 else self.assignment(assignment.task)

    def assignment(self, task: str) -> Assignment:
        """The row of an assignment."""
        return _assignment(self._database.execute(_sql("assignment"), (task,)).fetchone())

    def merge(self, one: Assignment) -> None:
        """Replaces what later rows may change."""
        verdict = one.verdict
        changed: tuple[Any, ...] = (
            *(_micros(one.accepted), _micros(one.submitted), one.seconds, one.page),
            *(verdict.status, verdict.meaning),
            *(_micros(verdict.approved_at), _micros(verdict.rejected_at), verdict.feedback),
            *(verdict.approved_assumed, verdict.rejected_assumed, verdict.paid_otherwise),
            one.handed_in,
        )
        self._database.execute(_sql("merge_assignment"), (one.task, *changed))

    def add_contract(self, one: Contract, *, used: bool, described: bool) -> None:
        """Keeps the first row of a HIT from which a contract can be made."""
        cells = (
            *(one.hit, one.title, one.amount, one.currency, one.max_seconds, one.sandbox),
            *(_micros(one.created), one.task_group, _json(one.terms), used, described),
        )
        self._database.execute(_sql("add_contract"), cells)

    def add_ready(self, event: ReadyEvent) -> None:
        """Keeps a ready event, after those before it."""
        self._database.execute("INSERT INTO ready (type, id, body) VALUES (?, ?, ?)", event)

    def ready(self) -> Iterator[ReadyEvent]:
        """The ready events, in the order in which they came."""
        with _naming_full_disk():
            found = self._database.execute("SELECT type, id, body FROM ready ORDER BY n")
            yield from map(ReadyEvent._make, found)

    def assignments(self, kind: str) -> Iterator[Assignment]:
        """The assignments that make events of a kind, in the order of these events."""
        with _naming_full_disk():
            self._settle()
            yield from map(_assignment, self._database.execute(_sql(kind)))

    def published(self) -> Iterator[Contract]:
        """The HITs of which a contract can be stated, in the order of their events."""
        with _naming_full_disk():
            yield from map(_contract, self._database.execute(_sql("published")))

    def by_status(self) -> Counter[str]:
        """Distinct assignments by status."""
        return Counter(dict(self._database.execute(_sql("by_status"))))

    def counts(self) -> Counts:
        """Distinct assignments of some kinds."""
        self._settle()
        return Counts._make(self._database.execute(_sql("counts")).fetchone())

    def _settle(self) -> None:
        """What can only be said once every row was read."""
        if not self._settled:
            self._database.execute(_sql("settle_described"))
            self._database.execute(_sql("settle_pages"))
            self._settled = True


@cache
def _sql(name: str) -> str:
    return (resources.files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")


@contextmanager
def _naming_full_disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as fault:
        raise SijillError(
            f"the temporary folder cannot hold what was read ({fault}): free space there, "
            "or name another folder in TMPDIR"
        ) from None


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def _json(terms: Mapping[str, Any]) -> str:
    return msgspec.json.encode(terms).decode()


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _cells(one: Assignment) -> tuple[Any, ...]:
    verdict = one.verdict
    return (
        *(one.task, one.worker, one.hit, _micros(one.accepted), _micros(one.submitted)),
        *(one.seconds, one.amount, one.currency, one.amount_is_bad, one.sandbox),
        *(verdict.status, verdict.meaning, _micros(verdict.approved_at)),
        *(_micros(verdict.rejected_at), verdict.feedback, one.page, one.residence),
        *(one.task_group, one.utc_assumed, verdict.approved_assumed, verdict.rejected_assumed),
        *(verdict.paid_otherwise, one.handed_in),
    )


def _assignment(row: tuple[Any, ...]) -> Assignment:
    task, worker, hit, accepted, submitted, seconds, amount, currency, bad, sandbox = row[:10]
    status, meaning, approved, rejected, feedback, page, residence, group = row[10:18]
    assumed, approved_assumed, rejected_assumed, otherwise = map(bool, row[18:])
    decided = _moment(approved), _moment(rejected)
    flags = approved_assumed, rejected_assumed, otherwise
    return Assignment(
        task=task,
        worker=worker,
        hit=hit,
        accepted=_moment(accepted),
        submitted=_moment(submitted),
        seconds=seconds,
        amount=amount,
        currency=currency,
        amount_is_bad=bool(bad),
        sandbox=bool(sandbox),
        verdict=Verdict(status, meaning, *decided, feedback, *flags),
        page=page,
        residence=residence,
        task_group=group,
        utc_assumed=assumed,
    )


def _contract(row: tuple[Any, ...]) -> Contract:
    hit, title, amount, currency, seconds, sandbox, created, group, terms = row
    stated = _moment(created), group, msgspec.json.decode(terms)
    return Contract(hit, title, amount, currency, seconds, bool(sandbox), *stated)
