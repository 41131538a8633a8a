"""The invented work of a month: offers, pieces of work, what became of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from deploy.demo.calibration import SECONDS_PER_HOUR, paid_seconds_for
from deploy.demo.population import Platform, Pool, Worker, choose, make_id
from events.scalars import DataPurpose, TaskGroup

OFFER_PLACES = 9
REVIEW_DELAY = timedelta(days=3)
TASK_SECONDS_MAX = 3 * SECONDS_PER_HOUR
SHORTEST, LONGEST = 5, 9_000
AIMS = 4
#: Work is handed in within these hours UTC, which are of one day in Casablanca as well.
FIRST_HOUR, LAST_HOUR = 7, 19

#: Why work is rejected; None where the platform gives no reason.
REASONS = ("quality", "quality", "instructions", "too-fast", "failed-check", "duplicate", None)
#: Share of the rejected work that is approved after all.
SECOND_THOUGHTS = 0.1
#: The one batch that is rejected whole: its places, and the reason given to everybody.
MASS_PLACES, MASS_REASON = 40, "low-agreement"


class Fate(StrEnum):
    """What became of a piece of work by the end of the month."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    OVERTURNED = "overturned"


@dataclass(frozen=True)
class Kind:
    """What a kind of work looks like on the page of a platform; `cents` is its usual pay."""

    title: str
    description: str
    keywords: str
    purpose: DataPurpose
    cents: int


KINDS: dict[TaskGroup, Kind] = {
    TaskGroup.DATA_COLLECTION: Kind(
        "Find the opening hours of a shop",
        'Look up one shop and note its "open today" hours',
        "search, shop, hours",
        DataPurpose.OTHER,
        18,
    ),
    TaskGroup.CATEGORISATION: Kind(
        "Sort product photos",
        "Choose the shelf, one of eight, on which a product belongs",
        "photo, product, choose",
        DataPurpose.TRAINING,
        9,
    ),
    TaskGroup.SURVEYS: Kind(
        "Ten questions about bus journeys",
        "Answer a short questionnaire about how you travel",
        "survey, travel, opinion",
        DataPurpose.RESEARCH,
        55,
    ),
    TaskGroup.TRANSCRIPTION: Kind(
        "Write down one minute of speech",
        "Listen to a recording and type what is said",
        "audio, type, Darija, French",
        DataPurpose.TRAINING,
        48,
    ),
    TaskGroup.VERIFICATION: Kind(
        "Check two addresses",
        "Say whether two addresses are the same place",
        "address, compare",
        DataPurpose.VERIFICATION,
        12,
    ),
    TaskGroup.CONTENT_CREATION: Kind(
        "Describe a dish in two sentences",
        "Write a short description for a menu",
        "writing, food",
        DataPurpose.OTHER,
        70,
    ),
    TaskGroup.AI_TRAINING: Kind(
        "Rank two answers of an assistant",
        "Read two answers and choose the more helpful one",
        "assistant, compare",
        DataPurpose.TRAINING,
        22,
    ),
    TaskGroup.CONTENT_MODERATION: Kind(
        "Judge a reported comment",
        "Say which rule a reported comment breaks, if any",
        "moderation, comment",
        DataPurpose.MODERATION,
        7,
    ),
}


@dataclass(frozen=True)
class Offer:
    """One published task with places for several workers (a HIT, a contract)."""

    id: str
    batch: int
    group: TaskGroup
    pool: Pool
    cents: int
    created: datetime
    places: int

    @property
    def kind(self) -> Kind:
        """How the platform describes it."""
        return KINDS[self.group]


@dataclass(frozen=True)
class Piece:
    """One piece of work by one worker; `decided` is None while nobody has looked at it."""

    id: str
    offer: Offer
    worker: Worker
    submitted: datetime
    seconds: int
    fate: Fate
    decided: datetime | None = None
    overturned: datetime | None = None
    reason: str | None = None

    @property
    def pay(self) -> Decimal:
        """USD, two decimals."""
        return Decimal(self.offer.cents).scaleb(-2)

    @property
    def started(self) -> datetime:
        """When the worker accepted it."""
        return self.submitted - timedelta(seconds=self.seconds)

    @property
    def earned_on(self) -> date | None:
        """The day on which its pay was earned, if it was."""
        final = self.overturned or self.decided
        earns = self.fate in (Fate.APPROVED, Fate.OVERTURNED)
        return final.date() if earns and final else None

    def status(self, on: date) -> Fate:
        """How the platform shows it at the end of a day."""
        if self.decided is None or self.decided.date() > on:
            return Fate.PENDING
        if self.overturned is not None and self.overturned.date() > on:
            return Fate.REJECTED
        return self.fate

    def moves(self, on: date) -> bool:
        """Whether the platform's download of that day shows it: handed in or decided then."""
        turns = (self.submitted, self.decided, self.overturned)
        return any(turn is not None and turn.date() == on for turn in turns)


