"""The country's rules as adopted, and the wage floor that they set."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from events.money import MICRO, from_micros
from policies.bundle import Bundle
from policies.exchange import Waits
from policies.minimum_wage import Floor, hourly
from services.ledger.conversion import RATE_SCALE, Conversions
from services.ledger.floor import (
    Basis,
    FloorSums,
    Summed,
    Work,
    floor_by_group,
    floor_days,
    floor_sums,
)
from services.query_api.access import ANALYSTS, only_platform
from services.query_api.basis import Reach, find_cut
from services.query_api.database import Row
from services.query_api.dues import shown
from services.query_api.figures import per_hour
from services.query_api.formats import Answer, render
from services.query_api.openapi import described
from services.query_api.parameters import UNSTATED, Values, read_query
from services.query_api.reading import Reading, reading, state_of
from services.query_api.routes.analysis import by_of
from services.query_api.rule_answers import (
    FloorRow,
    FloorTime,
    Policy,
    PolicyValue,
    Wage,
    WageFloor,
)
from services.query_api.standing import policy_at, rates_at
from services.web.problems import Problem

router = APIRouter(tags=["rules"])
_POLICY = ("on", "as_of")
_FLOOR = ("per", "by", "from", "to", "as_of", "platform")
_POLICY_COLUMNS = PolicyValue.__struct_fields__
_TIMES = ("seconds", "hourly_pay", "floor", "shortfall", "days_below")
_FLOOR_COLUMNS = (
    "period", "platform", "task_group", "residence", "days", "pay",
    *(f"paid_time_{name}" for name in _TIMES),
    *(f"paid_and_unpaid_time_{name}" for name in _TIMES),
    "days_without_wage", "days_waiting",
)  # fmt: skip
#: What the database adds up of a day's workers.
_COUNTED = (
    "days", "pay", "paid", "spent", "short_paid", "short_spent", "below_paid", "below_spent",
    "days_without_wage", "days_waiting",
)  # fmt: skip
#: Days that the floor is worked out for at once: it looks at every worker's every day.
FLOOR_DAYS_MAX = 31


@router.get(
    "/v1/policy", **described(Policy, parameters=_POLICY, table=_POLICY_COLUMNS, public=True)
)
async def policy(request: Request) -> Response:
    """The country's rules as adopted, and what each says on a day, with its source."""
    state = state_of(request)
    query = read_query(request, _POLICY)
    established, days = await state.establishment()
    today = state.today(days)
    async with state.database.snapshot() as snapshot:
        reach = Reach(snapshot.position, state.recorded, days)
        cut = await find_cut(reach, today, query["as_of"])
        adopted = await policy_at(snapshot, established.country, cut.position)
        basis = cut.basis(snapshot.tzdata)
    on = query["on"] or today
    document = Policy(
        basis=basis,
        country=adopted.bundle.country,
        digest=adopted.bundle.digest,
        adopted_leaf=adopted.leaf_index,
        on=on,
        rows=policy_values(adopted.bundle, on),
    )
    headers = {"Registry-Position": str(cut.position)}
    return render(
        request, Answer(document, document.rows, _POLICY_COLUMNS, _flat_value, headers=headers)
    )


def policy_values(bundle: Bundle, on: date) -> list[PolicyValue]:
    """Every parameter with what it says on a day, by its path."""
    return [
        PolicyValue(
            parameter=name,
            value=shown(stated.value),
            unit=parameter.unit,
            currency=parameter.currency,
            since=stated.since,
            title=stated.title,
            reference=stated.reference,
            note=stated.note,
            mark=stated.mark,
        )
        for name, parameter in sorted(bundle.parameters.items())
        for stated in (parameter.at(on),)
    ]


def _flat_value(row: PolicyValue) -> Iterator[Mapping[str, Any]]:
    plain = msgspec.to_builtins(row)
    if isinstance(row.value, dict):
        plain["value"] = " ".join(f"{one}:{amount}" for one, amount in row.value.items())
    yield plain


