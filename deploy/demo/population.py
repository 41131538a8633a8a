"""Three invented platforms, what they are like, and the people who work there."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from events.scalars import Rail, TaskGroup, UnpaidKind

Format = Literal["mturk-web", "mturk-clt", "events"]
#: How much oftener the skilled come: at 1, everybody would work the same hours.
HABIT = 1.5
ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Spread of what workers make in an hour; the mean lies exp(SPREAD**2 / 2) above the median.
SPREAD = 1.1


@dataclass(frozen=True)
class Pool:
    """Workers of one platform who live in one country and are offered some kinds of work."""

    residence: str | None
    groups: tuple[TaskGroup, ...]
    share: float
    pay_level: float = 1.0


@dataclass(frozen=True)
class Platform:
    """One platform: what it downloads each day, how it pays, how it treats its workers.

    `hourly` is what a typical worker makes in a paid hour (USD, before calibration), `share` its
    part of all workers, `tasks_a_day` what is handed in, `unpaid` the weight of unpaid time
    beside its paid time, `payout_from` the smallest payout in cents, `fee` its part of the pay.
    """

    name: str
    format: Format
    pools: tuple[Pool, ...]
    share: float
    tasks_a_day: int
    hourly: float
    rejects: float
    decides_within: int
    unpaid: float
    kinds: tuple[UnpaidKind, ...]
    fee_percent: int
    payout_from: int
    rails: tuple[Rail, ...]


@dataclass(frozen=True)
class Worker:
    """A person as the platform knows her; `skill` and `zeal` are relative to the typical worker."""

    raw_id: str
    pool: Pool
    skill: float
    zeal: float
    rail: Rail
    approved_before: int
    rejected_before: int


TASKORA = Platform(
    name="taskora",
    format="mturk-web",
    pools=(
        Pool("MA", (TaskGroup.DATA_COLLECTION, TaskGroup.CATEGORISATION), 0.6),
        Pool("SN", (TaskGroup.DATA_COLLECTION,), 0.2, 0.8),
        Pool(None, (TaskGroup.SURVEYS,), 0.2, 1.5),
    ),
    share=0.4,
    tasks_a_day=82,
    hourly=3.9,
    rejects=0.035,
    decides_within=3,
    unpaid=0.9,
    kinds=(UnpaidKind.SEARCH, UnpaidKind.QUALIFICATION),
    fee_percent=5,
    payout_from=0,
    rails=(Rail.BANK, Rail.BANK, Rail.PAYPAL),
)
ATLAS_WORK = Platform(
    name="atlas-work",
    format="mturk-clt",
    pools=(
        Pool("MA", (TaskGroup.TRANSCRIPTION, TaskGroup.VERIFICATION), 0.7),
        Pool("TN", (TaskGroup.TRANSCRIPTION,), 0.15),
        Pool("FR", (TaskGroup.CONTENT_CREATION,), 0.15, 1.7),
    ),
    share=0.28,
    tasks_a_day=62,
    hourly=3.3,
    rejects=0.04,
    decides_within=5,
    unpaid=0.9,
    kinds=(UnpaidKind.SEARCH, UnpaidKind.WAITING),
    fee_percent=20,
    payout_from=100,
    rails=(Rail.PAYPAL, Rail.WALLET, Rail.BANK),
)
KHIDMA = Platform(
    name="khidma",
    format="events",
    pools=(
        Pool("MA", (TaskGroup.AI_TRAINING, TaskGroup.CONTENT_MODERATION), 0.75),
        Pool("CI", (TaskGroup.AI_TRAINING,), 0.15, 0.8),
        Pool(None, (TaskGroup.CONTENT_MODERATION,), 0.1),
    ),
    share=0.32,
    tasks_a_day=74,
    hourly=1.9,
    rejects=0.04,
    decides_within=2,
    unpaid=1.1,
    kinds=(UnpaidKind.SEARCH, UnpaidKind.QUALIFICATION, UnpaidKind.WAITING),
    fee_percent=12,
    payout_from=50,
    rails=(Rail.WALLET, Rail.WALLET, Rail.CRYPTO, Rail.VOUCHER),
)
PLATFORMS: tuple[Platform, ...] = (TASKORA, ATLAS_WORK, KHIDMA)


def chance(seed: int, subject: str) -> Random:
    """Repeatable chance for one subject, so that a change in one leaves the others as they were.

    Invented data guard no secret: a predictable source is what is wanted here.
    """
    return Random(f"{seed} {subject}")  # noqa: S311


def make_id(rng: Random, prefix: str, length: int) -> str:
    """An id of the form crowdwork platforms use: a prefix and upper-case letters or digits."""
    return prefix + "".join(rng.choices(ID_LETTERS, k=length))


def recruit(rng: Random, platform: Platform, workers: int) -> tuple[Worker, ...]:
    """The workers of one platform, out of `workers` over all platforms; at least one a pool."""
    hired = workers * platform.share
    return tuple(
        _worker(rng, platform, pool)
        for pool in platform.pools
        for _ in range(max(1, round(hired * pool.share)))
    )


def choose(rng: Random, workers: Sequence[Worker], places: int) -> list[Worker]:
    """At most `places` different workers; the skilled and the zealous come more often.

    Who makes more in an hour stays for more hours; that is why the median worker
    makes less than the mean hour.
    """
    lots = sorted(workers, key=lambda one: rng.expovariate(one.zeal * one.skill**HABIT))
    return lots[:places]


def _worker(rng: Random, platform: Platform, pool: Pool) -> Worker:
    return Worker(
        raw_id=make_id(rng, "A", 13),
        pool=pool,
        skill=rng.lognormvariate(0, SPREAD) * pool.pay_level,
        zeal=rng.lognormvariate(0, 0.6),
        rail=rng.choice(platform.rails),
        approved_before=rng.randrange(0, 900),
        rejected_before=rng.randrange(0, 40),
    )
