"""The country's rules as adopted, and the wage floor that they set."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from policies.bundle import Bundle
from services.query_api.access import ANALYSTS, only_platform
from services.query_api.basis import Reach, find_cut
from services.query_api.dues import shown
from services.query_api.floors import (
    Asked,
    conversions_of,
    rows_by_platform,
    rows_by_sector,
    wages_of,
)
from services.query_api.formats import Answer, render
from services.query_api.openapi import described
from services.query_api.parameters import Values, read_query
from services.query_api.reading import Reading, reading, state_of
from services.query_api.routes.analysis import by_of
from services.query_api.rule_answers import FloorRow, Policy, PolicyValue, WageFloor
from services.query_api.standing import policy_at
from services.web.problems import Problem

router = APIRouter(tags=["rules"])
_POLICY = ("on", "as_of")
_FLOOR = ("per", "by", "from", "to", "as_of", "platform")
_POLICY_COLUMNS = PolicyValue.__struct_fields__
_TIMES = ("seconds", "hourly_pay", "floor", "shortfall", "days_below")
_FLOOR_COLUMNS = (
    "period", "platform", "task_group", "residence", "days", "pay",
    *(f"paid_time_{name}" for name in _TIMES),
    *(f"paid_and_unpaid_time_{name}" for name in _TIMES),
    "days_without_wage", "days_waiting",
)  # fmt: skip
#: Days that the floor is worked out for at once: it looks at every worker's every day.
FLOOR_DAYS_MAX = 31


@router.get(
    "/v1/policy", **described(Policy, parameters=_POLICY, table=_POLICY_COLUMNS, public=True)
)
async def policy(request: Request) -> Response:
    """The country's rules as adopted, and what each says on a day, with its source."""
    state = state_of(request)
    query = read_query(request, _POLICY)
    established, days = await state.establishment()
    today = state.today(days)
    async with state.database.snapshot() as snapshot:
        reach = Reach(snapshot.position, state.recorded, days)
        cut = await find_cut(reach, today, query["as_of"])
        adopted = await policy_at(snapshot, established.country, cut.position)
        basis = cut.basis(snapshot.tzdata)
    on = query["on"] or today
    document = Policy(
        basis=basis,
        country=adopted.bundle.country,
        digest=adopted.bundle.digest,
        adopted_leaf=adopted.leaf_index,
        on=on,
        rows=policy_values(adopted.bundle, on),
    )
    headers = {"Registry-Position": str(cut.position)}
    return render(
        request, Answer(document, document.rows, _POLICY_COLUMNS, _flat_value, headers=headers)
    )


def policy_values(bundle: Bundle, on: date) -> list[PolicyValue]:
    """Every parameter with what it says on a day, by its path."""
    return [
        PolicyValue(
            parameter=name,
            value=shown(stated.value),
            unit=parameter.unit,
            currency=parameter.currency,
            since=stated.since,
            title=stated.title,
            reference=stated.reference,
            note=stated.note,
            mark=stated.mark,
        )
        for name, parameter in sorted(bundle.parameters.items())
        for stated in (parameter.at(on),)
    ]


def _flat_value(row: PolicyValue) -> Iterator[Mapping[str, Any]]:
    plain = msgspec.to_builtins(row)
    if isinstance(row.value, dict):
        plain["value"] = " ".join(f"{one}:{amount}" for one, amount in row.value.items())
    yield plain


@router.get("/v1/wage-floor", **described(WageFloor, ANALYSTS, _FLOOR, _FLOOR_COLUMNS))
async def wage_floor(request: Request) -> Response:
    """What is missing to the minimum wage, by platform or sector and by work day or month, over at
    most 31 work days (without `from` and `to`: this month so far). A platform sees itself."""
    async with reading(request, ANALYSTS, _FLOOR, whole=True) as r:
        first, last = _period(r)
        platform = only_platform(r.reader, r.query["platform"])
        established, _ = await r.state.establishment()
        adopted = await policy_at(r.snapshot, established.country, r.cut.position)
        wages = wages_of(adopted.bundle, first, last)
        conversions = await conversions_of(r, adopted.bundle, wages)
        cut = 10 if by_of(r.query) == "day" else 7
        asked = Asked(adopted.bundle, conversions, first, last, platform, cut)
        rows_of = rows_by_sector if _per(r.query) == "sector" else rows_by_platform
        rows = await rows_of(r, asked)
    document = WageFloor(
        basis=r.basis,
        policy=adopted.bundle.digest,
        adopted_leaf=adopted.leaf_index,
        per=_per(r.query),
        by=by_of(r.query),
        from_=first,
        to=last,
        wages=wages,
        rows=rows,
    )
    return r.answer(document, rows=rows, columns=_FLOOR_COLUMNS, flatten=_flat_floor)


def _period(r: Reading) -> tuple[date, date]:
    last = r.query["to"] or r.state.today(r.days)
    first = r.query["from"] or last.replace(day=1)
    if not 0 <= (last - first).days < FLOOR_DAYS_MAX:
        detail = f"from {first} to {last}: ask for 1 to {FLOOR_DAYS_MAX} days at once"
        raise Problem(422, "long-period", detail, parameter="from")
    return first, last


def _flat_floor(row: FloorRow) -> Iterator[Mapping[str, Any]]:
    plain = msgspec.to_builtins(row)
    for time in ("paid_time", "paid_and_unpaid_time"):
        plain.update({f"{time}_{name}": value for name, value in plain.pop(time).items()})
    yield plain


def _per(query: Values) -> str:
    return query["per"] or "platform"
