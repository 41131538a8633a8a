"""The peer of the fold, written with the `eventsourcing` library as its manual shows.

Domain events in logs of their workers, kept by an application; a projection that follows its
notifications and keeps sums of each worker's days, tracking and sums in one transaction. An event
carries only what the sums need, and there are no facts, no second grain, no digests: all to the
favour of the peer. Times count on the day that they state.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import ApplicationSubscription, Projection
from psycopg.sql import SQL, Composed, Identifier

#: Emitter, worker, day.
WorkerDay = tuple[str, str, date]


@dataclass(frozen=True)
class Said(DomainEvent):
    """What a platform said of a worker, in the log of that worker."""

    emitter: str
    worker: str

    @property
    def worker_day(self) -> WorkerDay:
        """Whose sums it moves."""
        return self.emitter, self.worker, self.timestamp.date()


@dataclass(frozen=True)
class TaskCompleted(Said):
    """A worker handed in work."""

    task: str
    seconds: int


@dataclass(frozen=True)
class TaskApproved(Said):
    """The work was approved."""

    task: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class PaymentMade(Said):
    """A worker was paid."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class OtherSaid(Said):
    """Anything that is in no sum."""

    kind: str


class Register(Application[UUID]):
    """Keeps the events."""


class Sums:
    """What events add to work and pay."""

    def __init__(self) -> None:
        self.tasks, self.seconds = Counter[WorkerDay](), Counter[WorkerDay]()
        self.earned = dict[tuple[*WorkerDay, str], Decimal]()
        self.paid = dict[tuple[*WorkerDay, str], Decimal]()

    def work_columns(self) -> list[list[Any]]:
        """Rows of work as columns."""
        rows = [(*key, n, self.seconds[key]) for key, n in sorted(self.tasks.items())]
        return _columns(rows, 5)

    def pay_columns(self) -> list[list[Any]]:
        """Rows of pay as columns."""
        keys, zero = sorted(self.earned.keys() | self.paid.keys()), Decimal(0)
        rows = [(*key, self.earned.get(key, zero), self.paid.get(key, zero)) for key in keys]
        return _columns(rows, 6)


def _columns(rows: Iterable[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


class DaySums(PostgresTrackingRecorder):
    """The materialised view: sums of each worker's days, and how far they follow."""

    def __init__(self, datastore: PostgresDatastore, **more: Any) -> None:
        super().__init__(datastore, **more)
        self.sql_create_statements += [self._sql(_WORK_TABLE), self._sql(_PAY_TABLE)]
        self._add_work, self._add_pay = self._sql(_ADD_WORK), self._sql(_ADD_PAY)

    def _sql(self, text: Any) -> Composed:
        return SQL(text).format(schema=Identifier(self.datastore.schema))

    def add(self, sums: Sums, tracking: Tracking) -> None:
        """Add sums and move on; IntegrityError if they were added already."""
        work, pay = sums.work_columns(), sums.pay_columns()
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if work[0]:
                cursor.execute(self._add_work, work, prepare=True)
            if pay[0]:
                cursor.execute(self._add_pay, pay, prepare=True)


_WORK_TABLE = """
CREATE TABLE IF NOT EXISTS {schema}.day_work (
    emitter text, worker text, day date, tasks bigint NOT NULL, seconds bigint NOT NULL,
    PRIMARY KEY (emitter, worker, day))
"""
_PAY_TABLE = """
CREATE TABLE IF NOT EXISTS {schema}.day_pay (
    emitter text, worker text, day date, currency text,
    earned numeric NOT NULL, paid numeric NOT NULL,
    PRIMARY KEY (emitter, worker, day, currency))
"""
_ADD_WORK = """
INSERT INTO {schema}.day_work AS old
SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::bigint[], %s::bigint[])
ON CONFLICT (emitter, worker, day) DO UPDATE
SET tasks = old.tasks + excluded.tasks, seconds = old.seconds + excluded.seconds
"""
_ADD_PAY = """
INSERT INTO {schema}.day_pay AS old
SELECT * FROM
unnest(%s::text[], %s::text[], %s::date[], %s::text[], %s::numeric[], %s::numeric[])
ON CONFLICT (emitter, worker, day, currency) DO UPDATE
SET earned = old.earned + excluded.earned, paid = old.paid + excluded.paid
"""


class SumsByDay(Projection[DaySums]):
    """Adds events to the sums, `together` of them in one transaction (the library's way: 1)."""

    def __init__(self, view: DaySums, together: int = 1) -> None:
        super().__init__(view)
        self._together = together
        self._sums, self._waiting = Sums(), 0

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """What is in no sum moves the tracking alone."""
        self._added(tracking)

    @process_event.register
    def _(self, domain_event: TaskCompleted, tracking: Tracking) -> None:
        self._sums.tasks[domain_event.worker_day] += 1
        self._sums.seconds[domain_event.worker_day] += domain_event.seconds
        self._added(tracking)

    @process_event.register
    def _(self, domain_event: TaskApproved, tracking: Tracking) -> None:
        key = (*domain_event.worker_day, domain_event.currency)
        self._sums.earned[key] = self._sums.earned.get(key, Decimal(0)) + domain_event.amount
        self._added(tracking)

    @process_event.register
    def _(self, domain_event: PaymentMade, tracking: Tracking) -> None:
        key = (*domain_event.worker_day, domain_event.currency)
        self._sums.paid[key] = self._sums.paid.get(key, Decimal(0)) + domain_event.amount
        self._added(tracking)

    def _added(self, tracking: Tracking) -> None:
        self._waiting += 1
        if self._waiting >= self._together:
            self.commit(tracking)

    def commit(self, tracking: Tracking) -> None:
        """Put what was added into the view."""
        if self._waiting:
            self.view.add(self._sums, tracking)
            self._sums, self._waiting = Sums(), 0


def follow(register: Register, projection: SumsByDay, last: int) -> None:
    """Project every event up to the notification `last`, as the library's own runner does."""
    start = projection.view.max_tracking_id(register.name)
    with ApplicationSubscription(register, gt=start) as subscription:
        for event, tracking in subscription:
            projection.process_event(event, tracking)
            if tracking.notification_id >= last:
                projection.commit(tracking)
                return
