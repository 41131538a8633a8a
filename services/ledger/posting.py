"""Which postings turn what stands posted for a month into what is assessed (RULES 7.4). Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from events.money import from_micros
from services.ledger.assess import assess
from services.ledger.assessment import Cell, Pay
from services.ledger.assignment import Assigned, by_scheme
from services.ledger.conversion import Conversions
from services.ledger.difference import Balance, Movement, balances_of, movements
from services.ledger.terms import Terms

#: Terms and conversions of a scheme in the month.
TermsOf = Callable[[str], tuple[Terms, Conversions]]


class Posting(Struct, frozen=True):
    """One worker's or person's month of one scheme, to be posted. `previous_basis`: of what stands
    posted for her, None for the first."""

    scheme: str
    month: str
    person: str | None
    previous_basis: int | None
    lines: tuple[Movement, ...]


@dataclass(slots=True)
class Posted:
    """Everything that stands posted for a month, by scheme and (platform, worker)."""

    balances: dict[tuple[str, Cell], dict[Balance, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    bases: dict[tuple[str, Cell], int] = field(default_factory=dict)

    def add(self, scheme: str, key: Balance, amount: int, basis: int) -> None:
        """One balance, debits above 0."""
        owner = scheme, (key.platform, key.worker)
        self.balances[owner][key] = amount
        self.bases[owner] = max(basis, self.bases.get(owner, basis))

    def take(self, scheme: str, cells: Iterable[Cell]) -> tuple[dict[Balance, int], int | None]:
        """What stands for some workers, and the last basis; it is used up."""
        found: dict[Balance, int] = {}
        bases = []
        for cell in cells:
            found.update(self.balances.pop((scheme, cell), {}))
            if (scheme, cell) in self.bases:
                bases.append(self.bases[scheme, cell])
        return found, max(bases, default=None)


@dataclass(slots=True)
class Month:
    """One month's postings, worker by worker; those linked to one person are assessed together.

    `assigned`: by (platform, worker), and of persons under ("", person).
    """

    period: str
    default: str | None
    terms: TermsOf
    posted: Posted
    assigned: Mapping[Cell, Sequence[Assigned]]
    persons: Mapping[Cell, str]
    held: dict[str, list[Pay]] = field(default_factory=dict)
    cells: dict[str, set[Cell]] = field(default_factory=lambda: defaultdict(set))
    waiting: int = 0

    def __post_init__(self) -> None:
        for cell, person in self.persons.items():
            self.cells[person].add(cell)

    def add(self, cell: Cell, pay: Sequence[Pay]) -> Iterator[Posting]:
        """All pay of a (platform, worker); a person's waits for the rest of hers."""
        person = self.persons.get(cell)
        if person is None:
            yield from self._postings(None, {cell}, pay, self.assigned.get(cell, ()))
        else:
            self.held.setdefault(person, []).extend(pay)

    def finish(self) -> Iterator[Posting]:
        """The persons, then whoever has nothing any more that stands posted."""
        for person, pay in sorted(self.held.items()):
            cells = self.cells[person]
            assigned = [one for cell in sorted(cells) for one in self.assigned.get(cell, ())]
            assigned += self.assigned.get(("", person), ())
            yield from self._postings(person, cells, pay, assigned)
        for scheme, cell in sorted(self.posted.balances):
            balances, basis = self.posted.take(scheme, [cell])
            lines = movements({}, balances)
            if lines:
                yield Posting(scheme, self.period, self.persons.get(cell), basis, lines)

    def _postings(
        self,
        person: str | None,
        cells: set[Cell],
        pay: Sequence[Pay],
        assigned: Sequence[Assigned],
    ) -> Iterator[Posting]:
        for under in by_scheme(pay, assigned, self.default):
            balances, basis = self.posted.take(under.scheme, sorted(cells))
            terms, conversions = self.terms(under.scheme)
            found = assess(terms, under.pay, conversions, by_default=under.by_default)
            # What waits for a rate moves nothing: what is posted stays.
            self.waiting += bool(found.waiting)
            lines = () if found.waiting else movements(balances_of(found), balances)
            if lines:
                yield Posting(under.scheme, self.period, person, basis, lines)


def act_data(
    posting: Posting, *, period: str, after: int, basis: int, policy: str
) -> dict[str, Any]:
    """The data of `ledger.posted`. `period`: the month whose books it goes into."""
    said: dict[str, Any] = {
        "scheme": posting.scheme,
        "period": period,
        "after": after,
        "basis": basis,
        "policy": policy,
        "lines": [_line(line) for line in posting.lines],
        "previous_basis": posting.previous_basis,
        "person": posting.person,
        "about": None if period == posting.month else posting.month,
    }
    return {name: value for name, value in said.items() if value is not None}


def _line(line: Movement) -> dict[str, str]:
    side, amount = ("debit", line.debit) if line.debit else ("credit", line.credit)
    owner = {"platform": line.platform, "worker": line.worker, "currency": line.currency}
    said = {"account": line.account, side: from_micros(amount), **owner}
    return said | ({"branch": line.branch} if line.branch else {})
