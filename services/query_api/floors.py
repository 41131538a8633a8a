"""The wage floor of a period from the views: added up by the database, but for worker-days on which
something was taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from events.money import from_micros
from policies.bundle import Bundle
from policies.exchange import Waits
from policies.minimum_wage import Floor, hourly
from services.ledger.conversion import RATE_SCALE, Conversions
from services.ledger.floor import (
    Basis,
    FloorDay,
    FloorSums,
    Summed,
    Work,
    floor_by,
    floor_by_group,
    floor_days,
    wage_of,
)
from services.ledger.months import days_from
from services.query_api.database import Row
from services.query_api.figures import per_hour
from services.query_api.parameters import UNSTATED, Values
from services.query_api.reading import Reading
from services.query_api.rule_answers import FloorRow, FloorTime, Wage
from services.query_api.standing import rates_at

#: What the database adds up of a day's workers.
_COUNTED = (
    "days", "pay", "paid", "spent", "short_paid", "short_spent", "below_paid", "below_spent",
    "days_without_wage", "days_waiting",
)  # fmt: skip
#: A period, a platform or a task group ('': time of no task), and whether residence is unstated.
_Key = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which worker-days a floor is worked out for. `cut`: characters of a day that name a row's
    period; `platform` None: all."""

    bundle: Bundle
    conversions: Conversions
    first: date
    last: date
    platform: str | None
    cut: int

    def period(self, day: date) -> str:
        """The period that a day's row has."""
        return day.isoformat()[: self.cut]


async def rows_by_platform(r: Reading, asked: Asked) -> list[FloorRow]:
    """The floor by period, platform and residence, sorted by them."""

    def key(day: FloorDay) -> _Key:
        return asked.period(day.day), day.platform, not day.resident

    summed, single = await _added_up(r, asked, "floor_sums")
    sums = floor_by(single, key, summed)
    return [
        floor_row(one, period, unstated, platform=name)
        for (period, name, unstated), one in sorted(sums.items())
    ]


async def rows_by_sector(r: Reading, asked: Asked) -> list[FloorRow]:
    """The floor by period, task group and residence, sorted by them."""

    def key(day: FloorDay, group: str | None) -> _Key:
        return asked.period(day.day), group or "", not day.resident

    summed, single = await _added_up(r, asked, "floor_groups")
    sums = floor_by_group(single, key, summed)
    return [
        floor_row(one, period, unstated, task_group=group or None)
        for (period, group, unstated), one in sorted(sums.items())
    ]


async def _added_up(
    r: Reading, asked: Asked, query: str
) -> tuple[list[tuple[_Key, Summed]], list[FloorDay]]:
    """What a query added up by day and one other thing, and the days that it left out."""
    where = {"country": asked.bundle.country, **r.cut.values}
    wages = {day: hourly(asked.bundle, day) for day in days_from(asked.first, asked.last)}
    found = await r.rows(
        query,
        **_floor_values(wages, asked.conversions),
        platform=asked.platform,
        first=asked.first,
        last=asked.last,
        **where,
    )
    summed = [
        ((asked.period(row["day"]), row["part"], not row["resident"]), _summed_of(row, wages))
        for row in found
    ]
    odd = {(code, row["day"], row["resident"]) for row in found for code in row["odd"] or ()}
    codes, days, residents = ([one[place] for one in odd] for place in range(3))
    named = {"codes": codes, "days": days, "residents": residents}
    rows = await r.rows("floor_odd", **named, **where) if odd else []
    single = floor_days(asked.bundle, [Work.of(row) for row in rows], asked.conversions)
    # Of days that are all left out there is no sum.
    return [one for one in summed if not one[1].is_empty], single


def _floor_values(wages: Mapping[date, Floor], conversions: Conversions) -> Values:
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
    known = [None if one.amount is None else wage_of(one) for one in wages.values()]
    return {
        "scale": Decimal(RATE_SCALE),
        "days": list(wages),
        "wages": [None if one is None else Decimal(one) for one in known],
        "pay_days": [one[0] for one in factors],
        "currencies": [one[1] for one in factors],
        "factors": [Decimal(one[2]) for one in factors],
    }


def _summed_of(row: Row, wages: Mapping[date, Floor]) -> Summed:
    """A row of the database, whose sums may be more than its integers hold."""
    wage = wages[row["day"]]
    said: dict[str, Any] = {name: int(row[name]) for name in _COUNTED}
    return Summed(wage=None if wage.amount is None else wage_of(wage), **said)


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
