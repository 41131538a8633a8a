"""Months of pay as they were recorded at a cut, and what they owe under a policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.bundle import Bundle
from services.ledger.assess import assess
from services.ledger.assessment import Assessed, Cell, Pay
from services.ledger.assignment import Under, by_scheme
from services.ledger.conversion import Conversions
from services.ledger.months import month_ends
from services.ledger.terms import default_scheme_of, terms_of
from services.query_api.basis import Cut
from services.query_api.database import Row, Snapshot
from services.query_api.standing import assignments_of, rates_at


async def header_of(snapshot: Snapshot, cell: Cell, cut: Cut) -> Row | None:
    """The worker behind a pseudonym, if she was recorded by the cut."""
    found = await snapshot.rows("worker_header", platform=cell[0], worker=cell[1], **cut.values)
    return found[0] if found else None


async def pay_of(snapshot: Snapshot, cell: Cell, period: str, cut: Cut) -> list[Pay]:
    """What a pseudonym was paid in a month."""
    head = await header_of(snapshot, cell, cut)
    if head is None:
        return []
    first, last = month_ends(period)
    own = {"worker_code": head["worker_code"], "first": first, "last": last, **cut.values}
    hers = {"platform": cell[0], "worker": cell[1]}
    return [Pay.of({**hers, **row}) for row in await snapshot.rows("month_pay", **own)]


@dataclass(frozen=True, slots=True)
class Assessor:
    """Assesses months of one period under a policy, with what stands at a position."""

    snapshot: Snapshot
    bundle: Bundle
    period: str
    position: int

    async def month(
        self, cells: Sequence[Cell], person: str | None, pay: Sequence[Pay]
    ) -> list[Assessed]:
        """What pseudonyms that are assessed together owe, by scheme."""
        default = default_scheme_of(self.bundle, self.period).stated.value
        persons = [] if person is None else [person]
        acts = await assignments_of(self.snapshot, cells, persons, self.position)
        named = default if isinstance(default, str) else None
        return [
            await self._assessed(under) for under in by_scheme(pay, acts.of(person, cells), named)
        ]

    async def _assessed(self, under: Under) -> Assessed:
        terms = terms_of(self.bundle, under.scheme, self.period)
        rates = await rates_at(self.snapshot, terms.currency, self.position, under.scheme)
        conversions = Conversions(self.bundle, rates)
        month = assess(terms, under.pay, conversions, by_default=under.by_default)
        return Assessed(month, under.pay)