@dataclass(frozen=True)
class Month:
    """The days that are invented, in order."""

    first: date
    count: int

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it."""
        return tuple(self.first + timedelta(days=n) for n in range(self.count))

    @property
    def last(self) -> date:
        """The last one."""
        return self.first + timedelta(days=self.count - 1)

    def within(self, moment: datetime) -> datetime | None:
        """The moment, or None if it lies after the last day."""
        return moment if moment.date() <= self.last else None


def at(rng: Random, day: date) -> datetime:
    """A moment of the working day, in whole seconds, UTC."""
    opening = datetime.combine(day, time(FIRST_HOUR), UTC)
    return opening + timedelta(seconds=rng.randrange((LAST_HOUR - FIRST_HOUR) * SECONDS_PER_HOUR))


def plan(
    rng: Random, platform: Platform, workers: tuple[Worker, ...], month: Month, closed: date | None
) -> list[Piece]:
    """Everything handed in on one platform in the month; nothing on the `closed` day."""
    return [
        _judged(rng, platform, piece, month)
        for day in month.days
        if day != closed
        for offer in _offers(rng, platform, day)
        for piece in _pieces(rng, platform, workers, offer)
    ]


def mass_rejection(
    rng: Random, platform: Platform, workers: tuple[Worker, ...], day: date
) -> list[Piece]:
    """One batch in which everybody's work is refused in the same minute."""
    pool = platform.pools[0]
    offer = replace(_offer(rng, pool, pool.groups[0], day), places=MASS_PLACES)
    refused = datetime.combine(day, time(LAST_HOUR + 1), UTC)
    return [
        replace(piece, fate=Fate.REJECTED, decided=refused, reason=MASS_REASON)
        for piece in _pieces(rng, platform, workers, offer)
    ]


def stretch_factor(pieces: Iterable[Piece], unstated: frozenset[str]) -> float:
    """By what to multiply seconds so that what was earned makes the mean hourly pay.

    Pieces whose id is in `unstated` are approved without an amount: they are in no hourly pay.
    """
    paid = [p for p in pieces if p.earned_on is not None and p.id not in unstated]
    wanted = paid_seconds_for(sum((p.pay for p in paid), Decimal(0)))
    factor = 1.0
    # The bounds of one task's seconds bend the line a little, so it is aimed at in a few steps.
    for _ in range(AIMS):
        factor *= wanted / max(1, sum(_bounded(p.seconds * factor) for p in paid))
    return factor


def stretched(pieces: Iterable[Piece], factor: float) -> list[Piece]:
    """The same work at another pace; whole seconds, within what one task may take."""
    return [replace(p, seconds=_bounded(p.seconds * factor)) for p in pieces]


def _offers(rng: Random, platform: Platform, day: date) -> Iterator[Offer]:
    """One day's offers: each pool's part of the day's tasks, split over its kinds of work."""
    busy = 1.0 if day.weekday() < 5 else 0.7
    for pool in platform.pools:
        wanted = platform.tasks_a_day * pool.share * busy * rng.uniform(0.8, 1.2)
        for group in pool.groups:
            for _ in range(max(1, round(wanted / len(pool.groups) / OFFER_PLACES))):
                yield _offer(rng, pool, group, day)


def _offer(rng: Random, pool: Pool, group: TaskGroup, day: date) -> Offer:
    cents = round(KINDS[group].cents * rng.lognormvariate(0, 0.35))
    return Offer(
        id=make_id(rng, "3", 29),
        batch=rng.randrange(3_000_000, 9_999_999),
        group=group,
        pool=pool,
        cents=min(100, max(1, cents)),
        created=datetime.combine(day, time(3, rng.randrange(60)), UTC),
        places=OFFER_PLACES,
    )


def _pieces(
    rng: Random, platform: Platform, workers: tuple[Worker, ...], offer: Offer
) -> Iterator[Piece]:
    pool = [one for one in workers if one.pool is offer.pool]
    for worker in choose(rng, pool, offer.places):
        usual = offer.cents / 100 / platform.hourly * SECONDS_PER_HOUR
        seconds = usual / worker.skill * rng.lognormvariate(0, 0.25)
        yield Piece(
            id=make_id(rng, "3", 29),
            offer=offer,
            worker=worker,
            submitted=at(rng, offer.created.date()),
            seconds=_bounded(seconds),
            fate=Fate.PENDING,
        )


def _judged(rng: Random, platform: Platform, piece: Piece, month: Month) -> Piece:
    """The piece with its decision, if that falls into the month."""
    days = rng.randrange(platform.decides_within + 1)
    decided = month.within(piece.submitted + timedelta(days=days, minutes=rng.randrange(5, 180)))
    if decided is None:
        return piece
    if rng.random() >= platform.rejects:
        return replace(piece, fate=Fate.APPROVED, decided=decided)
    reason = rng.choice(REASONS)
    rejected = replace(piece, fate=Fate.REJECTED, decided=decided, reason=reason)
    return _reconsidered(rng, rejected, month)


def _reconsidered(rng: Random, piece: Piece, month: Month) -> Piece:
    """The rejected piece, perhaps approved after all some days later."""
    assert piece.decided is not None
    later = month.within(piece.decided + timedelta(days=rng.randrange(2, 6)))
    if later is None or rng.random() >= SECOND_THOUGHTS:
        return piece
    return replace(piece, fate=Fate.OVERTURNED, overturned=later)


def _bounded(seconds: float) -> int:
    return min(LONGEST, max(SHORTEST, round(seconds)))
