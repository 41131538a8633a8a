"""Which postings and closings of a scheme have effect, one after the other. Pure (RULES 7.4, 7.5).

Compare-and-swap through the log: an act says which entry it follows. What it says is looked at
against everything before it, and against nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from events.acts import LedgerLine, LedgerPosted, PeriodClosed
from events.money import to_micros
from services.projections.ledger.lines import CLOSING
from services.projections.ledger.statement import Statement, statement_digest


@dataclass(frozen=True, slots=True)
class At:
    """Where an act stands."""

    event_number: int
    leaf_index: int
    recorded_day: date


@dataclass(slots=True)
class Scheme:
    """What decides about the next act of a scheme.

    `last`: its last entry number. `closed_through`: the last closed month. `first`: the first month
    with entries.
    """

    last: int = 0
    closed_through: str | None = None
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Adoption:
    """A policy and the leaf from which it is the country's."""

    leaf_index: int
    country: str
    digest: str


@dataclass(slots=True)
class Policies:
    """All adoptions, oldest first."""

    adoptions: list[Adoption] = field(default_factory=list)
    _at: dict[int, frozenset[str]] = field(default_factory=dict)

    def adopt(self, adoption: Adoption) -> None:
        """One more, behind all others."""
        self.adoptions.append(adoption)
        self._at.clear()

    def at(self, position: int) -> frozenset[str]:
        """The digests in force at a position, one a country."""
        found = self._at.get(position)
        if found is None:
            newest = {a.country: a.digest for a in self.adoptions if a.leaf_index <= position}
            found = self._at[position] = frozenset(newest.values())
        return found


def month_after(month: str) -> str:
    """The month behind one."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]), 12)
    return f"{year:04d}-{number + 1:02d}"


def posting_fault(scheme: Scheme, at: At, data: LedgerPosted, policies: Policies) -> str | None:
    """The rule that a posting breaks; None if it has effect."""
    if scheme.closed_through is not None and data.period <= scheme.closed_through:
        return "ledger-period-closed"
    if data.about is not None and not _is_back_reference(scheme, data):
        return "ledger-wrong-period"
    if data.after != scheme.last:
        return "ledger-not-next"
    if not data.lines or not _all_owned(data) or _is_reserved(data):
        return "ledger-line-unowned"
    if not is_balanced(data.lines):
        return "ledger-unbalanced"
    if data.basis >= at.leaf_index or (data.previous_basis or 0) > data.basis:
        return "ledger-basis-not-past"
    if data.policy not in policies.at(data.basis):
        return "ledger-policy-not-adopted"
    return None


def _is_back_reference(scheme: Scheme, data: LedgerPosted) -> bool:
    """Whether it is about a closed month and stands in the oldest open one."""
    closed = scheme.closed_through
    if closed is None or data.about is None:
        return False
    return data.about <= closed and data.period == month_after(closed)


def _all_owned(data: LedgerPosted) -> bool:
    if data.platform is not None and data.worker is not None:
        return True
    return all(
        (line.platform or data.platform) and (line.worker or data.worker) for line in data.lines
    )


def _is_reserved(data: LedgerPosted) -> bool:
    return any(line.account == CLOSING for line in data.lines)


def is_balanced(lines: Sequence[LedgerLine]) -> bool:
    """Whether debits equal credits in every currency."""
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.currency] += to_micros(line.debit or "0") - to_micros(line.credit or "0")
    return not any(sums.values())


#: A row of the view `entry`, in the order of its columns.
EntryRow = tuple[Any, ...]


def post(scheme: Scheme, at: At, data: LedgerPosted) -> Iterator[EntryRow]:
    """The rows of a posting that has effect; the scheme moves on behind them."""
    place = (at.event_number, at.leaf_index, at.recorded_day)
    why = (data.previous_basis, data.basis, data.policy)
    for number, line in enumerate(data.lines, scheme.last + 1):
        owner = (line.platform or data.platform, line.worker or data.worker, data.person)
        sides = [None if side is None else to_micros(side) for side in (line.debit, line.credit)]
        head = (data.scheme, number, data.period, data.about, line.account, line.branch)
        yield (*head, line.currency, *sides, *owner, *why, *place)
    scheme.last += len(data.lines)
    scheme.first = min(scheme.first or data.period, data.period)


def closing_fault(scheme: Scheme, at: At, data: PeriodClosed) -> str | None:
    """The rule that a closing breaks before its statement is looked at."""
    closed = scheme.closed_through
    if closed is not None and data.period <= closed:
        return "period-closed-already"
    if closed is not None and data.period != month_after(closed):
        return "period-predecessor-open"
    if closed is None and scheme.first is not None and scheme.first < data.period:
        return "period-predecessor-open"
    if data.after != scheme.last:
        return "period-entries-since"
    if data.basis >= at.leaf_index:
        return "ledger-basis-not-past"
    return None


def statement_fault(data: PeriodClosed, statement: Statement) -> str | None:
    """The rule that a closing breaks against the statement that the entries give."""
    if data.entries is not None and data.entries != statement.entries:
        return "period-totals-differ"
    if data.totals is not None and _stated(data) != _moved(statement):
        return "period-totals-differ"
    if data.statement != statement_digest(statement):
        return "period-statement-differs"
    return None


def _stated(data: PeriodClosed) -> list[tuple[str, str, int, int]]:
    totals = data.totals or ()
    return sorted((t.account, t.currency, to_micros(t.debit), to_micros(t.credit)) for t in totals)


def _moved(statement: Statement) -> list[tuple[str, str, int, int]]:
    moved = statement.movements
    return sorted((m.account, m.currency, to_micros(m.debit), to_micros(m.credit)) for m in moved)


def close(scheme: Scheme, at: At, data: PeriodClosed) -> EntryRow:
    """The row of the number that a closing takes; the scheme moves on behind it."""
    scheme.last += 1
    scheme.closed_through = data.period
    scheme.first = min(scheme.first or data.period, data.period)
    head = (data.scheme, scheme.last, data.period, None, CLOSING, None)
    place = (at.event_number, at.leaf_index, at.recorded_day)
    return (*head, None, None, None, None, None, None, None, data.basis, None, *place)
