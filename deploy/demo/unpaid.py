"""Unpaid time that belongs to no task: looking for work, unpaid tests, waiting."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from deploy.demo.calibration import apportion
from deploy.demo.ndjson import Filed, Pen, filed
from deploy.demo.population import Platform, Worker
from deploy.demo.work import Month, Piece
from events import data, vocabulary
from events.scalars import UnpaidKind

#: How often a day with work brings unpaid time of a kind, and how long against the work itself.
USUAL = {
    UnpaidKind.SEARCH: (0.6, 1.0),
    UnpaidKind.QUALIFICATION: (0.12, 0.8),
    UnpaidKind.WAITING: (0.25, 0.5),
}
REPORTED_AT = time(22, 30)
#: The report that comes late, by so many days.
LATE = timedelta(days=6)
#: The mistaken report states this many times the real seconds, and is replaced the next day.
MISTAKE = 10


@dataclass(frozen=True)
class Idle:
    """One worker's unpaid time of one kind on one day; `weight` is its part of all such time."""

    worker: Worker
    day: date
    kind: UnpaidKind
    weight: float
    seconds: int = 0


def idle_time(rng: Random, platform: Platform, pieces: Iterable[Piece]) -> list[Idle]:
    """Who lost time when, in proportion to the work of that worker and day; no seconds yet."""
    worked: dict[tuple[str, date], tuple[Worker, int]] = {}
    for piece in pieces:
        key = (piece.worker.raw_id, piece.submitted.date())
        worked[key] = (piece.worker, worked.get(key, (piece.worker, 0))[1] + piece.seconds)
    return [
        Idle(worker, day, kind, seconds * length * platform.unpaid * rng.lognormvariate(0, 0.5))
        for (_, day), (worker, seconds) in worked.items()
        for kind, (often, length) in USUAL.items()
        if kind in platform.kinds and rng.random() < often
    ]


def with_seconds(idle: list[Idle], total: int) -> list[Idle]:
    """The same unpaid time with whole seconds that sum to `total`."""
    parts = apportion(total, [one.weight for one in idle])
    return [replace(one, seconds=part) for one, part in zip(idle, parts, strict=True)]


def idle_events(
    pen: Pen, idle: list[Idle], month: Month, *, late: bool, mistaken: bool
) -> Iterator[Filed]:
    """`time.reported` for each; if asked, one comes late and one is mistaken and then replaced.

    The exceptions are the longest whose sequel falls into the month, so that they show.
    """
    early = [one for one in idle if one.day + LATE <= month.last]
    longest = sorted(early, key=lambda one: one.seconds, reverse=True)
    exceptions = longest[: late + mistaken]
    for one in idle:
        if one not in exceptions:
            yield filed(_reported(pen, one))
        elif mistaken and one is exceptions[0]:
            yield from _mistake(pen, one)
        else:
            yield one.day + LATE, _reported(pen, one)


def _reported(pen: Pen, one: Idle) -> vocabulary.Event:
    moment = datetime.combine(one.day, REPORTED_AT, UTC)
    return pen.event(vocabulary.TimeReported, _key(pen, one), moment, _time(pen, one))


def _mistake(pen: Pen, one: Idle) -> Iterator[Filed]:
    """The wrong report and, a day later, the correction that puts the right one in its place."""
    wrong = _reported(pen, replace(one, seconds=one.seconds * MISTAKE))
    yield filed(wrong)
    right = REPLACEMENT(data=_time(pen, one))
    said = vocabulary.Replacing(event=wrong.id, replacement=right, reason_code="wrong-unit")
    moment = wrong.time + timedelta(hours=12)
    yield filed(pen.event(vocabulary.CorrectionReplaced, _key(pen, one), moment, said))


def _time(pen: Pen, one: Idle) -> data.UnpaidTime:
    return data.UnpaidTime(
        worker=pen.pseudonym(one.worker),
        day=one.day,
        kind=one.kind,
        seconds=one.seconds,
        residence=one.worker.pool.residence,
    )


def _key(pen: Pen, one: Idle) -> str:
    return f"{one.day:%Y%m%d}-{one.kind}-{pen.pseudonym(one.worker)}"


REPLACEMENT = next(
    shape
    for shape in vocabulary.REPLACEMENTS
    if shape.__struct_config__.tag == vocabulary.type_of(vocabulary.TimeReported)
)