@router.get("/v1/wage-floor", **described(WageFloor, ANALYSTS, _FLOOR, _FLOOR_COLUMNS))
async def wage_floor(request: Request) -> Response:
    """What is missing to the minimum wage, by platform or sector and by work day or month, over at
    most 31 work days (without `from` and `to`: this month so far). A platform sees itself."""
    async with reading(request, ANALYSTS, _FLOOR) as r:
        first, last = _period(r)
        platform = only_platform(r.reader, r.query["platform"])
        established, _ = await r.state.establishment()
        adopted = await policy_at(r.snapshot, established.country, r.cut.position)
        wages = wages_of(adopted.bundle, first, last)
        conversions = await conversions_of(r, adopted.bundle, wages)
        asked = (adopted.bundle, conversions, first, last, platform)
        if _per(r.query) == "sector":
            rows = await _by_sector(r, *asked)
        else:
            rows = await _by_platform(r, *asked)
    document = WageFloor(
        basis=r.basis,
        policy=adopted.bundle.digest,
        adopted_leaf=adopted.leaf_index,
        per=_per(r.query),
        by=by_of(r.query),
        from_=first,
        to=last,
        wages=wages,
        rows=rows,
    )
    return r.answer(document, rows=rows, columns=_FLOOR_COLUMNS, flatten=_flat_floor)


def _period(r: Reading) -> tuple[date, date]:
    last = r.query["to"] or r.state.today(r.days)
    first = r.query["from"] or last.replace(day=1)
    if not 0 <= (last - first).days < FLOOR_DAYS_MAX:
        detail = f"from {first} to {last}: ask for 1 to {FLOOR_DAYS_MAX} days at once"
        raise Problem(422, "long-period", detail, parameter="from")
    return first, last


async def floor_work(
    r: Reading,
    bundle: Bundle,
    first: date,
    last: date,
    *,
    platform: str | None = None,
    worker: str | None = None,
) -> list[Work]:
    """Work of a period by platform, worker, day and what else a floor tells apart."""
    rows = await r.rows(
        "floor_work",
        platform=platform,
        worker=worker,
        first=first,
        last=last,
        country=bundle.country,
        **r.cut.values,
    )
    return [Work.of(row) for row in rows]


async def conversions_of(r: Reading, bundle: Bundle, wages: Iterable[Wage]) -> Conversions:
    """Conversions into the currency of the minimum wages."""
    currency = next((one.currency for one in wages if one.currency), None)
    rates = await rates_at(r.snapshot, currency, r.cut.position) if currency else {}
    return Conversions(bundle, rates)


def days_from(first: date, last: date) -> list[date]:
    """Every day of a period."""
    return [first + timedelta(days=passed) for passed in range((last - first).days + 1)]


def wages_of(bundle: Bundle, first: date, last: date) -> list[Wage]:
    """Every minimum wage that was in force on some day of a period, oldest first."""
    days = days_from(first, last)
    floors = {floor.stated.since: floor for floor in (hourly(bundle, day) for day in days)}
    return [
        Wage(
            since=floor.stated.since,
            hourly=None if floor.amount is None else str(floor.amount),
            currency=floor.currency,
            title=floor.stated.title,
            reference=floor.stated.reference,
            note=floor.stated.note,
        )
        for floor in floors.values()
    ]


async def _by_platform(
    r: Reading,
    bundle: Bundle,
    conversions: Conversions,
    first: date,
    last: date,
    platform: str | None,
) -> list[FloorRow]:
    """Days are added up by the database, but for those on which something was taken back."""
    where = {"country": bundle.country, **r.cut.values}
    wages = {day: hourly(bundle, day) for day in days_from(first, last)}
    found = await r.rows(
        "floor_sums",
        **floor_values(wages, conversions),
        platform=platform,
        first=first,
        last=last,
        **where,
    )
    summed = [summed_of(row, wages) for row in found]
    odd = [(code, row["day"], row["resident"]) for row in found for code in row["odd"] or ()]
    codes, days, residents = ([one[place] for one in odd] for place in range(3))
    rows = (
        await r.rows("floor_odd", codes=codes, days=days, residents=residents, **where)
        if odd
        else []
    )
    single = floor_days(bundle, [Work.of(row) for row in rows], conversions)
    cut = _cut(r.query)
    sums = floor_sums(
        summed, single, lambda one: (one.day.isoformat()[:cut], one.platform, not one.resident)
    )
    return [
        floor_row(one, period, unstated, platform=name)
        for (period, name, unstated), one in sorted(sums.items())
    ]


