"""What pseudonyms owe of a month: as assessed, as posted, and as brought to the fund."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.money import from_micros
from services.ledger.assessment import Assessed, Cell
from services.query_api.database import Row, in_columns
from services.query_api.reading import Reading
from services.query_api.rule_answers import Contribution

#: A scheme and a currency.
Kind = tuple[str, str]
#: Of a platform's month, for all its workers: what it must bring and what it paid.
Brought = Mapping[tuple[str, str, str], tuple[int, int]]


@dataclass(slots=True)
class Owing:
    """What one scheme asks of some pseudonyms, in micro-units. `due` None: it waits for a rate;
    `paid` None: no platform brings it."""

    suspense: bool = False
    due: int | None = 0
    posted: int = 0
    paid: int | None = None

    def add(self, other: "Owing") -> None:
        """Take another pseudonym's in; what waits makes the whole wait."""
        self.suspense |= other.suspense
        waits = self.due is None or other.due is None
        self.due = None if waits else (self.due or 0) + (other.due or 0)
        self.posted += other.posted
        if other.paid is not None:
            self.paid = (self.paid or 0) + other.paid


@dataclass(slots=True)
class Owings:
    """By pseudonym and kind."""

    of: dict[Cell, dict[Kind, Owing]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Owing))
    )

    def assessed(self, found: Assessed) -> None:
        """Add what is due."""
        month = found.month
        kind = month.scheme, month.currency
        for cell in {(one.platform, one.worker) for one in found.pay}:
            owing = self.of[cell][kind]
            owing.suspense = month.by_default
            owing.due = None if month.waiting else 0
        for line in month.lines:
            owing = self.of[line.platform, line.worker][kind]
            owing.due = (owing.due or 0) + line.amount

    def posted(self, row: Row, brought: Brought) -> None:
        """Add what stands posted, and its part of what the platform brought."""
        owing = self.of[row["platform"], row["worker"]][row["scheme"], row["currency"]]
        owing.suspense |= row["suspense"]
        owing.posted = int(row["brought"] or 0) + int(row["own"] or 0)
        if row["brought"] is not None:
            whole = brought.get((row["scheme"], row["platform"], row["currency"]), (0, 0))
            owing.paid = part_paid(int(row["brought"]), *whole)

    def rows(self, cells: Iterable[Cell]) -> list[Contribution]:
        """Of some pseudonyms together, sorted."""
        sums: dict[Kind, Owing] = {}
        for cell in cells:
            for kind, owing in self.of.get(cell, {}).items():
                sums.setdefault(kind, Owing()).add(owing)
        return [_shown(kind, sums[kind]) for kind in sorted(sums)]


def part_paid(hers: int, due: int, paid: int) -> int:
    """Of what a platform paid, the part of one worker, rounded down.

    `hers` of `due` is what it must bring for her; what it paid beyond all it owes is nobody's.
    """
    if hers <= 0 or due <= 0 or paid <= 0:
        return 0
    return hers * min(paid, due) // due


def _shown(kind: Kind, owing: Owing) -> Contribution:
    scheme, currency = kind
    return Contribution(
        scheme=scheme,
        suspense=owing.suspense,
        currency=currency,
        due=None if owing.due is None else from_micros(owing.due),
        posted=from_micros(owing.posted),
        paid=None if owing.paid is None else from_micros(owing.paid),
    )


async def owings_of(
    r: Reading, period: str, cells: Sequence[Cell], found: Iterable[Assessed], allowed: Any
) -> Owings:
    """What some pseudonyms owe of a month. `allowed`: the schemes to look at, None: all."""
    owings = Owings()
    for one in found:
        owings.assessed(one)
    about = {"month": period, "position": r.cut.position, **in_columns(cells)}
    rows = await r.rows("posted_of_cells", **about)
    for row in rows:
        if allowed is None or row["scheme"] in allowed:
            owings.posted(row, await _brought(r, period, row["scheme"], row["platform"]))
    return owings


async def _brought(r: Reading, period: str, scheme: str, platform: str) -> Brought:
    rows = await platform_months(r, scheme=scheme, platform=platform, period=period)
    return {
        (row["scheme"], row["platform"], row["currency"]): (
            int(row["due"] or 0),
            int(row["paid"] or 0),
        )
        for row in rows
    }


async def platform_months(
    r: Reading, *, scheme: str | None, platform: str | None, period: str | None
) -> list[Row]:
    """What platforms owe and paid by scheme and month; no filter: all."""
    asked = {"scheme": scheme, "platform": platform, "period": period}
    return await r.remembered("contributions", position=r.cut.position, **asked, **r.cut.values)
