"""What analysts, inspectors and funds watch: sectors and platforms. A platform sees its own."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.query_api.access import ANALYSTS, forbidden, only_platform
from services.query_api.answers import (
    PeriodRow,
    Platform,
    PlatformRow,
    Platforms,
    Refusal,
    RuleCount,
    SectorRow,
    Sectors,
    TypeCount,
    UnstatedCount,
)
from services.query_api.figures import (
    Row,
    Sums,
    add_rows,
    is_empty,
    members,
    paid_slice_of,
    slice_of,
    split_unallocated,
    sums_by,
    together,
)
from services.query_api.flat import PAY_COLUMNS, WORK_COLUMNS, flatten_slice
from services.query_api.openapi import PlatformId, described
from services.query_api.parameters import UNSTATED, Values, path_text
from services.query_api.reading import Reading, reading
from services.web.problems import Problem

router = APIRouter(tags=["analysis"])
_SECTORS = ("by", "from", "to", "task_group", "residence", "platform", "as_of")
_PLATFORMS = ("from", "to", "as_of")
_PLATFORM = ("by", "from", "to", "task_group", "residence", "as_of")
_SECTOR_COLUMNS = ("task_group", "period", *WORK_COLUMNS)
_PLATFORM_COLUMNS = (
    "platform", "name", "country", "kind", "registered_leaf", "successor", "workers",
    *WORK_COLUMNS, *PAY_COLUMNS,
)  # fmt: skip
SERIES_COLUMNS = ("period", *WORK_COLUMNS, *PAY_COLUMNS)


@router.get("/v1/sectors", **described(Sectors, ANALYSTS, _SECTORS, _SECTOR_COLUMNS))
async def sectors(request: Request) -> Response:
    """Work by ILO task group and period over all platforms; time without a task unallocated."""
    async with reading(request, ANALYSTS, _SECTORS, whole=True) as r:
        platform = only_platform(r.reader, r.query["platform"])
        filters = {name: r.query[name] for name in ("task_group", "residence")}
        rows = await r.sums("sectors", **period_values(r.query), **filters, platform=platform)
        groups = sums_by(lambda row: (row["period"], row["task_group"]), rows)
        document = Sectors(
            basis=r.basis,
            by=by_of(r.query),
            from_=r.query["from"],
            to=r.query["to"],
            totals=slice_of(together(groups.values())),
            rows=sector_rows(groups),
        )
    return r.answer(document, rows=document.rows, columns=_SECTOR_COLUMNS, flatten=flatten_slice)


def sector_rows(groups: dict[tuple[str, str], Sums]) -> list[SectorRow]:
    """Rows by period and group, null (unallocated time) last in each period."""
    rows: list[SectorRow] = []
    for (period, group), sums in sorted(groups.items()):
        if group != UNSTATED:
            rows.append(_sector_row(group, period, sums))
            continue
        tasks, time = split_unallocated(sums)
        lines = [(UNSTATED, tasks), (None, time)]
        rows += [_sector_row(name, period, one) for name, one in lines if not is_empty(one)]
    return rows


def _sector_row(group: str | None, period: str, sums: Sums) -> SectorRow:
    return SectorRow(task_group=group, period=period, **members(slice_of(sums)))


@router.get("/v1/platforms", **described(Platforms, ANALYSTS, _PLATFORMS, _PLATFORM_COLUMNS))
async def platforms(request: Request) -> Response:
    """Every registered platform with the sums of its work and payments. A platform sees itself."""
    async with reading(request, ANALYSTS, _PLATFORMS, whole=True) as r:
        platform = only_platform(r.reader, None)
        headers = await _headers(r, platform)
        days = {"first": r.query["from"], "last": r.query["to"], "platform": platform}
        work = await r.sums("platforms_work", **days)
        pay = await r.sums("platforms_pay", **days)
        sums = sums_by(lambda row: str(row["platform"]), work, pay)
        rows = [
            PlatformRow(**head, **members(paid_slice_of(sums.get(head["platform"], Sums()))))
            for head in headers
        ]
        document = Platforms(basis=r.basis, from_=r.query["from"], to=r.query["to"], rows=rows)
    return r.answer(document, rows=rows, columns=_PLATFORM_COLUMNS, flatten=flatten_slice)


async def _headers(r: Reading, platform: str | None) -> list[dict[str, Any]]:
    found = await r.rows("platform_headers", platform=platform, position=r.cut.position)
    counted = add_rows(await r.sums("platform_workers", platform=platform))
    workers = {row["platform"]: row["workers"] for row in counted}
    return [{**row, "workers": workers.get(row["platform"], 0)} for row in found]


@router.get("/v1/platforms/{platform}", **described(Platform, ANALYSTS, _PLATFORM, SERIES_COLUMNS))
async def platform(request: Request, platform: PlatformId) -> Response:
    """One platform: its series by work day or month, refusals, and how well it reports."""
    async with reading(request, ANALYSTS, _PLATFORM, whole=True) as r:
        name = path_text("platform", platform)
        if r.reader.platform not in {None, name}:
            raise forbidden(r.reader, f"is not about {r.reader.platform}, of which you read alone")
        headers = await _headers(r, name)
        if not headers:
            raise Problem(404, "not-found", f"no platform {name} is registered")
        document = await _platform(r, name, headers[0])
    return r.answer(document, rows=document.rows, columns=SERIES_COLUMNS, flatten=flatten_slice)


async def _platform(r: Reading, name: str, head: dict[str, Any]) -> Platform:
    own = {"platform": name}
    days = {"first": r.query["from"], "last": r.query["to"]}
    group = {"task_group": r.query["task_group"]}
    series = {**own, **period_values(r.query), "residence": r.query["residence"]}
    work = await r.sums("platform_work", **series, **group)
    # Pay has no task group: beside the work of one group it would be another question's answer.
    pay_known = r.query["task_group"] is None
    pay = await r.sums("platform_pay", **series) if pay_known else []
    refusals = add_rows(await r.sums("refusals", **own, **days, **group))
    events = add_rows(await r.sums("event_counts", **own))
    anomalies = await r.rows("anomaly_counts", platform=name, position=r.cut.position)
    periods = sums_by(period_of, work, pay)
    return Platform(
        basis=r.basis,
        **head,
        by=by_of(r.query),
        from_=r.query["from"],
        to=r.query["to"],
        totals=paid_slice_of(together(periods.values()), pay_known=pay_known),
        rows=period_rows(periods, pay_known=pay_known),
        refusals=[Refusal(**row) for row in refusals],
        events=[TypeCount(**row) for row in events],
        unstated=await _unstated(r, name),
        anomalies=[RuleCount(**row) for row in anomalies],
    )


async def _unstated(r: Reading, name: str) -> list[UnstatedCount] | None:
    if not r.cut.is_whole:
        return None
    found = add_rows(await r.sums("unstated_fields", platform=name))
    return [UnstatedCount(**row) for row in found]


def period_of(row: Row) -> str:
    """The period of a row of a series."""
    return str(row["period"])


def period_rows(groups: dict[str, Sums], *, pay_known: bool = True) -> list[PeriodRow]:
    """Slices with pay, in the order of their periods."""
    return [
        PeriodRow(period=period, **members(paid_slice_of(sums, pay_known=pay_known)))
        for period, sums in sorted(groups.items())
    ]


def period_values(query: Values) -> Values:
    """For the SQL of a series."""
    return {"by": by_of(query), "first": query["from"], "last": query["to"]}


def by_of(query: Values) -> str:
    """Length of a period."""
    return query["by"] or "month"
