"""Rows over contributions: months of pay assessed, by the rules that ship, in this process."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

from deploy.bench.measure import Measure
from deploy.bench.peers import payroll
from deploy.bench.peers.payroll import Row
from deploy.bench.plan import Plan
from deploy.bench.workload import PLATFORMS
from events.money import MICRO
from policies import country_folder
from policies.bundle import Bundle
from policies.exchange import DatedRate
from policies.loader import read_folder
from policies.schemes import scheme_on
from services.ledger.assess import assess
from services.ledger.assessment import Pay
from services.ledger.conversion import Conversions
from services.ledger.terms import terms_of

SCHEME, PERIOD, FIRST_DAY, DAYS = "cnss", "2026-10", date(2026, 10, 1), 31
#: Half of all workers on one platform, a fifth on three or more (ILO 2018).
_PLATFORMS_EACH = (1,) * 51 + (2,) * 28 + (3,) * 13 + (4,) * 8
#: Pay days of a month on one platform.
_PAY_DAYS_MAX = 12
_MICROS_MAX = 400_000_000
#: Months in memory at once.
_PART = 20_000


async def rows(plan: Plan) -> AsyncIterator[Measure]:
    """The rows that were asked for."""
    if plan.wants("assess"):
        yield _assess(plan)


def _assess(plan: Plan) -> Measure:
    """Sums of pay by day to lines with their terms, one core, nothing else on."""
    bundle = Bundle.from_files("MA", read_folder(country_folder("ma")))
    terms, conversions = terms_of(bundle, SCHEME, PERIOD), Conversions(bundle, rates())
    peer = _Payroll(bundle)
    took = cpu = 0.0
    lines = owed = sums = 0
    for months in in_parts(worker_months(plan.sizes.worker_months)):
        began, cpu_began = time.perf_counter(), time.process_time()
        for month in months:
            assessment = assess(terms, [Pay(*row) for row in month], conversions)
            lines += len(assessment.lines) + len(assessment.claims)
            owed += sum(claim.amount for claim in assessment.claims)
        took, cpu = took + time.perf_counter() - began, cpu + time.process_time() - cpu_began
        sums += sum(map(len, months))
        peer.add(months)
    peer.check(owed)
    count = plan.sizes.worker_months
    plan.say(f"assess: {count:,} months, {sums:,} sums of pay, {lines:,} lines")
    return Measure(
        "assess",
        count / took,
        "worker-months/s",
        8_000,
        f"nothing; {sums / count:.0f} sums and {lines / count:.0f} lines each",
        peers={"payroll script, sums alone": count / peer.took},
        cores={"assess": round(cpu / took, 2)},
    )


class _Payroll:
    """A plain script over the same months, which must come to the same sum."""

    def __init__(self, bundle: Bundle) -> None:
        scheme = scheme_on(bundle, SCHEME, FIRST_DAY)
        assert scheme is not None
        self._scheme, self._rates = scheme, {("USD", one.day): one.rate for one in rates()["USD"]}
        self._found, self.took = Decimal(0), 0.0

    def add(self, months: Sequence[Sequence[Row]]) -> None:
        began = time.perf_counter()
        for month in months:
            self._found += payroll.owed(self._scheme, month, self._rates)
        self.took += time.perf_counter() - began

    def check(self, owed: int) -> None:
        if self._found * MICRO != owed:
            raise RuntimeError(f"assess: {owed} micro-units, a payroll script: {self._found} units")


def in_parts(months: Iterable[list[Row]]) -> Iterator[list[list[Row]]]:
    """Some months at a time, so that memory does not grow with their number."""
    left = iter(months)
    while part := list(islice(left, _PART)):
        yield part


def worker_months(count: int, seed: int = 1) -> Iterator[list[Row]]:
    """Months of persons on one to four platforms: the same for one seed."""
    chance = Random(seed)  # noqa: S311
    for number in range(count):
        platforms = chance.sample(PLATFORMS, chance.choice(_PLATFORMS_EACH))
        yield [row for name in platforms for row in _rows_on(name, f"w-{number}", chance)]


def _rows_on(platform: str, worker: str, chance: Random) -> list[Row]:
    currency = chance.choice(("MAD", "USD"))
    days = sorted(chance.sample(range(DAYS), chance.randint(1, _PAY_DAYS_MAX)))
    return [
        (
            platform,
            worker,
            FIRST_DAY + timedelta(days=day),
            currency,
            "MA",
            chance.randint(1, _MICROS_MAX) // (10 if currency == "USD" else 1),
        )
        for day in days
    ]


def rates() -> dict[str, list[DatedRate]]:
    """A rate of the dollar for each day of the month, and a week before and behind it."""
    days = (FIRST_DAY + timedelta(days=day) for day in range(-7, DAYS + 7))
    return {"USD": [DatedRate(day, Decimal("9.2417")) for day in days]}
