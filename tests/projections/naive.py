"""The rules of facts and corrections told again as a dictionary of what stands (RULES 3, 4).

Written from the rules, one event at a time, knowing nothing of batches, SQL or leaves.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

Event = dict[str, Any]
Key = tuple[Any, ...]


def _micros(amount: str) -> int:
    return int(Decimal(amount) * 1_000_000)


def work_sums(type_: str, data: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """Currency, and what an event of work adds by column."""
    seconds = data.get("seconds") or 0
    match type_:
        case "task.completed.v1":
            return "XXX", {"completed": 1, "worked_seconds": seconds}
        case "task.approved.v1" if "amount" in data:
            earned = _micros(data["amount"])
            return data["currency"], {"approved": 1, "paid_seconds": seconds, "earned": earned}
        case "task.approved.v1":
            return "XXX", {"approved": 1, "paid_unstated_seconds": seconds}
        case "task.returned.v1":
            return "XXX", {"returned": 1, "not_submitted_seconds": seconds}
        case "task.aborted.v1":
            return "XXX", {"aborted": 1, "fault_seconds": seconds}
        case "time.reported.v1":
            return "XXX", {f"{data['kind']}_seconds": seconds}
        case "rejection.issued.v1" if "taken_back" in data:
            back = data["taken_back"]
            added = {"rejected": 1, "rejected_seconds": seconds, "paid_seconds": -seconds}
            return back["currency"], added | {"earned": -_micros(back["amount"])}
        case "rejection.issued.v1" if data.get("pay_refused"):
            return "XXX", {"rejected": 1, "rejected_seconds": seconds}
        case "rejection.issued.v1":
            return "XXX", {"rejected": 1}
        case "rejection.withdrawn.v1":
            currency, issued = work_sums("rejection.issued.v1", data)
            return currency, {name: -value for name, value in issued.items()}
    raise ValueError(type_)


def pay_sums(type_: str, data: dict[str, Any]) -> dict[str, int]:
    """What a payment adds by column."""
    sign = 1 if type_ == "payment.made.v1" else -1
    names = {"gross": "gross", "fee": "fee", "taxes": "tax", "net": "net"}
    money = {to: sign * _micros(data[name]) for name, to in names.items() if name in data}
    return {"payments": sign, **money}


@dataclass
class Naive:
    """What one emitter's events come to; feed it every event in order."""

    first: dict[str, Event] = field(default_factory=dict)
    standing: dict[str, tuple[str, dict[str, Any]] | None] = field(default_factory=dict)
    work: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pay: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    anomalies: Counter[str] = field(default_factory=Counter)

    def take(self, event: Event, recorded: date) -> None:
        """One event more."""
        earlier = self.first.get(event["id"])
        if earlier is not None:
            self.anomalies["event-id-reused"] += earlier != event
            return
        self.first[event["id"]] = event
        if event["type"].startswith("correction."):
            self._correct(event, recorded)
        else:
            self._stand(event["id"], (event["type"], event["data"]), recorded)

    def _correct(self, event: Event, recorded: date) -> None:
        named, new = event["data"]["event"], event["data"].get("replacement")
        original = self.first.get(named)
        if original is None or original is event:
            self.anomalies["correction-unknown-event"] += 1
        elif original["type"].startswith("correction."):
            self.anomalies["correction-of-correction"] += 1
        elif new is not None and new["type"] != original["type"]:
            self.anomalies["correction-other-type"] += 1
        elif new is None and self.standing[named] is None:
            self.anomalies["correction-nothing-stands"] += 1
        else:
            self._stand(named, (new["type"], new["data"]) if new else None, recorded)

    def _stand(self, event_id: str, new: tuple[str, dict[str, Any]] | None, recorded: date) -> None:
        old = self.standing.get(event_id)
        self.standing[event_id] = new
        if old is not None:
            self._add(*old, recorded, -1)
        if new is not None:
            self._add(*new, recorded, 1)

    def _add(self, type_: str, data: dict[str, Any], recorded: date, sign: int) -> None:
        if data.get("sandbox"):
            return
        # Tests state these times at noon: the day can be read off them.
        stated = data.get("submitted") or data.get("day") or data.get("paid_at")
        assert isinstance(stated, str)
        day, home = date.fromisoformat(stated[:10]), data.get("residence", "")
        if type_.startswith("payment."):
            key: Key = (data["worker"], day, data["currency"], "unstated", home, recorded)
            self._sum(self.pay[key], pay_sums(type_, data), sign)
        else:
            currency, added = work_sums(type_, data)
            group = data.get("task_group", "unstated")
            key = (data["worker"], day, group, currency, home, recorded)
            self._sum(self.work[key], added, sign)

    @staticmethod
    def _sum(into: Counter[str], added: dict[str, int], sign: int) -> None:
        for name, value in added.items():
            into[name] += sign * value
