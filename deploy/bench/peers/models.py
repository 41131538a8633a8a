"""The plain peer's language: pydantic models of what the workload says, written by hand."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

from events.scalars import DataPurpose, DecidedBy, Rail, TaskGroup, UnpaidKind

Identifier = Annotated[str, Field(min_length=1, max_length=128)]
Pseudonym = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=512)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=6)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Residence = Annotated[str, Field(pattern=r"^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$")]
Seconds = Annotated[int, Field(ge=0)]

#: Worker, task, amount and currency of an event: what has a column of its own.
Facts = tuple[str | None, str | None, Decimal | None, str | None]


class Money(BaseModel):
    """An amount in a currency."""

    amount: Amount
    currency: Currency


class Terms(BaseModel):
    """The contract of a task."""

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

    def facts(self) -> Facts:
        """What has a column."""
        return None, None, None, None


class Work(BaseModel):
    """One piece of work by one worker."""

    task: Identifier
    worker: Pseudonym
    contract: Identifier | None = None
    task_group: TaskGroup | None = None
    residence: Residence | None = None
    submitted: AwareDatetime | None = None
    seconds: Seconds | None = None
    sandbox: bool | None = None

    def facts(self) -> Facts:
        """What has a column."""
        return self.worker, self.task, None, None


class Completion(Work):
    """Work handed in."""

    started: AwareDatetime | None = None


class Approval(Work):
    """Work approved."""

    amount: Amount | None = None
    currency: Currency | None = None
    decided_by: DecidedBy | None = None
    decided_at: AwareDatetime | None = None

    def facts(self) -> Facts:
        """What has a column."""
        return self.worker, self.task, self.amount, self.currency


class Dropping(Work):
    """Work given back."""

    started: AwareDatetime | None = None


class Rejection(Work):
    """Work rejected."""

    pay_refused: bool | None = None
    work_kept: bool | None = None
    reason_code: Code | None = None
    feedback: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    decided_by: DecidedBy | None = None
    decided_at: AwareDatetime | None = None
    taken_back: Money | None = None


class UnpaidTime(BaseModel):
    """Unpaid seconds of a worker on a day."""

    worker: Pseudonym
    day: date
    kind: UnpaidKind
    seconds: Seconds
    residence: Residence | None = None
    sandbox: bool | None = None

    def facts(self) -> Facts:
        """What has a column."""
        return self.worker, None, None, None


class Payment(BaseModel):
    """Money paid to a worker."""

    worker: Pseudonym
    gross: Amount
    currency: Currency
    fee: Amount | None = None
    taxes: Amount | None = None
    contribution_withheld: Amount | None = None
    net: Amount | None = None
    rail: Rail | None = None
    asset: Code | None = None
    quantity: Annotated[str, Field(pattern=r"^[0-9]{1,18}(?:\.[0-9]{1,18})?$")] | None = None
    paid_at: AwareDatetime | None = None
    tasks: list[Identifier] | None = None
    period_from: date | None = None
    period_to: date | None = None
    residence: Residence | None = None
    sandbox: bool | None = None

    def facts(self) -> Facts:
        """What has a column."""
        return self.worker, None, self.gross, self.currency


class Event(BaseModel):
    """CloudEvents 1.0 envelope."""

    id: Identifier
    source: Annotated[str, Field(pattern=r"^/emitters/[a-z0-9-]+$")]
    specversion: Literal["1.0"]
    type: str
    time: AwareDatetime
    data: Any


class ContractPublished(Event):
    """A platform offers work under these terms."""

    type: Literal["contract.published.v1"]
    data: Terms


class TaskCompleted(Event):
    """A worker handed in work."""

    type: Literal["task.completed.v1"]
    data: Completion


class TaskApproved(Event):
    """The work was approved."""

    type: Literal["task.approved.v1"]
    data: Approval


class TaskReturned(Event):
    """The worker gave the task back."""

    type: Literal["task.returned.v1"]
    data: Dropping


class TimeReported(Event):
    """Unpaid time that belongs to no task."""

    type: Literal["time.reported.v1"]
    data: UnpaidTime


class RejectionIssued(Event):
    """Work was rejected."""

    type: Literal["rejection.issued.v1"]
    data: Rejection


class PaymentMade(Event):
    """A worker was paid."""

    type: Literal["payment.made.v1"]
    data: Payment


AnyEvent = Annotated[
    ContractPublished
    | TaskCompleted
    | TaskApproved
    | TaskReturned
    | TimeReported
    | RejectionIssued
    | PaymentMade,
    Field(discriminator="type"),
]
BATCH: TypeAdapter[list[Any]] = TypeAdapter(
    Annotated[list[AnyEvent], Field(min_length=1, max_length=10_000)]
)
