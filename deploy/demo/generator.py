"""A month of invented work on three invented platforms, as the files they would send.

Nothing here is of a real platform or person. The month is calibrated (see `calibration`), so that
whoever adds the files up again finds the hourly pay and the unpaid time that the ILO found.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random

from deploy.demo import extras, formats, ndjson, payouts, stream, unpaid, work
from deploy.demo.calibration import unpaid_seconds_for
from deploy.demo.population import PLATFORMS, Format, Platform, Worker, chance, recruit
from deploy.demo.work import Fate, Month, Piece
from events import data, vocabulary
from events.scalars import TaskGroup

#: The day of the month, counted from 0, without work on the platform that writes events, and the
#: one on which it rejects a whole batch; and how many approvals it sends without an amount.
CLOSED_DAY, MASS_DAY, UNSTATED = 13, 16, 8

Pseudonym = Callable[[str, str], str]
TABLES: dict[Format, tuple[str, Callable[[Sequence[Piece], date], bytes]]] = {
    "mturk-web": ("csv", formats.mturk_web),
    "mturk-clt": ("results", formats.mturk_clt),
}


@dataclass(frozen=True)
class Export:
    """One file that a platform pushes, with what its rows do not say."""

    path: Path
    format: Format
    task_group: TaskGroup | None = None
    residence: str | None = None


@dataclass(frozen=True)
class DemoDay:
    """What each platform pushes on one day, in this order."""

    day: date
    exports: Mapping[str, tuple[Export, ...]]


@dataclass(frozen=True)
class Record:
    """Everything that happened on one platform."""

    platform: Platform
    workers: tuple[Worker, ...]
    pieces: list[Piece]
    drops: list[extras.Drop]
    idle: list[unpaid.Idle]
    unstated: frozenset[str]


def generate(
    folder: Path,
    *,
    seed: int,
    first_day: date,
    pseudonym: Pseudonym,
    days: int = 30,
    workers: int = 400,
) -> list[DemoDay]:
    """Write the files under `folder` and say what each platform pushes on each day, in order.

    `pseudonym(platform, raw id)` is the platform's own kit, so that a worker of an export is the
    same worker in the events that go with it. Equal arguments give equal files. Raises ValueError
    if there are no days.
    """
    if days < 1:
        raise ValueError("a month needs at least one day")
    month = Month(first_day, days)
    pushes: dict[tuple[date, str], list[Export]] = defaultdict(list)
    for record in invent(seed, month, workers):
        events = _events(record, pseudonym, chance(seed, f"{record.platform.name} said"), month)
        for day in month.days:
            pushes[day, record.platform.name] += _write_tables(folder, record, day)
            pushes[day, record.platform.name] += _write_events(folder, record, day, events[day])
    names = [platform.name for platform in PLATFORMS]
    return [DemoDay(day, {n: tuple(pushes[day, n]) for n in names}) for day in month.days]


def invent(seed: int, month: Month, workers: int) -> list[Record]:
    """The month of every platform, calibrated over all of them together."""
    drafts = [_draft(chance(seed, one.name), one, month, workers) for one in PLATFORMS]
    return _calibrated(drafts, chance(seed, "unpaid"))


def _draft(rng: Random, platform: Platform, month: Month, workers: int) -> Record:
    """A platform's month before its seconds are calibrated."""
    hired = recruit(rng, platform, workers)
    streams = platform.format == "events"
    closed = month.days[CLOSED_DAY] if streams and month.count > CLOSED_DAY else None
    pieces = work.plan(rng, platform, hired, month, closed)
    if streams and month.count > MASS_DAY:
        pieces += work.mass_rejection(rng, platform, hired, month.days[MASS_DAY])
    approved = [piece.id for piece in pieces if piece.fate is Fate.APPROVED]
    unstated = frozenset(approved[:UNSTATED]) if streams else frozenset()
    return Record(platform, hired, pieces, [], [], unstated)


