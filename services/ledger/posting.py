"""Which postings turn what stands posted for a month into what is assessed (RULES 7.4). Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import Struct

from events.money import from_micros
from services.ledger.assess import assess
from services.ledger.assessment import Cell, Pay
from services.ledger.assignment import Assigned, Under, by_scheme
from services.ledger.conversion import Conversions
from services.ledger.difference import Balance, Movement, difference, movements
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


class Owner(NamedTuple):
    """Who is assessed at once: a worker, or a person with those of her pseudonyms that matter."""

    person: str | None
    cells: list[Cell]


@dataclass(slots=True)
class Standing:
    """What stands posted of somebody under one scheme, and the last position it was assessed at."""

    balances: dict[Balance, int] = field(default_factory=dict)
    basis: int | None = None

    def add(self, other: "Standing") -> None:
        """Take in what stands of another pseudonym."""
        self.balances |= other.balances
        self.basis = max(
            (one for one in (self.basis, other.basis) if one is not None), default=None
        )


@dataclass(slots=True)
class Posted:
    """What stands posted for a month, by (platform, worker) and scheme."""

    by_cell: dict[Cell, dict[str, Standing]] = field(default_factory=dict)

    def add(self, scheme: str, key: Balance, amount: int, basis: int) -> None:
        """One balance, debits above 0."""
        schemes = self.by_cell.setdefault((key.platform, key.worker), {})
        schemes.setdefault(scheme, Standing()).add(Standing({key: amount}, basis))

    def of(self, cells: Iterable[Cell]) -> dict[str, Standing]:
        """What stands of some workers together, by scheme."""
        found: dict[str, Standing] = defaultdict(Standing)
        for cell in cells:
            for scheme, stands in self.by_cell.get(cell, {}).items():
                found[scheme].add(stands)
        return found


@dataclass(slots=True)
class Month:
    """One month's postings, owner by owner: nothing of one is needed for the next.

    `only`: the one scheme to post; None: all. `waiting` counts months that wait for a rate.
    """

    period: str
    default: str | None
    terms: TermsOf
    assigned: Callable[[Owner], Sequence[Assigned]]
    only: str | None = None
    waiting: int = 0

    def postings(self, owner: Owner, pay: Iterable[Pay], posted: Posted) -> Iterator[Posting]:
        """What turns that which stands posted of an owner into what all her pay comes to."""
        stands = posted.of(owner.cells)
        due = {one.scheme: one for one in by_scheme(pay, self.assigned(owner), self.default)}
        for scheme in sorted(due.keys() | stands.keys()):
            if self.only in (None, scheme):
                stood = stands.get(scheme, Standing())
                lines = self._lines(due.get(scheme), stood)
                if lines:
                    yield Posting(scheme, self.period, owner.person, stood.basis, lines)

    def _lines(self, under: Under | None, stood: Standing) -> tuple[Movement, ...]:
        if under is None:
            # Nothing of hers belongs to this scheme any more.
            return movements({}, stood.balances)
        terms, conversions = self.terms(under.scheme)
        found = assess(terms, under.pay, conversions, by_default=under.by_default)
        # What waits for a rate moves nothing: what is posted stays.
        self.waiting += bool(found.waiting)
        return difference(found, stood.balances)


def act_data(
    posting: Posting,
    lines: Iterable[Movement],
    *,
    period: str,
    after: int,
    basis: int,
    policy: str,
) -> dict[str, Any]:
    """The data of `ledger.posted`. `lines`: all of the posting, or a part that is balanced in
    itself; `period`: the month whose books it goes into."""
    said: dict[str, Any] = {
        "scheme": posting.scheme,
        "period": period,
        "after": after,
        "basis": basis,
        "policy": policy,
        "lines": [_line(line) for line in lines],
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
