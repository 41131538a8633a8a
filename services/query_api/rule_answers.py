"""Documents of the API about a country's rules: policy, wage floor, what a month owes."""

from datetime import date

from msgspec import Struct, field

from services.query_api.basis import Basis
from services.query_api.figures import PaidSlice


class PolicyValue(Struct, frozen=True, kw_only=True):
    """What one parameter says on a day. Decimals are strings, bands are thresholds with amounts;
    a null value means that none is known, and `note` says why. `mark` `assumed`: nobody decided
    it, the registry chose."""

    parameter: str
    value: str | int | dict[str, str] | None
    unit: str
    currency: str | None
    since: date | None
    title: str | None
    reference: str | None
    note: str | None
    mark: str | None


class Policy(Struct, frozen=True, kw_only=True):
    """The country's rules in force: the bundle by its digest, and its values on a day."""

    basis: Basis
    country: str
    digest: str
    adopted_leaf: int
    on: date
    rows: list[PolicyValue]


class FloorTime(Struct, frozen=True, kw_only=True):
    """One basis of time: what an hour of it paid (null: no time), what the minimum wage comes to
    over it, what is missing to it, and on how many worker-days something is."""

    seconds: int
    hourly_pay: str | None
    floor: str
    shortfall: str
    days_below: int


class FloorRow(Struct, frozen=True, kw_only=True):
    """Worker-days of one platform or sector in one period, in the minimum wage's currency.
    `task_group` null: of a platform, or time that belongs to no task. `days` counts those of which
    wage and pay are known; the others stand in the last two."""

    period: str
    platform: str | None = None
    task_group: str | None = None
    residence: str
    days: int
    pay: str
    paid_time: FloorTime
    paid_and_unpaid_time: FloorTime
    days_without_wage: int
    days_waiting: int


class Wage(Struct, frozen=True, kw_only=True):
    """A minimum wage in force within the period; null where no value is known."""

    since: date | None
    hourly: str | None
    currency: str | None
    title: str | None
    reference: str | None
    note: str | None


class WageFloor(Struct, frozen=True, kw_only=True):
    """What is missing to the minimum wage, worked out for each worker's day on each platform."""

    basis: Basis
    policy: str
    adopted_leaf: int
    per: str
    by: str
    from_: date = field(name="from")
    to: date
    wages: list[Wage]
    rows: list[FloorRow]


class Rested(Struct, frozen=True, kw_only=True):
    """A dated value that an amount rests on: where it stands and where that is written."""

    parameter: str
    value: str | int | dict[str, str] | None
    since: date | None
    title: str | None
    reference: str | None
    mark: str | None


class Share(Struct, frozen=True, kw_only=True):
    """What one payer owes for one branch; `payer` null: the whole of the branch. `percent` of
    `base`, or null of a band, which `base` chose. `exact` is the amount before rounding, as a
    fraction of micro-units where it is none."""

    platform: str
    worker: str
    branch: str
    payer: str | None
    base: str
    percent: str | None
    amount: str
    exact: str
    rests_on: list[str]


class RateUsed(Struct, frozen=True, kw_only=True):
    """What one unit of a currency was taken to be worth on a pay day, and the day it was dated."""

    currency: str
    day: date
    rate: str
    dated: date


class NotKnown(Struct, frozen=True, kw_only=True):
    """A branch (empty: the whole scheme) that cannot be assessed, and the value that is missing."""

    branch: str
    parameter: str
    note: str | None


class Awaited(Struct, frozen=True, kw_only=True):
    """Pay of a day that waits for an exchange rate; nothing is assessed meanwhile."""

    platform: str
    worker: str
    day: date
    currency: str
    gross: str
    why: str


class Unassessed(Struct, frozen=True, kw_only=True):
    """Pay that is shown and not assessed."""

    platform: str
    worker: str
    currency: str
    residence: str | None
    gross: str
    why: str


class Dues(Struct, frozen=True, kw_only=True):
    """What a month owes one scheme. `suspense`: nobody assigned it, so it is the policy's default.
    `withheld`: her platform brings her share to the fund, else she does.
    `platform`, `worker` and `owed` are sums of shares by payer, and what the fund is owed;
    `defaults` are rules that nobody decided, all of `values` the dated values used."""

    scheme: str
    suspense: bool
    withheld: bool
    currency: str
    platform: str
    worker: str
    owed: str
    shares: list[Share]
    unknown: list[NotKnown]
    waiting: list[Awaited]
    unassessed: list[Unassessed]
    defaults: list[str]
    rates: list[RateUsed]
    values: list[Rested]


class Contribution(Struct, frozen=True, kw_only=True):
    """What one scheme asks of a month, platform's and worker's shares together: `due` as assessed
    now (null: it waits for an exchange rate), `posted` in the ledger, and `paid` to the fund: a
    remittance is for all workers of a platform, so hers is as much of what is posted as of theirs
    (null: she pays it herself, and no remittance tells)."""

    scheme: str
    suspense: bool
    currency: str
    due: str | None
    posted: str
    paid: str | None


class MonthSums(PaidSlice, frozen=True, kw_only=True):
    """A month of one or several pseudonyms: work by work days, payments by pay days, days for a
    declaration (null: no rule known), time against the minimum wage, contributions."""

    days: int | None
    floor: list[FloorRow]
    contributions: list[Contribution]


class MonthPart(MonthSums, frozen=True, kw_only=True):
    """The part of a month that was on one platform."""

    platform: str
    worker: str


class Together(MonthSums, frozen=True, kw_only=True):
    """The month of a person over all her pseudonyms: each platform's `parts`, and their sums."""

    person: str
    parts: list[MonthPart]
    dues: list[Dues]


class WorkerMonth(MonthPart, frozen=True, kw_only=True):
    """One worker's month on one platform, and what is due for it. `together`: the same over all
    pseudonyms of the person; null where hers is linked to none, and for a platform always, which
    is shown what its own pay owes by itself. `day_values`: what `days` rests on."""

    basis: Basis
    policy: str
    adopted_leaf: int
    period: str
    wages: list[Wage]
    day_values: list[Rested]
    dues: list[Dues]
    together: Together | None