def floor_values(wages: Mapping[date, Floor], conversions: Conversions) -> Values:
    """Wages and conversions for the SQL of the floor."""
    factors: list[tuple[date, str, int]] = []
    for day, wage in wages.items():
        if wage.currency is None:
            continue
        factors.append((day, wage.currency, RATE_SCALE))
        for currency in conversions.currencies:
            rate = conversions.of(currency, day)
            if currency != wage.currency and not isinstance(rate, Waits):
                factors.append((day, currency, rate[0]))
    return {
        "scale": Decimal(RATE_SCALE),
        "days": list(wages),
        "wages": [None if one.amount is None else one.amount * MICRO for one in wages.values()],
        "pay_days": [one[0] for one in factors],
        "currencies": [one[1] for one in factors],
        "factors": [Decimal(one[2]) for one in factors],
    }


def summed_of(row: Row, wages: Mapping[date, Floor]) -> Summed:
    """A row of the database, whose sums may be more than its integers hold."""
    amount = wages[row["day"]].amount
    said: dict[str, Any] = {name: row[name] for name in ("platform", "day", "resident")}
    said |= {name: int(row[name]) for name in _COUNTED}
    return Summed(wage=None if amount is None else int(amount * MICRO), **said)


async def _by_sector(
    r: Reading,
    bundle: Bundle,
    conversions: Conversions,
    first: date,
    last: date,
    platform: str | None,
) -> list[FloorRow]:
    work = await floor_work(r, bundle, first, last, platform=platform)
    return await asyncio.to_thread(_sector_rows, bundle, work, conversions, _cut(r.query))


def _sector_rows(
    bundle: Bundle, work: Iterable[Work], conversions: Conversions, cut: int
) -> list[FloorRow]:
    groups = floor_by_group(
        floor_days(bundle, work, conversions),
        lambda day, group: (day.day.isoformat()[:cut], group or "", not day.resident),
    )
    return [
        floor_row(sums, period, unstated, task_group=group or None)
        for (period, group, unstated), sums in sorted(groups.items())
    ]


def _cut(query: Values) -> int:
    """Characters of a day that name its period."""
    return 10 if by_of(query) == "day" else 7


def floor_row(sums: FloorSums, period: str, unstated: bool, **key: str | None) -> FloorRow:
    """One line of the floor as it is answered."""
    return FloorRow(
        period=period,
        residence=UNSTATED if unstated else "resident",
        days=sums.days,
        pay=from_micros(sums.pay),
        paid_time=_time(sums.paid_time, sums.pay),
        paid_and_unpaid_time=_time(sums.paid_and_unpaid_time, sums.pay),
        days_without_wage=sums.days_without_wage,
        days_waiting=sums.days_waiting,
        **key,
    )


def _time(basis: Basis, pay: int) -> FloorTime:
    return FloorTime(
        seconds=basis.seconds,
        hourly_pay=per_hour(pay, basis.seconds),
        floor=from_micros(basis.floor),
        shortfall=from_micros(basis.shortfall),
        days_below=basis.below,
    )


def _flat_floor(row: FloorRow) -> Iterator[Mapping[str, Any]]:
    plain = msgspec.to_builtins(row)
    for time in ("paid_time", "paid_and_unpaid_time"):
        plain.update({f"{time}_{name}": value for name, value in plain.pop(time).items()})
    yield plain


def _per(query: Values) -> str:
    return query["per"] or "platform"
