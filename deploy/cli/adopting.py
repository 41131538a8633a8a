"""What adopting a policy would change, worked out on the registry's own sums of pay."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import create_async_engine

from deploy.processes.settings import Stores
from events import vocabulary as v
from events.log.connections import COMMAND_SECONDS_MAX
from migrations.address import engine_url
from migrations.roles import QUERY
from policies.bundle import Bundle
from policies.schemes import scheme_currencies
from services.ledger.assessment import Pay
from services.ledger.assignment import Assigned
from services.ledger.change import (
    Change,
    MonthChange,
    Rates,
    days_of_month,
    differs,
    floor_differs,
)
from services.ledger.standing import assignments_by_worker
from services.query_api.database import QueryDatabase, Snapshot
from services.query_api.standing import acts_at, policy_or_none, rates_at


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change at a position: contributions by month and scheme, months whose wage floor
    is another. `adopted`: the digest in force, if any."""

    position: int
    adopted: str | None
    changes: list[Change]
    floor_months: list[str]


async def preview(stores: Stores, after: Bundle, say: Callable[[str], None]) -> Preview:
    """Work out each month of which values differ, worker by worker. `say` tells each as it begins.

    Workers are taken one by one, each under her own pseudonym.
    """
    async with _snapshot(stores) as snapshot:
        position = snapshot.position
        adopted = await policy_or_none(snapshot, after.country, position)
        before = None if adopted is None else adopted.bundle
        months = [str(row["period"]) for row in await snapshot.rows("pay_months")]
        rates = await _rates(snapshot, (after, *([before] if before else [])), position)
        assigned = assignments_by_worker(await acts_at(snapshot, v.SchemeAssigned, position))
        changes: list[Change] = []
        for period in months:
            if differs(before, after, period):
                say(f"working out {period}")
                changes += await _changes(
                    snapshot, MonthChange(before, after, period, rates), period, assigned
                )
        floors = [period for period in months if floor_differs(before, after, period)]
    return Preview(position, None if before is None else before.digest, changes, floors)


async def _changes(
    snapshot: Snapshot,
    month: MonthChange,
    period: str,
    assigned: dict[tuple[str, str], list[Assigned]],
) -> list[Change]:
    days = days_of_month(period)
    pay: list[Pay] = []

    def settle() -> None:
        if pay:
            month.add(pay, assigned.get((pay[0].platform, pay[0].worker), ()))
            pay.clear()

    async for row in snapshot.stream("pay_of_month", first=days[0], last=days[-1]):
        one = Pay(**row)
        if pay and (pay[0].platform, pay[0].worker) != (one.platform, one.worker):
            settle()
        pay.append(one)
    settle()
    return month.changes()


async def _rates(snapshot: Snapshot, bundles: Iterable[Bundle], position: int) -> dict[str, Rates]:
    currencies = {currency for bundle in bundles for currency in scheme_currencies(bundle)}
    return {
        currency: await rates_at(snapshot, currency, position) for currency in sorted(currencies)
    }


@asynccontextmanager
async def _snapshot(stores: Stores) -> AsyncIterator[Snapshot]:
    engine = create_async_engine(
        engine_url(stores.views_dsn(QUERY)), connect_args={"command_timeout": COMMAND_SECONDS_MAX}
    )
    try:
        async with QueryDatabase(engine).snapshot() as snapshot:
            yield snapshot
    finally:
        await engine.dispose()
