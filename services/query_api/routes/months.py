"""A worker's month as she and her platform read it: pay, time, the wage floor, what is due."""

import re
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from events.money import from_micros
from policies.bundle import Bundle
from policies.schemes import Term
from services.ledger.assess import assess
from services.ledger.assessment import Assessment, Line, Pay
from services.ledger.assignment import Under, by_scheme
from services.ledger.conversion import Conversions
from services.ledger.days import days_of
from services.ledger.floor import floor_by, floor_days
from services.ledger.terms import default_scheme_of, terms_of
from services.query_api.access import CASES, only_platform, only_worker
from services.query_api.database import Row
from services.query_api.figures import members, paid_slice_of, total
from services.query_api.openapi import MonthName, PlatformId, Pseudonym, described
from services.query_api.parameters import path_text
from services.query_api.reading import Reading, reading
from services.query_api.routes.rules import (
    conversions_of,
    floor_row,
    floor_work,
    shown,
    wages_of,
)
from services.query_api.rule_answers import (
    Awaited,
    Dues,
    NotKnown,
    Rested,
    Share,
    Unassessed,
    WorkerMonth,
)
from services.query_api.standing import assigned_to, policy_at, rates_at
from services.web.problems import Problem

router = APIRouter(tags=["cases"])
_MONTH = ("as_of",)
_PERIOD = re.compile(r"2[0-9]{3}-(?:0[1-9]|1[0-2])", re.ASCII)


@router.get(
    "/v1/months/{month}/platforms/{platform}/workers/{worker:path}",
    **described(WorkerMonth, CASES, _MONTH),
)
async def worker_month(
    request: Request, month: MonthName, platform: PlatformId, worker: Pseudonym
) -> Response:
    """One worker's month on one platform: pay, time and refusals, the minimum wage against her
    time, days for a declaration, and what is due to each scheme with the rules it rests on."""
    async with reading(request, CASES, _MONTH) as r:
        name = str(only_platform(r.reader, path_text("platform", platform)))
        pseudonym = str(only_worker(r.reader, path_text("worker", worker)))
        if not _PERIOD.fullmatch(month):
            raise Problem(404, "not-found", "a month is written like 2026-10")
        await r.record()
        found = await r.rows("worker_header", platform=name, worker=pseudonym, **r.cut.values)
        if not found:
            raise Problem(404, "not-found", "this platform reported no such worker")
        document = await _month(r, month, name, pseudonym, found[0])
    return r.answer(document)


async def _month(r: Reading, period: str, platform: str, worker: str, head: Row) -> WorkerMonth:
    first = date.fromisoformat(f"{period}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    established, _ = await r.state.establishment()
    adopted = await policy_at(r.snapshot, established.country, r.cut.position)
    bundle = adopted.bundle
    own = {"worker_code": head["worker_code"], "first": first, "last": last, **r.cut.values}
    sums = total(
        await r.rows("worker_work", by="month", **own),
        await r.rows("worker_pay", by="month", **own),
    )
    work = await floor_work(r, bundle, first, last, platform=platform, worker=worker)
    wages = wages_of(bundle, first, last)
    days = floor_days(bundle, work, await conversions_of(r, bundle, wages))
    floors = floor_by(days, lambda day: not day.resident)
    pay = [
        Pay.of({"platform": platform, "worker": worker, **row})
        for row in await r.rows("month_pay", **own)
    ]
    default = default_scheme_of(bundle, period).stated.value
    assigned = await assigned_to(r.snapshot, platform, worker, r.cut.position)
    schemes = by_scheme(pay, assigned, default if isinstance(default, str) else None)
    return WorkerMonth(
        basis=r.basis,
        policy=bundle.digest,
        adopted_leaf=adopted.leaf_index,
        period=period,
        platform=platform,
        worker=worker,
        days=days_of(bundle, period, work),
        wages=wages,
        floor=[
            floor_row(floors[unstated], period, unstated, platform=platform)
            for unstated in sorted(floors)
        ],
        dues=[await _dues(r, bundle, period, under) for under in schemes],
        **members(paid_slice_of(sums)),
    )


async def _dues(r: Reading, bundle: Bundle, period: str, under: Under) -> Dues:
    terms = terms_of(bundle, under.scheme, period)
    rates = await rates_at(r.snapshot, terms.currency, r.cut.position, under.scheme)
    conversions = Conversions(bundle, rates)
    return dues_of(assess(terms, under.pay, conversions, by_default=under.by_default))


def dues_of(month: Assessment) -> Dues:
    """An assessment as the API shows it."""
    by_payer = {"platform": 0, "worker": 0}
    for line in month.lines:
        by_payer[str(line.charge.payer)] += line.amount
    return Dues(
        scheme=month.scheme,
        suspense=month.by_default,
        withheld=month.withheld,
        currency=month.currency,
        **{payer: from_micros(amount) for payer, amount in by_payer.items()},
        owed=from_micros(sum(claim.amount for claim in month.claims)),
        shares=[_share(line) for line in month.lines],
        unknown=[
            NotKnown(branch=one.branch, parameter=one.term.path, note=one.term.stated.note)
            for one in month.unknown
        ],
        waiting=[_awaited(one) for one in month.waiting],
        unassessed=[_unassessed(one) for one in month.aside],
        defaults=[term.path for term in month.defaults],
        values=[rested(term) for term in month.terms],
    )


def rested(term: Term) -> Rested:
    """A dated value that something rests on."""
    return Rested(
        parameter=term.path,
        value=shown(term.stated.value),
        since=term.stated.since,
        title=term.stated.title,
        reference=term.stated.reference,
        mark=term.stated.mark,
    )


def _share(line: Line) -> Share:
    percent = line.charge.percent
    return Share(
        platform=line.platform,
        worker=line.worker,
        branch=line.charge.branch,
        payer=str(line.charge.payer),
        base=from_micros(line.base),
        percent=None if percent is None else str(percent),
        amount=from_micros(line.amount),
        exact=str(line.exact),
        rests_on=sorted({term.path for term in line.charge.terms}),
    )


def _awaited(one: Any) -> Awaited:
    return Awaited(
        platform=one.platform,
        worker=one.worker,
        day=one.day,
        currency=one.currency,
        gross=from_micros(one.gross),
        why=one.why,
    )


def _unassessed(one: Any) -> Unassessed:
    return Unassessed(
        platform=one.platform,
        worker=one.worker,
        currency=one.currency,
        residence=one.residence or None,
        gross=from_micros(one.gross),
        why=one.why,
    )
