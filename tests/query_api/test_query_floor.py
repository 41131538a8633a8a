"""The floor that the database adds up is, to the micro-unit, the one of the plain functions."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.embedded.postgres import EmbeddedPostgres
from events.access import Role
from migrations.roles import PROJECTION
from services.ledger.conversion import Conversions
from services.ledger.floor import FloorDay, Work, floor_by, floor_by_group, floor_days
from services.query_api.database import Row, Snapshot
from services.query_api.floors import floor_row
from services.query_api.standing import rates_at
from services.query_api.state import QueryState
from tests.ledger.months import morocco
from tests.query_api.query_world import Json, QueryWorld
from tests.query_api.test_query_rules import FILES, adoption, rate
from tests.support.world import new_world

#: Before the last day of 2021 no wage is known; 2023 has two.
PERIODS = (date(2021, 12, 24), date(2022, 1, 10)), (date(2023, 8, 24), date(2023, 9, 8))
WORKERS, PLATFORMS = range(1, 41), range(3)
Rows = Iterable[tuple[Any, ...]]
#: What is in the first columns of the sums; in the others of `_COLUMNS` nothing was ever added.
_SUMS = "paid_seconds", "rejected_seconds", "waiting_seconds", "earned"
_KEY = "worker_code", "day", "task_group", "currency", "residence", "recorded_day"
_NOUGHT = (
    "completed", "approved", "rejected", "returned", "expired", "aborted", "worked_seconds",
    "paid_unstated_seconds", "not_submitted_seconds", "fault_seconds", "search_seconds",
    "qualification_seconds",
)  # fmt: skip
_COLUMNS = (*_KEY, *_SUMS, *_NOUGHT)


def _days(period: tuple[date, date]) -> list[date]:
    first, last = period
    return [first + timedelta(days=passed) for passed in range((last - first).days + 1)]


@dataclass
class Floor:
    """A registry whose work grain is written by hand."""

    world: QueryWorld
    state: QueryState
    client: httpx.AsyncClient
    connection: asyncpg.Connection

    async def read(self, path: str) -> list[Json]:
        headers = self.world.bearer(Role.ANALYST)
        answer = await self.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        rows: list[Json] = answer.json()["rows"]
        return rows


@pytest.fixture(scope="module")
async def floor(postgres: EmbeddedPostgres) -> AsyncIterator[Floor]:
    """Three platforms, forty workers, a policy, and dollars on most days."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        at = world.now.isoformat()
        days = [day for period in PERIODS for day in _days(period)[:-3]]
        rates = [rate(f"usd-{day}", day.isoformat(), "10.0000000007", at) for day in days]
        await world.submit("authority", "act-2", [adoption("ma-1", FILES, at), *rates])
        connection = await asyncpg.connect(world.inner.dsn(PROJECTION))
        await connection.execute("SET search_path TO view_1")
        await connection.executemany(
            "INSERT INTO emitter OVERRIDING SYSTEM VALUE VALUES ($1, $2)",
            [(1000 + place, f"p{place}") for place in PLATFORMS],
        )
        await connection.executemany(
            "INSERT INTO worker OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4)",
            [(n, n % 3 + 1000, f"w{n}", PERIODS[0][0]) for n in WORKERS],
        )
        state = world.state()
        async with world.client(state) as client:
            yield Floor(world, state, client, connection)
        await connection.close()


async def _worked(floor: Floor, rows: Rows) -> None:
    """These rows are the whole work grain; of two with one key the last stands."""
    found = {row[: len(_KEY)]: row[len(_KEY) :] for row in rows}
    places = ", ".join(f"${place + 1}" for place in range(len(_COLUMNS)))
    await floor.connection.execute("TRUNCATE work_by_worker")
    await floor.connection.executemany(
        f"INSERT INTO work_by_worker ({', '.join(_COLUMNS)}) VALUES ({places})",
        [
            (*key, *(one or None for one in sums[:-1]), Decimal(sums[-1]), *(None,) * len(_NOUGHT))
            for key, sums in found.items()
        ],
    )


def _many(seed: int, period: tuple[date, date]) -> Rows:
    """Work of forty workers: some of it taken back, in part or wholly, some in other currencies."""
    chance, days = Random(seed), _days(period)
    for _ in range(1500):
        worker, day = chance.choice(WORKERS), chance.choice(days)
        group = chance.choice(("ai-training", "surveys", "unstated"))
        currency = chance.choice(("MAD", "MAD", "USD", "EUR", "XXX"))
        residence = chance.choice(("MA", "MA", "MA-CAS", "", "FR"))
        recorded = date(2026, 11, chance.randint(1, 2))
        times = [chance.choice((0, chance.randint(1, 9000))) for _ in range(3)]
        earned = 0 if currency == "XXX" else chance.choice((0, chance.randint(1, 40_000_000)))
        for sign in (1, -1) if chance.random() < 0.05 else (1,):
            key = (worker, day, group, currency, residence, recorded + timedelta(days=1 - sign))
            yield (*key, *(sign * time for time in times), sign * earned)


