"""The documents of the API, as they are encoded and as OpenAPI shows them."""

from datetime import date
from typing import Any

from msgspec import Struct, field

from services.query_api.basis import Basis
from services.query_api.figures import PaidSlice, Slice


class SectorRow(Slice, frozen=True, kw_only=True):
    """Work of one task group in one period. `task_group` is `unstated` for tasks that state none,
    and null for time that belongs to no task ("unallocated")."""

    task_group: str | None
    period: str


class Sectors(Struct, frozen=True, kw_only=True):
    """Work by task group and period. `totals` is over all rows, unallocated time included."""

    basis: Basis
    by: str
    from_: date | None = field(name="from")
    to: date | None
    totals: Slice
    rows: list[SectorRow]


class PlatformRow(PaidSlice, frozen=True, kw_only=True):
    """A registered platform and the sums of all its work."""

    platform: str
    name: str
    country: str | None
    kind: str
    registered_leaf: int
    successor: str | None
    workers: int


class Platforms(Struct, frozen=True, kw_only=True):
    """All registered platforms."""

    basis: Basis
    from_: date | None = field(name="from")
    to: date | None
    rows: list[PlatformRow]


class PeriodRow(PaidSlice, frozen=True, kw_only=True):
    """Work done and payments made in one period (work days, pay days)."""

    period: str


class Refusal(Struct, frozen=True, kw_only=True):
    """Rejections by stated reason and by who decided; null where unstated."""

    reason: str | None
    decided_by: str | None
    rejected: int
    seconds: int


class TypeCount(Struct, frozen=True, kw_only=True):
    """Events of one type."""

    type: str
    sandbox: bool
    events: int


class UnstatedCount(Struct, frozen=True, kw_only=True):
    """Events of one type that left a field out."""

    type: str
    field: str
    events: int


class RuleCount(Struct, frozen=True, kw_only=True):
    """Anomalies of one rule, as the folds found them."""

    rule: str
    anomalies: int


class Platform(Struct, frozen=True, kw_only=True):
    """One platform: who it is, its series, and how well it reports. `unstated` is null at a
    position inside a recorded day: it is kept by whole days."""

    basis: Basis
    platform: str
    name: str
    country: str | None
    kind: str
    registered_leaf: int
    successor: str | None
    workers: int
    by: str
    from_: date | None = field(name="from")
    to: date | None
    totals: PaidSlice
    rows: list[PeriodRow]
    refusals: list[Refusal]
    events: list[TypeCount]
    unstated: list[UnstatedCount] | None
    anomalies: list[RuleCount]


class Contract(Struct, frozen=True, kw_only=True):
    """A contract that a worker's events name; `terms` as last published, null if never."""

    contract: str
    events: int
    terms: dict[str, Any] | None


class Worker(Struct, frozen=True, kw_only=True):
    """One worker on one platform."""

    basis: Basis
    platform: str
    worker: str
    first_recorded_day: date
    by: str
    from_: date | None = field(name="from")
    to: date | None
    totals: PaidSlice
    rows: list[PeriodRow]
    contracts: list[Contract]


class TaskRow(Struct, frozen=True, kw_only=True):
    """What one event about a worker said. `amount` is earned, or gross of a payment;
    `corrected_by` are the numbers of later events that correct it."""

    event_number: int
    leaf_index: int
    recorded_day: date
    platform: str
    type: str
    event_id: str
    worker: str
    task: str | None
    contract: str | None
    residence: str | None
    task_group: str | None
    day: date | None
    kind: str | None
    n: int | None
    seconds: int | None
    amount: str | None
    currency: str | None
    rail: str | None
    reason: str | None
    decided_by: str | None
    sandbox: bool
    corrected_by: list[int]


class Tasks(Struct, frozen=True, kw_only=True):
    """One page of events about workers, by event number."""

    basis: Basis
    rows: list[TaskRow]
    next: str | None


