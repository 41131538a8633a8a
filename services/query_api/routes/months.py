"""A worker's month, on one platform and on all of hers: pay, time, the wage floor, what is due."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from events.access import Role
from policies.bundle import Bundle
from policies.meanings import DAY_RULE, DAY_SECONDS, DAYS_MAX
from policies.schemes import Term
from services.ledger.assessment import Assessed, Cell, Pay
from services.ledger.conversion import Conversions
from services.ledger.days import days_of
from services.ledger.floor import Work, floor_by, floor_days
from services.ledger.months import first_day, month_ends
from services.query_api.access import CASES, only_platform, only_worker
from services.query_api.assessing import Assessor, header_of, pay_of
from services.query_api.contributions import Owings, owings_of
from services.query_api.database import Row
from services.query_api.dues import dues_of, rested
from services.query_api.figures import members, paid_slice_of, total
from services.query_api.floors import conversions_of, floor_row, floor_work, wages_of
from services.query_api.ledgers import schemes_of
from services.query_api.openapi import MonthName, PlatformId, Pseudonym, described
from services.query_api.parameters import path_text
from services.query_api.persons import person_of
from services.query_api.reading import Reading, reading
from services.query_api.rule_answers import MonthPart, Rested, Together, WorkerMonth
from services.query_api.standing import policy_at
from services.web.problems import Problem

router = APIRouter(tags=["cases"])
_MONTH = ("as_of",)
_PERIOD = re.compile(r"2[0-9]{3}-(?:0[1-9]|1[0-2])", re.ASCII)
#: A fund reads of workers for whom its own schemes are owed something.
MONTHS = CASES | {Role.FUND}


@router.get(
    "/v1/months/{month}/platforms/{platform}/workers/{worker:path}",
    **described(WorkerMonth, MONTHS, _MONTH),
)
async def worker_month(
    request: Request, month: MonthName, platform: PlatformId, worker: Pseudonym
) -> Response:
    """One worker's month on one platform, and together with all her other platforms: pay, time
    and refusals, the minimum wage against her time, days for a declaration, and what is due to
    each scheme, posted and paid, with the rules it rests on. A platform is shown its own alone, a
    fund what is due to its schemes."""
    async with reading(request, MONTHS, _MONTH) as r:
        name = str(only_platform(r.reader, path_text("platform", platform)))
        pseudonym = str(only_worker(r.reader, path_text("worker", worker)))
        if not _PERIOD.fullmatch(month):
            raise Problem(404, "not-found", "a month is written like 2026-10")
        async with r.recorded():
            if await header_of(r.snapshot, (name, pseudonym), r.cut) is None:
                raise _nobody()
            document = await _month(r, month, (name, pseudonym))
    return r.answer(document)


def _nobody() -> Problem:
    return Problem(404, "not-found", "this platform reported no such worker of whom you may read")


@dataclass(frozen=True, slots=True)
class _Part:
    """What was recorded of one pseudonym's month."""

    work_sums: list[Row]
    pay_sums: list[Row]
    work: list[Work]
    pay: list[Pay]


async def _month(r: Reading, period: str, cell: Cell) -> WorkerMonth:
    established, _ = await r.state.establishment()
    adopted = await policy_at(r.snapshot, established.country, r.cut.position)
    bundle = adopted.bundle
    person = await person_of(r, cell, r.cut.position)
    read = {one: await _part(r, bundle, period, one) for one in person.seen}
    parts = {one: part for one, part in read.items() if part is not None}
    pay = [one for part in parts.values() for one in part.pay]
    assessor = Assessor(r.snapshot, bundle, period, r.cut.position)
    allowed = await schemes_of(r)
    found = _allowed(await assessor.month(person.seen, person.name, pay), allowed)
    owings = await owings_of(r, period, person.seen, found, allowed)
    if allowed is not None and not any(owings.of.values()):
        raise _nobody()
    wages = wages_of(bundle, *month_ends(period))
    adding = _Adding(bundle, period, parts, await conversions_of(r, bundle, wages), owings)
    own = adding.part(cell)
    return WorkerMonth(
        basis=r.basis,
        policy=bundle.digest,
        adopted_leaf=adopted.leaf_index,
        period=period,
        wages=wages,
        day_values=_day_values(bundle, period),
        dues=[dues_of(one.part({cell}), bundle) for one in found if _has(one, cell)],
        together=_together(adding, person.name, found) if len(person.seen) > 1 else None,
        **members(own),
    )


def _allowed(found: Iterable[Assessed], schemes: Collection[str] | None) -> list[Assessed]:
    return [one for one in found if schemes is None or one.month.scheme in schemes]


def _has(found: Assessed, cell: Cell) -> bool:
    """Whether some pay of a pseudonym stands under the scheme."""
    return any((one.platform, one.worker) == cell for one in found.pay)


async def _part(r: Reading, bundle: Bundle, period: str, cell: Cell) -> _Part | None:
    """None where the platform reported no such worker by the cut."""
    head = await header_of(r.snapshot, cell, r.cut)
    if head is None:
        return None
    first, last = month_ends(period)
    own = {"worker_code": head["worker_code"], "by": "month", "first": first, "last": last}
    return _Part(
        await r.rows("worker_work", **own, **r.cut.values),
        await r.rows("worker_pay", **own, **r.cut.values),
        await floor_work(r, bundle, first, last, platform=cell[0], worker=cell[1]),
        await pay_of(r.snapshot, cell, period, r.cut),
    )


@dataclass(frozen=True, slots=True)
class _Adding:
    """Adds up parts of a month, of one pseudonym or of several."""

    bundle: Bundle
    period: str
    parts: dict[Cell, _Part]
    conversions: Conversions
    owings: Owings

    def part(self, cell: Cell) -> MonthPart:
        return MonthPart(platform=cell[0], worker=cell[1], **self.sums([cell]))

    def sums(self, cells: Sequence[Cell]) -> dict[str, Any]:
        """The members of `MonthSums`."""
        parts = [self.parts[cell] for cell in cells]
        work = [row for part in parts for row in part.work_sums]
        pay = [row for part in parts for row in part.pay_sums]
        rows = [row for part in parts for row in part.work]
        floors = floor_by(
            floor_days(self.bundle, rows, self.conversions), lambda day: not day.resident
        )
        where = {"platform": cells[0][0]} if len(cells) == 1 else {}
        return {
            "days": days_of(self.bundle, self.period, rows),
            "floor": [
                floor_row(floors[unstated], self.period, unstated, **where)
                for unstated in sorted(floors)
            ],
            "contributions": self.owings.rows(cells),
            **members(paid_slice_of(total(work, pay))),
        }


def _together(adding: _Adding, person: str | None, found: Iterable[Assessed]) -> Together:
    cells = sorted(adding.parts)
    return Together(
        person=str(person),
        parts=[adding.part(cell) for cell in cells],
        dues=[dues_of(one.month, adding.bundle) for one in found],
        **adding.sums(cells),
    )


def _day_values(bundle: Bundle, period: str) -> list[Rested]:
    day = first_day(period)
    terms = [Term(path, bundle.at(path, day)) for path in (DAY_RULE, DAY_SECONDS, DAYS_MAX)]
    return [rested(term) for term in terms if term.stated.value is not None]
