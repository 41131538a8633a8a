"""The ledger folded again from the rules, one act at a time (RULES 7.4, 7.5).

Written without the views' folds: numbers, balance, periods, statements and their digests.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from events.money import from_micros, to_micros
from policies.bundle import Bundle
from policies.faults import PolicyError
from services.checker.reading import Object

Row = tuple[Any, ...]
POSTED, CLOSED = "ledger.posted.v1", "period.closed.v1"
#: The fields of an entry's line, in their order.
_LINE = (
    *("scheme", "number", "period", "about", "account", "branch", "currency", "debit", "credit"),
    *("platform", "worker", "person", "previous_basis", "basis", "policy"),
    *("event_number", "leaf_index"),
)
ENTRY = (*_LINE, "recorded_day")
SUM = ("scheme", "period", "account", "currency", "debit", "credit")
PERIOD = (
    *("scheme", "period", "first_entry", "last_entry", "entries", "closed_entry", "closed_event"),
    *("closed_leaf", "closed_by", "after", "basis", "entries_sha256", "statement"),
)


@dataclass(slots=True)
class Period:
    """A period of a scheme so far; `closing`: what its closing put in place."""

    first: int | None = None
    last: int | None = None
    entries: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    closing: Row | None = None

    def row(self) -> Row:
        """The values of `ledger_period` behind its key."""
        closing = self.closing or (None,) * 8
        return (self.first, self.last, self.entries, *closing)


@dataclass(slots=True)
class Ledger:
    """All schemes. `adopted`: leaf, country and digest of each policy, oldest first."""

    last: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    periods: dict[tuple[str, str], Period] = field(default_factory=dict)
    sums: dict[Row, list[int]] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    adopted: list[tuple[int, str, str]] = field(default_factory=list)

    def adopt(self, leaf: int, data: Object) -> str | None:
        """A policy is its country's from this leaf on, unless its files are not a policy's."""
        try:
            bundle = Bundle.from_files(data["country"], data["files"])
        except PolicyError:
            return "policy-not-readable"
        if bundle.digest != data["digest"]:
            return "policy-not-readable"
        self.adopted.append((leaf, data["country"], data["digest"]))
        return None

    # --- posting ------------------------------------------------------------------------------

    def post(self, data: Object, number: int, leaf: int, day: date) -> tuple[str | None, list[Row]]:
        """The rule that a posting breaks, or the rows of its entries."""
        fault = self._posting_fault(data, leaf)
        if fault is not None:
            return fault, []
        rows = list(self._entries(data, (number, leaf, day)))
        period = self.periods.setdefault((data["scheme"], data["period"]), Period())
        for row in rows:
            self._keep(period, dict(zip(ENTRY, row, strict=True)))
        self.last[data["scheme"]] += len(rows)
        return None, rows

    def _posting_fault(self, data: Object, leaf: int) -> str | None:
        scheme, about = data["scheme"], data.get("about")
        closed = self.closed.get(scheme)
        if closed and data["period"] <= closed:
            return "ledger-period-closed"
        if about and not (closed and about <= closed and data["period"] == following(closed)):
            return "ledger-wrong-period"
        if data["after"] != self.last[scheme]:
            return "ledger-not-next"
        lines = data["lines"]
        whose = [[line.get(w) or data.get(w) for w in ("platform", "worker")] for line in lines]
        if not lines or not all(map(all, whose)) or any(one["account"] == CLOSING for one in lines):
            return "ledger-line-unowned"
        if any(_balances(lines).values()):
            return "ledger-unbalanced"
        if data["basis"] >= leaf or (data.get("previous_basis") or 0) > data["basis"]:
            return "ledger-basis-not-past"
        in_force = {c: digest for at, c, digest in self.adopted if at <= data["basis"]}
        return None if data["policy"] in in_force.values() else "ledger-policy-not-adopted"

    def _entries(self, data: Object, place: Row) -> Iterator[Row]:
        for number, line in enumerate(data["lines"], data["after"] + 1):
            sides = [line.get(side) for side in ("debit", "credit")]
            yield (
                *(data["scheme"], number, data["period"], data.get("about"), line["account"]),
                *(line.get("branch"), line["currency"]),
                *(None if side is None else to_micros(side) for side in sides),
                *(line.get(who) or data.get(who) for who in ("platform", "worker")),
                *(data.get("person"), data.get("previous_basis"), data["basis"], data["policy"]),
                *place,
            )

    def _keep(self, period: Period, entry: Object) -> None:
        key = (entry["scheme"], entry["period"], entry["account"], entry["currency"])
        moved = self.sums.setdefault(key, [0, 0])
        moved[0] += entry["debit"] or 0
        moved[1] += entry["credit"] or 0
        period.first = period.first or entry["number"]
        period.last = entry["number"]
        period.entries += 1
        period.digest.update(_json(shown(entry)) + b"\n")

    # --- closing ------------------------------------------------------------------------------

    def close(
        self, data: Object, number: int, leaf: int, day: date, by: str
    ) -> tuple[str | None, list[Row]]:
        """The rule that a closing breaks, or the row of the number that it takes."""
        fault = self._closing_fault(data, leaf)
        if fault is not None:
            return fault, []
        scheme, month = data["scheme"], data["period"]
        period = self.periods.get((scheme, month), Period())
        entries_digest = f"sha256:{period.digest.hexdigest()}"
        statement = self._statement(data, period, entries_digest)
        if _totals_differ(data, statement):
            return "period-totals-differ", []
        digest = f"sha256:{hashlib.sha256(_json(statement)).hexdigest()}"
        if data["statement"] != digest:
            return "period-statement-differs", []
        self.last[scheme] += 1
        self.closed[scheme] = month
        taken = self.last[scheme]
        said = (data["after"], data["basis"], entries_digest, digest)
        period.closing = (taken, number, leaf, by, *said)
        self.periods[scheme, month] = period
        moved = (None,) * 7
        head = (scheme, taken, month, None, CLOSING, None, *moved)
        return None, [(*head, data["basis"], None, number, leaf, day)]

    def _closing_fault(self, data: Object, leaf: int) -> str | None:
        scheme, month = data["scheme"], data["period"]
        closed = self.closed.get(scheme)
        if closed and month <= closed:
            return "period-closed-already"
        earlier = any(s == scheme and m < month for s, m in self.periods)
        if month != following(closed) if closed else earlier:
            return "period-predecessor-open"
        if data["after"] != self.last[scheme]:
            return "period-entries-since"
        return "ledger-basis-not-past" if data["basis"] >= leaf else None

    def _statement(self, data: Object, period: Period, entries_digest: str) -> Object:
        scheme, month = data["scheme"], data["period"]
        opening: dict[Row, int] = defaultdict(int)
        closing: dict[Row, int] = defaultdict(int)
        movements = []
        for (of, when, account, currency), (debit, credit) in sorted(self.sums.items()):
            if of != scheme or when > month:
                continue
            closing[account, currency] += debit - credit
            if when < month:
                opening[account, currency] += debit - credit
            else:
                sides = {"debit": from_micros(debit), "credit": from_micros(credit)}
                movements.append({"account": account, "currency": currency, **sides})
        return {
            "scheme": scheme,
            "period": month,
            "opening": _stated(opening),
            "movements": movements,
            "closing": _stated(closing),
            "first_entry": period.first,
            "last_entry": period.last,
            "entries": period.entries,
            "entries_sha256": entries_digest,
            "after": data["after"],
            "basis": data["basis"],
        }


#: The account of the number that a closing takes.
CLOSING = "period.closed"


def following(month: str) -> str:
    """The month behind one."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def shown(entry: Object) -> Object:
    """An entry as its line shows it: amounts as decimal strings."""
    line = {name: entry[name] for name in _LINE}
    for side in ("debit", "credit"):
        line[side] = None if line[side] is None else from_micros(line[side])
    return line


def _balances(lines: list[Object]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line["currency"]] += Decimal(line.get("debit") or 0) - Decimal(line.get("credit") or 0)
    return sums


def _totals_differ(data: Object, statement: Object) -> bool:
    if data.get("entries") not in {None, statement["entries"]}:
        return True
    totals = data.get("totals")
    return totals is not None and _numbers(totals) != _numbers(statement["movements"])


def _numbers(totals: list[Object]) -> list[Row]:
    return sorted(
        (t["account"], t["currency"], Decimal(t["debit"]), Decimal(t["credit"])) for t in totals
    )


def _stated(balances: dict[Row, int]) -> list[Object]:
    return [
        {"account": account, "currency": currency, "balance": from_micros(balance)}
        for (account, currency), balance in sorted(balances.items())
    ]


def _json(value: Object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
