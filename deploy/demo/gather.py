"""From the query API's answers to the figures of the summary and the report."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from deploy.demo.figures import UNALLOCATED, Day, Due, Figures, Floor, Rate, Short, Slice
from policies.bundle import Bundle
from policies.meanings import HOURLY_MINIMUM
from policies.schemes import scheme_codes

#: Gets a path of the query API as decoded JSON.
Get = Callable[[str], Any]

#: The API's names of unpaid seconds, and those of the page.
_UNPAID = {
    "rejected": "rejected",
    "not_submitted": "not-submitted",
    "fault": "fault",
    "search": "search",
    "qualification": "qualification",
    "waiting": "waiting",
}


def gather(get: Get, bundle: Bundle, rates: Iterable[Rate], recorded: tuple[date, date]) -> Figures:
    """Everything on the page. `recorded`: first and last recorded day, both inclusive.

    `get` must be allowed to read the ledgers of the policy's schemes.
    """
    platforms = get("/v1/platforms")
    sectors = get("/v1/sectors?by=day")
    details = [get(f"/v1/platforms/{row['platform']}?by=day") for row in platforms["rows"]]
    floor = get(f"/v1/wage-floor?from={recorded[0]}&to={recorded[1]}")
    parts = tuple(_slice(row["name"], row, row["workers"]) for row in platforms["rows"])
    return Figures(
        position=platforms["basis"]["position"],
        recorded_from=recorded[0],
        recorded_to=recorded[1],
        policy=f"{bundle.country} {bundle.digest}",
        platforms=parts,
        sectors=_sectors(sectors["rows"]),
        total=_total(parts),
        refusals_by_reason=_refusals(details),
        series=_series(sectors["rows"]),
        floor=_floor(bundle),
        rates=tuple(rates),
        shorts=_shorts(floor, parts, platforms),
        dues=_dues(get, bundle, platforms),
    )


def _dues(get: Get, bundle: Bundle, platforms: Mapping[str, Any]) -> tuple[Due, ...]:
    """One for each platform; what it declares as withheld names no scheme and counts once."""
    owed: list[Mapping[str, Any]] = []
    for scheme in scheme_codes(bundle):
        owed += get(f"/v1/funds/{scheme}/remittances")["rows"]
    currency = owed[0]["currency"] if owed else ""
    dues = []
    for row in platforms["rows"] if owed else ():
        own = [one for one in owed if one["platform"] == row["platform"]]
        declared = {one["period"]: Decimal(one["declared"]) for one in own}
        due = sum((Decimal(one["due"]) for one in own), Decimal(0))
        dues.append(Due(row["name"], due, sum(declared.values(), Decimal(0)), currency))
    return tuple(dues)


def _shorts(
    floor: Mapping[str, Any], parts: Iterable[Slice], platforms: Mapping[str, Any]
) -> tuple[Short, ...]:
    """One for each platform, months added up; those of unstated residence are left out."""
    currency = next((wage["currency"] for wage in floor["wages"] if wage["currency"]), None)
    names = {row["platform"]: row["name"] for row in platforms["rows"]}
    by_name: dict[str, list[Mapping[str, Any]]] = {part.name: [] for part in parts}
    for row in floor["rows"]:
        if row["residence"] == "resident":
            by_name[names[row["platform"]]].append(row)
    return tuple(_short(name, rows, currency) for name, rows in by_name.items() if currency)


def _short(name: str, rows: Iterable[Mapping[str, Any]], currency: str) -> Short:
    rows = list(rows)
    return Short(
        name=name,
        days=sum(row["days"] for row in rows),
        below=sum(row["paid_and_unpaid_time"]["days_below"] for row in rows),
        paid=sum((Decimal(row["paid_time"]["shortfall"]) for row in rows), Decimal(0)),
        all=sum((Decimal(row["paid_and_unpaid_time"]["shortfall"]) for row in rows), Decimal(0)),
        currency=currency,
    )


def _slice(name: str, row: Mapping[str, Any], workers: int | None = None) -> Slice:
    seconds = row["seconds"]
    paid = row.get("paid")
    return Slice(
        name=name,
        workers=workers,
        counts=row["counts"],
        paid_seconds=seconds["paid"],
        unpaid_seconds={_UNPAID[kind]: seconds[kind] for kind in _UNPAID if seconds[kind]},
        paid_unstated_seconds=seconds["paid_unstated"],
        earned=_money(row["earned"]),
        gross=None if paid is None else {code: Decimal(one["gross"]) for code, one in paid.items()},
        fee=None if paid is None else {code: Decimal(one["fee"]) for code, one in paid.items()},
        net=None if paid is None else {code: Decimal(one["net"]) for code, one in paid.items()},
    )


def _money(amounts: Mapping[str, str]) -> dict[str, Decimal]:
    return {code: Decimal(amount) for code, amount in amounts.items()}


def _sectors(rows: Iterable[Mapping[str, Any]]) -> tuple[Slice, ...]:
    """One slice for each task group over all days; time of no task on its own line."""
    by_group: dict[str, list[Slice]] = {}
    for row in rows:
        name = row["task_group"] or UNALLOCATED
        by_group.setdefault(name, []).append(_slice(name, row))
    named = sorted(name for name in by_group if name != UNALLOCATED)
    last = [UNALLOCATED] if UNALLOCATED in by_group else []
    return tuple(_added(name, by_group[name]) for name in [*named, *last])


def _series(rows: Iterable[Mapping[str, Any]]) -> tuple[Day, ...]:
    by_day: dict[str, list[Slice]] = {}
    for row in rows:
        by_day.setdefault(row["period"], []).append(_slice("", row))
    return tuple(_day(date.fromisoformat(day), parts) for day, parts in sorted(by_day.items()))


def _day(day: date, parts: Iterable[Slice]) -> Day:
    whole = _added("", parts)
    lost = sum(whole.unpaid_seconds.values())
    return Day(day, whole.counts["completed"], whole.paid_seconds, lost)


def _total(parts: Iterable[Slice]) -> Slice:
    """All platforms together. Workers are not added up: one person may work on several."""
    return _added("All platforms", parts)


def _added(name: str, parts: Iterable[Slice]) -> Slice:
    parts = list(parts)
    has_pay = all(part.gross is not None for part in parts)
    return Slice(
        name=name,
        workers=None,
        counts=_sum(part.counts for part in parts),
        paid_seconds=sum(part.paid_seconds for part in parts),
        unpaid_seconds=_sum(part.unpaid_seconds for part in parts),
        paid_unstated_seconds=sum(part.paid_unstated_seconds for part in parts),
        earned=_sum(part.earned for part in parts),
        gross=_sum(part.gross or {} for part in parts) if has_pay else None,
        fee=_sum(part.fee or {} for part in parts) if has_pay else None,
        net=_sum(part.net or {} for part in parts) if has_pay else None,
    )


def _sum(maps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    added: dict[str, Any] = {}
    for one in maps:
        for name, value in one.items():
            added[name] = added.get(name, 0) + value
    return added


def _refusals(details: Iterable[Mapping[str, Any]]) -> dict[str | None, int]:
    counted: dict[str | None, int] = {}
    for detail in details:
        for refusal in detail["refusals"]:
            reason = refusal["reason"]
            counted[reason] = counted.get(reason, 0) + refusal["rejected"]
    return counted


def _floor(bundle: Bundle) -> tuple[Floor, ...]:
    parameter = bundle.parameters[HOURLY_MINIMUM]
    return tuple(
        Floor(value.since, value.value, parameter.currency or "", value.reference or "")
        for value in parameter.values
        if isinstance(value.value, Decimal) and value.since is not None
    )
