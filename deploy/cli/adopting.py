"""What adopting a policy would change, worked out on the registry's own sums of pay."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from deploy.engines import open_engine
from deploy.processes.settings import Stores
from events import vocabulary as v
from migrations.roles import QUERY
from policies.bundle import Bundle
from services.ledger.assessment import Pay
from services.ledger.change import (
    Change,
    FloorChange,
    MonthChange,
    MonthFloorChange,
    Rates,
    differs,
    floor_differs,
)
from services.ledger.floor import Work
from services.ledger.months import month_ends
from services.ledger.standing import standing_rates
from services.query_api.database import QueryDatabase, Row, Snapshot, Worker
from services.query_api.standing import Everybody, acts_at, everybody_at, policy_or_none


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change at a position: contributions by month and scheme, and the shortfall to the
    minimum wage by month. `adopted`: the digest in force, if any."""

    position: int
    adopted: str | None
    changes: list[Change]
    floors: list[FloorChange]


async def preview(stores: Stores, after: Bundle, say: Callable[[str], None]) -> Preview:
    """Work out each month of which values differ, worker by worker. `say` tells each as it begins.

    Workers are taken one by one, those who are linked to one person together, as the poster does.
    """
    async with _snapshot(stores) as snapshot:
        adopted = await policy_or_none(snapshot, after.country, snapshot.position)
        before = None if adopted is None else adopted.bundle
        rates = partial(standing_rates, await acts_at(snapshot, v.RatePublished, snapshot.position))
        everybody = await everybody_at(snapshot, snapshot.position)
        look = _Look(snapshot, before, after, rates, everybody, say)
        months = await snapshot.rows("pay_months")
        changes, floors = [], []
        for period in (str(row["period"]) for row in months if row["paid"]):
            changes += await look.contributions(period)
        for period in (str(row["period"]) for row in months if not row["paid"]):
            floors += await look.floor(period)
    return Preview(snapshot.position, None if before is None else before.digest, changes, floors)


@dataclass(frozen=True, slots=True)
class _Look:
    """Two policies over the sums of one snapshot."""

    snapshot: Snapshot
    before: Bundle | None
    after: Bundle
    rates: Rates
    everybody: Everybody
    say: Callable[[str], None]

    async def contributions(self, period: str) -> list[Change]:
        """What each scheme is owed of a month, where it is another sum."""
        if not differs(self.before, self.after, period):
            return []
        self.say(f"working out contributions of {period}")
        month = MonthChange(self.before, self.after, period, self.rates)
        held: dict[str, list[Pay]] = defaultdict(list)
        async for worker, rows in self._of_month("pay_of_month", period):
            pay = [Pay.of(row) for row in rows]
            person = self.everybody.persons.get(worker)
            if person is None:
                month.add(pay, self.everybody.of(worker))
            else:
                held[person] += pay
        for person, pay in sorted(held.items()):
            month.add(pay, self.everybody.of_person(person))
        return month.changes()

    async def floor(self, period: str) -> list[FloorChange]:
        """What is missing to the minimum wage in a month, if it is another sum."""
        if not floor_differs(self.before, self.after, period):
            return []
        self.say(f"working out the wage floor of {period}")
        month = MonthFloorChange(self.before, self.after, period, self.rates)
        async for _, rows in self._of_month("work_of_month", period):
            month.add([Work.of(row) for row in rows])
        change = month.change()
        return [change] if change else []

    def _of_month(self, query: str, period: str) -> AsyncIterator[tuple[Worker, list[Row]]]:
        first, last = month_ends(period)
        return self.snapshot.by_worker(query, first=first, last=last)


@asynccontextmanager
async def _snapshot(stores: Stores) -> AsyncIterator[Snapshot]:
    async with (
        open_engine(stores.views_dsn(QUERY)) as engine,
        QueryDatabase(engine).snapshot(whole=True) as snapshot,
    ):
        yield snapshot