class Fact(Struct, frozen=True, kw_only=True):
    """What an event added to the sums, or what a correction added for it (`version` 1 stands,
    -1 takes back)."""

    event_number: int
    recorded_day: date
    type: str
    day: date | None
    kind: str | None
    n: int | None
    seconds: int | None
    amount: str | None
    currency: str | None
    original: int | None
    version: int | None


class Noted(Struct, frozen=True, kw_only=True):
    """One thing that was wrong about an event, and how to correct it."""

    event_number: int
    event_id: str
    rule: str
    pointer: str
    text: str
    remedy: str


class EventAnswer(Struct, frozen=True, kw_only=True):
    """One event as it was sent, where it stands, and what became of it."""

    basis: Basis
    event_number: int
    event_index: int
    leaf_index: int
    leaf_hash: str
    emitter: str
    submission: str
    received_at: str
    sequenced_at: str
    event: Any
    facts: list[Fact]
    corrected_by: list[int]
    anomalies: list[Noted]


class ReportCounts(Struct, frozen=True, kw_only=True):
    """Events of a submission: each stands in exactly one of these."""

    accepted: int
    repeated: int
    anomalous: int
    not_counted: int


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The submission report (RULES 3.3): code 0 accepted, 1 accepted with anomalies, 2 partly
    counted, 3 not counted; null until it is folded. `next` stands only where more anomalies do."""

    emitter: str
    submission: str
    leaf_index: int
    outcome: str
    received_at: str
    sequenced_at: str
    events: int
    first_event: int | None
    folded: bool
    code: int | None
    counts: ReportCounts
    anomalies: list[Noted]
    anomalies_total: int
    position: int
    next: str | None = None


class StatusDay(Struct, frozen=True, kw_only=True):
    """One day of an emitter: what was recorded on it, whether events say that work was done on
    it, and whether it was declared to be without work (`day.nil`)."""

    day: date
    submissions: int
    events: int
    repeated: int
    work: bool
    nil: bool


class RuleFound(Struct, frozen=True, kw_only=True):
    """Anomalies of one rule, whether such events count all the same, and the newest of them."""

    rule: str
    anomalies: int
    counted: bool
    example: Noted


class UncountedFound(Struct, frozen=True, kw_only=True):
    """Submissions that were kept and count nowhere, of one outcome: how many, the newest of them,
    and what to do."""

    outcome: str
    submissions: int
    submission: str
    leaf_index: int
    text: str
    remedy: str


class EmitterStatus(Struct, frozen=True, kw_only=True):
    """What the register holds of an emitter's submissions of some recorded days. `silent` are the
    days of which nothing is known: no submission, no work, not declared to be without work. The
    rules about tasks were looked for in the newest `examined` submissions: all of them, unless they
    hold over half a million events. `uncounted` submissions are in no other figure."""

    basis: Basis
    emitter: str
    from_: date = field(name="from")
    to: date
    submissions: int
    events: int
    repeated: int
    rows: list[StatusDay]
    silent: list[date]
    anomalies: list[RuleFound]
    examined: int
    uncounted: list[UncountedFound]


class KeyRow(Struct, frozen=True, kw_only=True):
    """A public key of an emitter, and the leaves of the acts that added and revoked it."""

    kid: str
    emitter: str
    kind: str
    name: str
    jwk: dict[str, Any]
    added_leaf: int
    revoked_leaf: int | None


class KeyList(Struct, frozen=True, kw_only=True):
    """Every key that may ever have signed something."""

    rows: list[KeyRow]


class Registry(Struct, frozen=True, kw_only=True):
    """Who keeps this register, where it stands, and its limits."""

    identity: str
    name: str
    country: str
    time_zone: str
    time: str
    position: int
    log_position: int
    tzdata: str
    limits: dict[str, int | str]


class SchemaList(Struct, frozen=True, kw_only=True):
    """The event types, each with the address of its JSON Schema."""

    rows: list[dict[str, str]]
