"""The sums over facts (RULES 3), in dictionaries of Python integers."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.checker.facts import Values, is_rejection

Key = tuple[Any, ...]
#: The sums of one key; the last number is not a sum but the last event that touched them.
Numbers = list[int]

WORK = (
    "completed",
    "approved",
    "rejected",
    "returned",
    "expired",
    "aborted",
    "worked_seconds",
    "paid_seconds",
    "paid_unstated_seconds",
    "rejected_seconds",
    "not_submitted_seconds",
    "fault_seconds",
    "search_seconds",
    "qualification_seconds",
    "waiting_seconds",
    "earned",
)
PAY = ("payments", "gross", "fee", "tax", "withheld", "net")
REFUSAL = ("rejected", "seconds")

#: By kind of fact: the column of its count, those its seconds are added to and taken from.
_RULES: dict[str, tuple[str | None, str | None, str | None]] = {
    "completed": ("completed", "worked_seconds", None),
    "approved": ("approved", "paid_seconds", None),
    "approved-unstated": ("approved", "paid_unstated_seconds", None),
    "returned": ("returned", "not_submitted_seconds", None),
    "expired": ("expired", "not_submitted_seconds", None),
    "aborted": ("aborted", "fault_seconds", None),
    "rejected": ("rejected", "rejected_seconds", None),
    "rejected-taken-back": ("rejected", "rejected_seconds", "paid_seconds"),
    "rejected-paid": ("rejected", None, None),
    "search": (None, "search_seconds", None),
    "qualification": (None, "qualification_seconds", None),
    "waiting": (None, "waiting_seconds", None),
}
_COLUMN = {name: number for number, name in enumerate(WORK)}
_PLACES = {
    kind: tuple(None if name is None else _COLUMN[name] for name in names)
    for kind, names in _RULES.items()
}
_EARNED = _COLUMN["earned"]


@dataclass(slots=True)
class Sums:
    """The work grain, the pay grain and the refusals of all facts so far."""

    work: dict[Key, Numbers] = field(default_factory=dict)
    pay: dict[Key, Numbers] = field(default_factory=dict)
    refusal: dict[Key, Numbers] = field(default_factory=dict)

    def add(self, emitter: str, recorded: date, event_number: int, fact: Values) -> None:
        """Add one fact. Sandbox work and what is no work or pay is in no sum."""
        if fact.kind is None or fact.sandbox:
            return
        if fact.kind == "payment":
            self._add_pay(emitter, recorded, event_number, fact)
            return
        self._add_work(emitter, recorded, event_number, fact)
        if is_rejection(fact.kind):
            self._add_refusal(emitter, recorded, event_number, fact)

    def _add_work(self, emitter: str, recorded: date, number: int, fact: Values) -> None:
        key = (
            emitter,
            fact.worker,
            fact.day,
            fact.task_group,
            fact.currency,
            fact.residence,
            recorded,
        )
        sums = _row(self.work, key, len(WORK), number)
        count, plus, minus = _PLACES[fact.kind or ""]
        if count is not None:
            sums[count] += fact.n or 0
        if plus is not None:
            sums[plus] += fact.seconds or 0
        if minus is not None:
            sums[minus] -= fact.seconds or 0
        sums[_EARNED] += fact.amount or 0

    def _add_pay(self, emitter: str, recorded: date, number: int, fact: Values) -> None:
        key = (
            emitter,
            fact.worker,
            fact.day,
            fact.currency,
            fact.rail,
            fact.residence,
            recorded,
        )
        sums = _row(self.pay, key, len(PAY), number)
        added = (fact.n, fact.amount, fact.fee, fact.tax, fact.withheld, fact.net)
        for column, value in enumerate(added):
            sums[column] += value or 0

    def _add_refusal(self, emitter: str, recorded: date, number: int, fact: Values) -> None:
        reason = fact.reason or ""
        key = (emitter, fact.day, fact.task_group, reason, fact.decided_by, recorded)
        sums = _row(self.refusal, key, len(REFUSAL), number)
        sums[0] += fact.n or 0
        sums[1] += fact.seconds or 0


def _row(table: dict[Key, Numbers], key: Key, columns: int, event_number: int) -> Numbers:
    sums = table.get(key)
    if sums is None:
        sums = table[key] = [0] * (columns + 1)
    sums[-1] = event_number
    return sums


def without_workers(table: dict[Key, Numbers]) -> dict[Key, Numbers]:
    """The same sums by platform: a key loses its second part, the worker."""
    made: dict[Key, Numbers] = {}
    for key, numbers in table.items():
        shorter = (key[0], *key[2:])
        sums = made.setdefault(shorter, [0] * len(numbers))
        for column, value in enumerate(numbers[:-1]):
            sums[column] += value
        sums[-1] = max(sums[-1], numbers[-1])
    return made
