"""What a platform's events carry.

Required is only what identifies the fact: ids, worker, time, the amount where money moved. All
else may be absent; absent means "not stated", never zero.
"""

from msgspec import Struct

from events.scalars import (
    Amount,
    Code,
    Contested,
    Currency,
    DataPurpose,
    Day,
    DecidedBy,
    Digest,
    Identifier,
    Moment,
    Outcome,
    Party,
    Pseudonym,
    Quantity,
    Rail,
    Residence,
    Score,
    Seconds,
    TaskGroup,
    Text,
    UnpaidKind,
)


class Data(Struct, kw_only=True, gc=False, omit_defaults=True):
    """Base of every event's data."""


class Money(Data):
    """An amount in a currency."""

    amount: Amount
    currency: Currency


class ContractTerms(Data):
    """The simplified written contract of a task."""

    contract: Identifier
    title: Text | None = None
    task_group: TaskGroup | None = None
    unit_pay: Money | None = None
    total_rule: Text | None = None
    final_client: Text | None = None
    max_duration_seconds: Seconds | None = None
    recourse: Text | None = None
    processing_platform: Text | None = None
    data_purpose: DataPurpose | None = None
    content_warnings: list[Code] | None = None
    instructions_version: Text | None = None
    sandbox: bool | None = None


class ContractWithdrawal(Data):
    """The end of an offer."""

    contract: Identifier
    reason_code: Code | None = None


class ContractAcceptance(Data):
    """A worker took the contract."""

    contract: Identifier
    worker: Pseudonym
    instructions_version: Text | None = None
    residence: Residence | None = None
    sandbox: bool | None = None


class Work(Data):
    """One piece of work by one worker; stands by itself."""

    task: Identifier
    worker: Pseudonym
    contract: Identifier | None = None
    task_group: TaskGroup | None = None
    residence: Residence | None = None
    submitted: Moment | None = None
    seconds: Seconds | None = None
    sandbox: bool | None = None


class Completion(Work):
    """Work handed in; `seconds` are the effective work seconds."""

    started: Moment | None = None


class Approval(Work):
    """Work approved; `amount` is what was earned by it."""

    amount: Amount | None = None
    currency: Currency | None = None
    decided_by: DecidedBy | None = None
    decided_at: Moment | None = None


class Dropping(Work):
    """Work returned by the worker, or expired."""

    started: Moment | None = None


class Abortion(Work):
    """Work broken off by a technical fault."""

    started: Moment | None = None
    cause: Code | None = None


class Rejection(Work):
    """Work rejected. `taken_back` only where the task had been approved before."""

    pay_refused: bool | None = None
    work_kept: bool | None = None
    reason_code: Code | None = None
    feedback: Digest | None = None
    decided_by: DecidedBy | None = None
    decided_at: Moment | None = None
    taken_back: Money | None = None


class UnpaidTime(Data):
    """Unpaid seconds of one kind, of one worker, on one day."""

    worker: Pseudonym
    day: Day
    kind: UnpaidKind
    seconds: Seconds
    residence: Residence | None = None
    sandbox: bool | None = None


class Payment(Data):
    """Money paid to a worker, for tasks or for a period."""

    worker: Pseudonym
    gross: Amount
    currency: Currency
    fee: Amount | None = None
    taxes: Amount | None = None
    contribution_withheld: Amount | None = None
    net: Amount | None = None
    rail: Rail | None = None
    asset: Code | None = None
    quantity: Quantity | None = None
    paid_at: Moment | None = None
    tasks: list[Identifier] | None = None
    period_from: Day | None = None
    period_to: Day | None = None
    residence: Residence | None = None
    sandbox: bool | None = None


class DisputeOpened(Data):
    """Something is contested."""

    dispute: Identifier
    contested: Contested
    subject: Identifier
    worker: Pseudonym | None = None
    by: Party | None = None
    reason_code: Code | None = None
    sandbox: bool | None = None


class DisputeAnswered(Data):
    """The other side answered."""

    dispute: Identifier
    worker: Pseudonym | None = None
    by: Party | None = None
    reason_code: Code | None = None
    sandbox: bool | None = None


class DisputeDecided(Data):
    """A decision was taken."""

    dispute: Identifier
    worker: Pseudonym | None = None
    outcome: Outcome | None = None
    decided_by: DecidedBy | None = None
    decided_at: Moment | None = None
    reason_code: Code | None = None
    sandbox: bool | None = None


class Review(Data):
    """A worker's rating of a client, one to five."""

    worker: Pseudonym
    client: Identifier
    pay: Score | None = None
    fairness: Score | None = None
    promptness: Score | None = None
    communication: Score | None = None
    task: Identifier | None = None
    sandbox: bool | None = None


class Account(Data):
    """A worker's account on the platform."""

    worker: Pseudonym
    residence: Residence | None = None
    reason_code: Code | None = None
    sandbox: bool | None = None


class NilDay(Data):
    """A date on which the platform had no work."""

    day: Day
