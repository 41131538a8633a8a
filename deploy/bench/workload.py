"""The workload of every row: a month of four invented platforms with 50,000 workers.

40 in 100 events are work handed in, 35 approvals, 20 payments of 1 to 50 tasks, 5 the rest. Ids
are of the form that the kit gives them, so they come in no order.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any

import msgspec

from deploy.demo.population import chance, make_id
from events.jose import PrivateKey
from events.money import MICRO
from events.scalars import TaskGroup
from events.token import sign_submission

PLATFORMS = ("alpha", "beta", "gamma", "delta")
WORKERS, DAYS, EVENTS_A_SUBMISSION = 50_000, 30, 1_000
#: The first of the recorded days; all work is of the day on which it is recorded.
FIRST_DAY = date(2024, 3, 4)
_GROUPS = [group.value for group in TaskGroup]
_RESIDENCES = ("MA", "MA", "MA-CAS", "SN", "TN", "FR")
_OPEN_TASKS = 4_000
_Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A submission ready to send: on which recorded day, and what it holds."""

    day: int
    emitter: str
    submission: str
    events: int
    body: bytes
    token: str


@dataclass(slots=True)
class Totals:
    """What the views must show in the end: tasks, seconds, money in micro-units."""

    events: int = 0
    worked: int = 0
    worked_seconds: int = 0
    earned: int = 0
    paid: int = 0


@dataclass(slots=True)
class _Desk:
    """One platform's memory: work handed in and not yet decided, work not yet paid."""

    name: str
    rng: Random
    workers: list[str]
    undecided: deque[_Data] = field(default_factory=deque)


class Workload:
    """Makes the month's submissions in order, the same for one seed; `totals` of all it made."""

    def __init__(self, submissions: int, seed: int = 1, days_apart: int = 1) -> None:
        self._submissions, self._days_apart = submissions, days_apart
        self.keys = {name: PrivateKey.generate() for name in PLATFORMS}
        self._desks = [_desk(seed, name) for name in PLATFORMS]
        self._numbers, self._turns = count(1), count()
        self.totals = Totals()

    @property
    def someone(self) -> tuple[str, str]:
        """A platform and one of its workers."""
        return self._desks[0].name, self._desks[0].workers[0]

    @property
    def jwks(self) -> dict[str, _Data]:
        """The public keys of the platforms, as JSON takes them."""
        return {name: msgspec.to_builtins(key.jwk) for name, key in self.keys.items()}

    def day_of(self, day: int) -> date:
        """The date of a recorded day."""
        return FIRST_DAY + timedelta(days=day * self._days_apart)

    def submissions(self) -> Iterator[Signed]:
        """All of it; `days_apart` spreads the same events over more time."""
        for number in range(self._submissions):
            desk = self._desks[number % len(self._desks)]
            day = number * DAYS // self._submissions
            yield self._sign(desk, day, EVENTS_A_SUBMISSION)

    def batch(self, day: int, events: int) -> Signed:
        """One submission of some events beyond the month's, of each platform in turn."""
        return self._sign(self._desks[next(self._turns) % len(self._desks)], day, events)

    def _sign(self, desk: _Desk, day: int, events: int) -> Signed:
        on = self.day_of(day)
        body = msgspec.json.encode([self._event(desk, on) for _ in range(events)])
        name = f"s{next(self._numbers)}"
        at = int(datetime.combine(on, time(20), UTC).timestamp())
        token = sign_submission(
            self.keys[desk.name], emitter=desk.name, submission=name, at=at, body=body
        )
        return Signed(day, desk.name, name, events, body, token)

    def _event(self, desk: _Desk, on: date) -> _Data:
        rng, totals = desk.rng, self.totals
        totals.events += 1
        moment = datetime.combine(on, time(7), UTC) + timedelta(seconds=rng.randrange(12 * 3600))
        at, turn = moment.isoformat(), rng.random()
        if turn < 0.35 and desk.undecided:
            kind, subject, data = self._approval(desk, at)
        elif turn < 0.75:
            kind, subject, data = self._completion(desk, at)
        elif turn < 0.95:
            kind, subject, data = self._payment(desk, at)
        else:
            kind, subject, data = _other(desk, on, at)
        return {
            "id": f"{kind}:{subject}",
            "source": f"/emitters/{desk.name}",
            "specversion": "1.0",
            "type": f"{kind}.v1",
            "time": at,
            "data": data,
        }

    def _completion(self, desk: _Desk, at: str) -> tuple[str, str, _Data]:
        work = _work(desk, at)
        desk.undecided.append(work)
        if len(desk.undecided) > _OPEN_TASKS:
            desk.undecided.popleft()
        self.totals.worked += 1
        self.totals.worked_seconds += work["seconds"]
        return "task.completed", work["task"], work

    def _approval(self, desk: _Desk, at: str) -> tuple[str, str, _Data]:
        work, cents = desk.undecided.popleft(), desk.rng.randrange(2, 120)
        self.totals.earned += cents * MICRO // 100
        decision = {"amount": f"{cents / 100:.2f}", "currency": "USD", "decided_at": at}
        return "task.approved", work["task"], {**work, **decision, "decided_by": "model"}

    def _payment(self, desk: _Desk, at: str) -> tuple[str, str, _Data]:
        rng = desk.rng
        tasks = [make_id(rng, "3", 29) for _ in range(rng.randint(1, 50))]
        cents = len(tasks) * rng.randrange(2, 120)
        self.totals.paid += cents * MICRO // 100
        data = {
            "worker": rng.choice(desk.workers),
            "gross": f"{cents / 100:.2f}",
            "currency": "USD",
            "rail": "wallet",
            "paid_at": at,
            "tasks": tasks,
            "residence": rng.choice(_RESIDENCES),
        }
        return "payment.made", make_id(rng, "P", 15), data


def _desk(seed: int, name: str) -> _Desk:
    rng = chance(seed, name)
    workers = [rng.randbytes(16).hex() for _ in range(WORKERS // len(PLATFORMS))]
    return _Desk(name, rng, workers)


def _work(desk: _Desk, at: str) -> _Data:
    rng = desk.rng
    return {
        "task": make_id(rng, "3", 29),
        "worker": rng.choice(desk.workers),
        "contract": f"C{rng.randrange(500):028}",
        "task_group": rng.choice(_GROUPS),
        "residence": rng.choice(_RESIDENCES),
        "submitted": at,
        "seconds": rng.randrange(20, 900),
    }


def _other(desk: _Desk, on: date, at: str) -> tuple[str, str, _Data]:
    rng = desk.rng
    turn = rng.randrange(3)
    if turn == 0:
        unpaid = {"worker": rng.choice(desk.workers), "day": on.isoformat(), "kind": "search"}
        return "time.reported", make_id(rng, "U", 15), {**unpaid, "seconds": 300}
    work = _work(desk, at)
    if turn == 1:
        return "task.returned", work["task"], work
    refusal = {"pay_refused": True, "reason_code": "quality", "decided_at": at}
    return "rejection.issued", work["task"], {**work, **refusal}
