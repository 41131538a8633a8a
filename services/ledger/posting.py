"""Which postings turn what stands posted for a month into what is assessed (RULES 7.4). Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import Struct

from events.money import from_micros
from services.ledger.assess import assess
from services.ledger.assessment import Assessed, Cell, Pay
from services.ledger.assignment import Assigned, Under, by_scheme
from services.ledger.conversion import Conversions
from services.ledger.difference import Balance, Movement, difference, movements
from services.ledger.terms import Terms

#: Terms and conversions of a scheme in the month.
TermsOf = Callable[[str], tuple[Terms, Conversions]]


class Posting(Struct, frozen=True):
    """One pseudonym's month of one scheme, to be posted. `person`: whose other pseudonyms it was
    assessed with. `previous_basis`: of what stands posted for it, None for the first."""

    scheme: str
    month: str
    person: str | None
    previous_basis: int | None
    lines: tuple[Movement, ...]


class Owner(NamedTuple):
    """Whose month is posted, and the person that she is assessed as with others, if any."""

    cell: Cell
    person: str | None


@dataclass(slots=True)
class Standing:
    """What stands posted of a pseudonym under one scheme, and the last position it was assessed
    at."""

    balances: dict[Balance, int] = field(default_factory=dict)
    basis: int | None = None


@dataclass(slots=True)
class Posted:
    """What stands posted for a month, by (platform, worker) and scheme."""

    by_cell: dict[Cell, dict[str, Standing]] = field(default_factory=dict)

    def add(self, scheme: str, key: Balance, amount: int, basis: int) -> None:
        """One balance, debits above 0."""
        schemes = self.by_cell.setdefault((key.platform, key.worker), {})
        stands = schemes.setdefault(scheme, Standing())
        stands.balances[key] = amount
        stands.basis = basis if stands.basis is None else max(stands.basis, basis)

    def of(self, cell: Cell) -> Mapping[str, Standing]:
        """What stands of a pseudonym, by scheme."""
        return self.by_cell.get(cell, {})


#: What each scheme is owed of pay that is assessed together.
Due = Mapping[str, Assessed]


@dataclass(slots=True)
class Month:
    """One month's postings, pseudonym by pseudonym: nothing of one is needed for the next.

    `only`: the one scheme to post; None: all. `waiting` counts months that wait for a rate.

    A person's pseudonyms are assessed together and posted apart, each in its own place among all:
    where entries stand in the ledger must not tell the platforms who is whom.
    """

    period: str
    default: str | None
    terms: TermsOf
    only: str | None = None
    waiting: int = 0

    def due(self, pay: Iterable[Pay], assigned: Sequence[Assigned]) -> Due:
        """What the pay of a worker, or of all pseudonyms of a person, comes to."""
        return {one.scheme: self._assessed(one) for one in by_scheme(pay, assigned, self.default)}

    def _assessed(self, under: Under) -> Assessed:
        terms, conversions = self.terms(under.scheme)
        found = assess(terms, under.pay, conversions, by_default=under.by_default)
        return Assessed(found, under.pay)

    def postings(self, owner: Owner, due: Due, posted: Posted) -> Iterator[Posting]:
        """What turns that which stands posted of a pseudonym into its part of what is due."""
        stands = posted.of(owner.cell)
        for scheme in sorted(due.keys() | stands.keys()):
            if self.only in (None, scheme):
                stood = stands.get(scheme, Standing())
                lines = self._lines(due.get(scheme), owner, stood)
                if lines:
                    yield Posting(scheme, self.period, owner.person, stood.basis, lines)

    def _lines(self, found: Assessed | None, owner: Owner, stood: Standing) -> tuple[Movement, ...]:
        if found is None:
            # Nothing of hers belongs to this scheme any more.
            return movements({}, stood.balances)
        if found.month.waiting:
            # What waits for a rate moves nothing: what is posted stays.
            self.waiting += any((one.platform, one.worker) == owner.cell for one in found.pay)
            return ()
        own = found.month if owner.person is None else found.part({owner.cell})
        return difference(own, stood.balances)


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