def _calibrated(drafts: list[Record], rng: Random) -> list[Record]:
    """The same months with seconds that give back the figures of `calibration`."""
    unstated = frozenset[str]().union(*(draft.unstated for draft in drafts))
    factor = work.stretch_factor((p for draft in drafts for p in draft.pieces), unstated)
    records = [_at_pace(draft, factor, rng) for draft in drafts]
    total = unpaid_seconds_for(sum(_paid_seconds(record) for record in records))
    rest = total - sum(_unpaid_task_seconds(record) for record in records)
    idle = iter(unpaid.with_seconds([one for r in records for one in r.idle], max(0, rest)))
    return [replace(record, idle=[next(idle) for _ in record.idle]) for record in records]


def _at_pace(draft: Record, factor: float, rng: Random) -> Record:
    pieces = work.stretched(draft.pieces, factor)
    idle = unpaid.idle_time(rng, draft.platform, pieces)
    return replace(draft, pieces=pieces, drops=extras.drops(rng, pieces), idle=idle)


def _paid_seconds(record: Record) -> int:
    stated = (p for p in record.pieces if p.id not in record.unstated)
    return sum(piece.seconds for piece in stated if piece.earned_on is not None)


def _unpaid_task_seconds(record: Record) -> int:
    refused = sum(piece.seconds for piece in record.pieces if piece.fate is Fate.REJECTED)
    return refused + sum(drop.seconds for drop in record.drops)


def _events(
    record: Record, pseudonym: Pseudonym, rng: Random, month: Month
) -> dict[date, list[vocabulary.Event]]:
    """What the platform says in events, by the day in whose file it stands, in order of time."""
    by_day: dict[date, list[vocabulary.Event]] = defaultdict(list)
    for day, event in sorted(_said(record, pseudonym, rng, month), key=lambda one: one[1].time):
        if day <= month.last:
            by_day[day].append(event)
    return by_day


def _said(
    record: Record, pseudonym: Pseudonym, rng: Random, month: Month
) -> Iterator[ndjson.Filed]:
    platform = record.platform
    pen = ndjson.Pen(
        platform.name,
        {one.raw_id: pseudonym(platform.name, one.raw_id) for one in record.workers},
    )
    streams, first = platform.format == "events", platform is PLATFORMS[0]
    if streams:
        yield from stream.work_events(pen, record.pieces, record.unstated)
        yield from _closed_day(pen, month)
    yield from extras.drop_events(pen, record.drops)
    yield from extras.dispute_events(pen, rng, record.pieces, month)
    yield from unpaid.idle_events(pen, record.idle, month, late=not streams, mistaken=first)
    stated = [piece for piece in record.pieces if piece.id not in record.unstated]
    payments = list(payouts.payment_events(pen, platform, stated, month))
    yield from payments
    if streams and payments:
        yield from payouts.twice(payments, pen)


def _closed_day(pen: ndjson.Pen, month: Month) -> Iterator[ndjson.Filed]:
    """`day.nil`: the platform says that it had no work, which is not the same as silence."""
    if month.count > CLOSED_DAY:
        day = month.days[CLOSED_DAY]
        moment = datetime.combine(day, time(22), UTC)
        yield ndjson.filed(pen.event(vocabulary.DayNil, f"{day}", moment, data.NilDay(day=day)))


def _write_tables(folder: Path, record: Record, day: date) -> Iterator[Export]:
    """One table for each kind of work and country, since its rows state neither."""
    platform = record.platform
    if platform.format not in TABLES:
        return
    ending, table = TABLES[platform.format]
    moving = [piece for piece in record.pieces if piece.moves(day)]
    for pool, group in [(one, group) for one in platform.pools for group in one.groups]:
        rows = [p for p in moving if p.offer.pool is pool and p.offer.group is group]
        if rows:
            name = f"{group}-{(pool.residence or 'unstated').lower()}.{ending}"
            path = _write(folder, platform, day, name, table(rows, day))
            yield Export(path, platform.format, group, pool.residence)


def _write_events(
    folder: Path, record: Record, day: date, events: list[vocabulary.Event]
) -> Iterator[Export]:
    if events:
        content = ndjson.lines(events)
        yield Export(_write(folder, record.platform, day, "events.ndjson", content), "events")


def _write(folder: Path, platform: Platform, day: date, name: str, content: bytes) -> Path:
    path = folder / platform.name / day.isoformat() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