@pytest.mark.parametrize("period", PERIODS)
async def test_the_database_adds_up_to_the_same_integers(
    floor: Floor, period: tuple[date, date]
) -> None:
    await _worked(floor, _many(1, period))
    whole = await _hold(floor, period, "", date.max)
    await _hold(floor, period, "&by=day&platform=p1", date.max)
    await _hold(floor, period, "&by=day&as_of=2026-11-02", date(2026, 11, 3))
    # What the random rows are made for is in them.
    assert any(row["days_waiting"] for row in whole)
    assert any(row["days_without_wage"] for row in whole) == (period == PERIODS[0])


@pytest.mark.parametrize(("per", "parts"), [("platform", 3), ("sector", 4)])
async def test_no_row_for_each_worker_leaves_the_database(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, per: str, parts: int
) -> None:
    days = _days(PERIODS[1])
    key = "surveys", "MAD", "MA", date(2026, 11, 1)
    await _worked(floor, ((n, day, *key, 60, 0, 30, 1) for n in WORKERS for day in days))
    sizes: list[int] = []
    rows = Snapshot.rows

    async def counting(self: Snapshot, name: str, **values: Any) -> list[Row]:
        found = await rows(self, name, **values)
        sizes.append(len(found) if name.startswith("floor") else 0)
        return found

    monkeypatch.setattr(Snapshot, "rows", counting)
    path = f"/v1/wage-floor?from={PERIODS[1][0]}&to={PERIODS[1][1]}&per={per}"
    assert sum(row["days"] for row in await floor.read(path)) >= len(WORKERS) * len(days)
    assert 0 < max(sizes) <= parts * len(days)


_SECONDS = st.sampled_from([0, 0, 1, 7, 59, 3600, 9000])


def _row(period: tuple[date, date]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Few keys, so that rows meet; each may be taken back, wholly or in part."""
    middle = _days(period)[6:9]
    return st.tuples(
        st.sampled_from([1, 2, 3, 4]),
        st.sampled_from(middle),
        st.sampled_from(["ai-training", "surveys", "unstated"]),
        st.sampled_from(["MAD", "USD", "EUR"]),
        st.sampled_from(["MA", "MA-CAS", "", "FR"]),
        st.sampled_from([date(2026, 11, 1), date(2026, 11, 2)]),
        _SECONDS,
        _SECONDS,
        _SECONDS,
        st.sampled_from([0, 0, 1, 1_000_003, 17_920_000, 200_000_000]),
        st.sampled_from([None, None, None, 1, 2]),
    )


def _taken_back(row: tuple[Any, ...]) -> Rows:
    """A row, and what a later day takes back of it: all of it, or all but the odd half."""
    *stated, divisor = row
    yield tuple(stated)
    if divisor:
        key, sums = stated[: len(_KEY) - 1], stated[len(_KEY) :]
        yield (*key, date(2026, 11, 4), *(-(one // divisor) for one in sums))


_MONTH = st.sampled_from(PERIODS).flatmap(
    lambda period: st.tuples(st.just(period), st.lists(_row(period), max_size=25))
)


@given(month=_MONTH)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_so_it_does_in_any_month(
    floor: Floor, month: tuple[tuple[date, date], list[tuple[Any, ...]]]
) -> None:
    period, rows = month
    await _worked(floor, (one for row in rows for one in _taken_back(row)))
    await _hold(floor, period, "", date.max)
    await _hold(floor, period, "&by=day", date.max)


async def _hold(floor: Floor, period: tuple[date, date], query: str, before: date) -> list[Json]:
    """Both answers are those of the plain functions; the rows by platform."""
    platform = "p1" if "platform" in query else None
    async with floor.state.database.snapshot() as snapshot:
        values = {"first": period[0], "last": period[1], "country": "MA", "leaf": -1}
        values |= {"since": date.min, "before": before}
        found = await snapshot.rows("floor_work", platform=platform, worker=None, **values)
        standing = await rates_at(snapshot, "MAD", snapshot.position)
    work = [Work.of(row) for row in found]
    days = floor_days(morocco(), work, Conversions(morocco(), standing))
    cut = 10 if "by=day" in query else 7
    path = f"/v1/wage-floor?from={period[0]}&to={period[1]}{query}"
    by_platform = await floor.read(path)
    assert by_platform == _platforms(days, cut)
    assert await floor.read(f"{path}&per=sector") == _sectors(days, cut)
    return by_platform


def _platforms(days: Iterable[FloorDay], cut: int) -> list[Json]:
    sums = floor_by(days, lambda day: (day.day.isoformat()[:cut], day.platform, not day.resident))
    return [
        msgspec.to_builtins(floor_row(one, period, unstated, platform=name))
        for (period, name, unstated), one in sorted(sums.items())
    ]


def _sectors(days: Iterable[FloorDay], cut: int) -> list[Json]:
    sums = floor_by_group(
        days, lambda day, group: (day.day.isoformat()[:cut], group or "", not day.resident)
    )
    return [
        msgspec.to_builtins(floor_row(one, period, unstated, task_group=group or None))
        for (period, group, unstated), one in sorted(sums.items())
    ]
