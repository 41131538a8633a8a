"""What platforms owe to schemes and what they paid: a fund's remittances, a ministry's overview."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from events.money import from_micros
from policies.bundle import Bundle
from services.ledger.due import due_day_of, due_on
from services.query_api.access import ANALYSTS, only_platform
from services.query_api.contributions import platform_months
from services.query_api.database import Row
from services.query_api.dues import rested
from services.query_api.fund_answers import (
    ContributionRow,
    Contributions,
    RemittanceRow,
    Remittances,
)
from services.query_api.ledgers import LEDGERS, check_scheme, own_lines, schemes_of
from services.query_api.openapi import SchemeName, described
from services.query_api.parameters import path_text
from services.query_api.reading import Reading, reading
from services.query_api.rule_answers import Rested
from services.query_api.standing import policy_or_none
from services.web.problems import Problem

router = APIRouter(tags=["funds"])
_REMITTANCES = ("period", "platform")
_CONTRIBUTIONS = ("scheme", "period", "platform", "as_of")
_REMITTANCE_COLUMNS = RemittanceRow.__struct_fields__
_COLUMNS = (
    "scheme", "period", "platform", "currency", "posted", "suspense", "due", "declared", "paid",
    "shortfall", "due_on", "last_received_on", "days_late", "assessed_at",
)  # fmt: skip


@router.get(
    "/v1/funds/{scheme}/remittances",
    **described(Remittances, LEDGERS, _REMITTANCES, _REMITTANCE_COLUMNS),
)
async def remittances(request: Request, scheme: SchemeName) -> Response:
    """By platform and month: due to the fund, declared as withheld, paid, shortfall, days late. A
    platform sees its own."""
    async with reading(request, LEDGERS, _REMITTANCES, whole=True) as r:
        scheme = path_text("scheme", scheme)
        await check_scheme(r, scheme)
        if r.reader.pseudonym is not None:
            raise Problem(403, "forbidden", "remittances are of a platform's workers together")
        platform, _ = own_lines(r, r.query["platform"], None)
        period = r.query["period"]
        found = await platform_months(r, scheme=scheme, platform=platform, period=period)
        bundle = await _bundle(r)
        document = Remittances(
            basis=r.basis,
            scheme=scheme,
            rows=[RemittanceRow(**_remitted(row, _today(r), bundle)) for row in found],
            values=_due_days(bundle, found),
        )
    return r.answer(document, rows=document.rows, columns=_REMITTANCE_COLUMNS)


@router.get("/v1/contributions", **described(Contributions, ANALYSTS, _CONTRIBUTIONS, _COLUMNS))
async def contributions(request: Request) -> Response:
    """What every platform owes to social security, by scheme and month: posted, in suspense, due,
    declared as withheld, paid, shortfall, days late. A platform sees its own, a fund its
    schemes."""
    async with reading(request, ANALYSTS, _CONTRIBUTIONS, whole=True) as r:
        platform = only_platform(r.reader, r.query["platform"])
        scheme, period = r.query["scheme"], r.query["period"]
        allowed = await schemes_of(r)
        if allowed is not None and scheme is not None:
            await check_scheme(r, scheme)
        rows = await platform_months(r, scheme=scheme, platform=platform, period=period)
        found = [row for row in rows if allowed is None or row["scheme"] in allowed]
        bundle = await _bundle(r)
        document = Contributions(
            basis=r.basis,
            rows=[_contribution(row, _today(r), bundle) for row in found],
            values=_due_days(bundle, found),
        )
    return r.answer(document, rows=document.rows, columns=_COLUMNS)


def _today(r: Reading) -> date:
    """The registry's date, or the last day that the answer speaks of."""
    today = r.state.today(r.days)
    if r.cut.as_of is None:
        return today
    return min(today, r.cut.span.before - timedelta(days=r.cut.is_whole))


async def _bundle(r: Reading) -> Bundle | None:
    established, _ = await r.state.establishment()
    adopted = await policy_or_none(r.snapshot, established.country, r.cut.position)
    return None if adopted is None else adopted.bundle


def _due_days(bundle: Bundle | None, rows: Iterable[Row]) -> list[Rested]:
    periods = sorted({row["period"] for row in rows})
    terms = [] if bundle is None else [due_day_of(bundle, period) for period in periods]
    return [rested(term) for term in dict.fromkeys(terms)]


def _contribution(row: Row, today: date, bundle: Bundle | None) -> ContributionRow:
    return ContributionRow(
        scheme=row["scheme"],
        posted=from_micros(int(row["posted"] or 0)),
        suspense=from_micros(int(row["suspense"] or 0)),
        assessed_at=row["basis"],
        **_remitted(row, today, bundle),
    )


def _remitted(row: Row, today: date, bundle: Bundle | None) -> dict[str, Any]:
    """Due, declared and paid of a platform's month, and how late it is as of a day."""
    due, declared, paid = (int(row[name] or 0) for name in ("due", "declared", "paid"))
    settled = row["last_received_on"] if due <= paid else today
    until = due_on(bundle, row["period"])
    return {
        "period": row["period"],
        "platform": row["platform"],
        "currency": row["currency"],
        "due": from_micros(due),
        "declared": from_micros(declared),
        "paid": from_micros(paid),
        "shortfall": from_micros(due - paid),
        "due_on": until,
        "last_received_on": row["last_received_on"],
        "days_late": max((settled - until).days, 0) if settled and until else None,
    }
