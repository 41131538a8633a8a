"""What an entry rests on: its month assessed again as it stood at the entry's basis."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.bundle import Bundle
from services.ledger.assessment import Assessed, Cell, Line, Pay, Payer
from services.ledger.difference import (
    FUND_RECEIVABLE,
    PLATFORM_PAYABLE,
    SUSPENSE_RECEIVABLE,
    WORKER_PAYABLE,
    WORKER_WITHHELD,
)
from services.projections.ledger.lines import Entry
from services.query_api.assessing import Assessor, pay_of
from services.query_api.basis import Cut, find_cut
from services.query_api.persons import Person, person_of
from services.query_api.reading import Reading
from services.query_api.standing import policy_or_none

#: Whose share an account holds; None: the whole of a branch.
_PAYERS = {
    FUND_RECEIVABLE: None,
    SUSPENSE_RECEIVABLE: None,
    PLATFORM_PAYABLE: Payer.PLATFORM,
    WORKER_WITHHELD: Payer.WORKER,
    WORKER_PAYABLE: Payer.WORKER,
}


@dataclass(frozen=True, slots=True)
class Rest:
    """A month of the entry's person as it stood at a position. `found` None: nothing was due to
    the scheme, or no policy that can be read was in force."""

    person: Person
    bundle: Bundle | None
    pay: Sequence[Pay]
    found: Assessed | None
    alone: Assessed | None

    @property
    def is_shared(self) -> bool:
        """Whether what is due for the pseudonym asked about is not what its own pay owes alone."""
        return self.person.name is not None and _lines(self.found, self.own) != _lines(
            self.alone, self.own
        )

    @property
    def own(self) -> Cell:
        """The pseudonym asked about."""
        return self.person.asked


def _lines(found: Assessed | None, cell: Cell) -> list[tuple[str, Payer | None, int]]:
    if found is None:
        return []
    month = found.part({cell})
    return [
        (line.charge.branch, line.charge.payer, line.amount)
        for line in (*month.lines, *month.claims)
        if line.amount
    ]


async def rest_at(r: Reading, entry: Entry, position: int) -> Rest:
    """The month that an entry is about, assessed at a position."""
    month = entry.about or entry.period
    own = str(entry.platform), str(entry.worker)
    cut = await _cut_at(r, position)
    person = await person_of(r, own, position)
    pay = [one for cell in person.cells for one in await pay_of(r.snapshot, cell, month, cut)]
    established, _ = await r.state.establishment()
    adopted = await policy_or_none(r.snapshot, established.country, position)
    if adopted is None:
        return Rest(person, None, pay, None, None)
    assessor = Assessor(r.snapshot, adopted.bundle, month, position)
    found = await assessor.month(person.cells, person.name, pay)
    by_itself = [one for one in pay if (one.platform, one.worker) == own]
    alone = await assessor.month([own], person.name, by_itself)
    both = (_of(entry.scheme, assessed) for assessed in (found, alone))
    return Rest(person, adopted.bundle, pay, *both)


async def _cut_at(r: Reading, position: int) -> Cut:
    return await find_cut(r.reach, r.state.today(r.days), position)


def _of(scheme: str, assessed: Sequence[Assessed]) -> Assessed | None:
    return next((one for one in assessed if one.month.scheme == scheme), None)


def line_of(entry: Entry, rest: Rest) -> Line | None:
    """The assessed line that an entry brought the ledger to."""
    if rest.found is None or entry.account not in _PAYERS:
        return None
    payer, month = _PAYERS[entry.account], rest.found.part({rest.own})
    lines = month.claims if payer is None else month.lines
    asked = entry.branch, payer
    return next((one for one in lines if (one.charge.branch, one.charge.payer) == asked), None)
