"""The floor that the database adds up is, to the last micro-unit, the one of the plain function."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import asyncpg
import msgspec
import pytest

from events.access import Role
from migrations.roles import PROJECTION
from services.ledger.conversion import Conversions
from services.ledger.floor import Work, floor_by, floor_days
from services.query_api.routes.rules import floor_row
from services.query_api.standing import rates_at
from tests.ledger.months import morocco
from tests.query_api.query_world import QueryWorld
from tests.query_api.test_query_rules import FILES, adoption, rate, read

#: Before the last day of 2021 no wage is known.
FIRST, LAST = date(2021, 12, 24), date(2022, 1, 10)
DAYS = [FIRST + timedelta(days=passed) for passed in range((LAST - FIRST).days + 1)]
_COLUMNS = (
    "worker_code", "day", "task_group", "currency", "residence", "recorded_day",
    "completed", "approved", "rejected", "returned", "expired", "aborted", "worked_seconds",
    "paid_seconds", "paid_unstated_seconds", "rejected_seconds", "not_submitted_seconds",
    "fault_seconds", "search_seconds", "qualification_seconds", "waiting_seconds", "earned",
)  # fmt: skip


def rows(seed: int) -> list[tuple[Any, ...]]:
    """Work of forty workers: some of it taken back, in part or wholly, some in other currencies."""
    chance = Random(seed)
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for _ in range(1500):
        worker, day = chance.randint(1, 40), chance.choice(DAYS)
        group = chance.choice(("ai-training", "surveys", "unstated"))
        currency = chance.choice(("MAD", "MAD", "USD", "EUR", "XXX"))
        residence = chance.choice(("MA", "MA", "MA-CAS", "", "FR"))
        recorded = date(2026, 11, chance.randint(1, 2))
        paid, unpaid, outside = (chance.choice((0, chance.randint(1, 9000))) for _ in range(3))
        earned = 0 if currency == "XXX" else chance.choice((0, chance.randint(1, 40_000_000)))
        for sign in (1, -1) if chance.random() < 0.05 else (1,):
            key = (worker, day, group, currency, residence, recorded + timedelta(days=1 - sign))
            sums = (sign * paid, 0, sign * unpaid, 0, 0, sign * outside, 0, 0, sign * earned)
            # Where nothing was added there is NULL, where it fell back to zero a zero.
            stored = (value or chance.choice((None, 0)) for value in (*(0,) * 7, *sums))
            found[key] = (*key, *stored)
    return list(found.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_database_adds_up_to_the_same_integers(empty: QueryWorld, seed: int) -> None:
    at = empty.now.isoformat()
    rates = [rate(f"usd-{day}", day.isoformat(), "10.0000000007", at) for day in DAYS[:15]]
    await empty.submit("authority", "act-2", [adoption("ma-1", FILES, at), *rates])
    connection = await asyncpg.connect(empty.inner.dsn(PROJECTION))
    await connection.execute("SET search_path TO view_1")
    names = [(1000 + place, f"p{place}") for place in range(3)]
    await connection.executemany(
        "INSERT INTO emitter OVERRIDING SYSTEM VALUE VALUES ($1, $2)", names
    )
    workers = [(n, n % 3 + 1000, f"w{n}", FIRST) for n in range(1, 41)]
    await connection.executemany(
        "INSERT INTO worker OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4)", workers
    )
    places = ", ".join(f"${place + 1}" for place in range(len(_COLUMNS)))
    await connection.executemany(
        f"INSERT INTO work_by_worker ({', '.join(_COLUMNS)}) VALUES ({places})",
        [(*row[:-1], row[-1] and Decimal(row[-1])) for row in rows(seed)],
    )
    await connection.close()
    await _hold(empty, "", date.max)
    await _hold(empty, "&by=day&platform=p1", date.max)
    await _hold(empty, "&by=day&as_of=2026-11-02", date(2026, 11, 3))


async def _hold(world: QueryWorld, query: str, before: date) -> None:
    answer = await read(world, f"/v1/wage-floor?from={FIRST}&to={LAST}{query}", Role.ANALYST)
    platform = "p1" if "platform" in query else None
    async with world.state().database.snapshot() as snapshot:
        values = {"first": FIRST, "last": LAST, "country": "MA", "leaf": -1}
        values |= {"since": date.min, "before": before}
        found = await snapshot.rows("floor_work", platform=platform, worker=None, **values)
        standing = await rates_at(snapshot, "MAD", snapshot.position)
    work = [Work.of(row) for row in found]
    days = floor_days(morocco(), work, Conversions(morocco(), standing))
    cut = 10 if "by=day" in query else 7
    sums = floor_by(days, lambda day: (day.day.isoformat()[:cut], day.platform, not day.resident))
    expected = [
        msgspec.to_builtins(floor_row(one, period, unstated, platform=name))
        for (period, name, unstated), one in sorted(sums.items())
    ]
    assert expected
    assert answer["rows"] == expected
    # What the random rows are made for is in them.
    if not query:
        assert any(row["days_waiting"] for row in expected)
        assert any(row["days_without_wage"] for row in expected)
