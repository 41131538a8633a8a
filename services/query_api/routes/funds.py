"""What a fund pulls: entries by gapless number, statements, rates, a worker's part."""

from contextlib import AsyncExitStack

from fastapi import APIRouter, Request, Response

from events.money import from_micros
from services.ledger.assessment import Charge
from services.ledger.terms import Terms, terms_of
from services.projections.catalogue import fold_sql
from services.projections.ledger.lines import COLUMNS, Digest
from services.projections.ledger.statement import (
    Extent,
    Moved,
    Statement,
    make_statement,
    moved_of,
    statement_digest,
)
from services.query_api.access import ANALYSTS
from services.query_api.basis import Basis
from services.query_api.database import Row
from services.query_api.dues import rested
from services.query_api.formats import CSV, JSON, NDJSON, PATH_KEY, format_of
from services.query_api.fund_answers import (
    Entries,
    PeriodStatement,
    RateRow,
    SchemeRates,
    WorkerBalance,
    WorkerLedger,
)
from services.query_api.ledgers import (
    ALL,
    LEDGERS,
    check_scheme,
    lines,
    own_lines,
    sees_persons,
    streamed,
)
from services.query_api.openapi import PeriodName, SchemeName, WorkerName, described
from services.query_api.parameters import LIMIT_DEFAULT, path_month, path_text
from services.query_api.reading import Reading, reading
from services.query_api.standing import policy_at
from services.web.problems import Problem

router = APIRouter(tags=["funds"])
_ENTRIES = ("after", "limit", "period", "platform", "worker")
_RATES = ("period", "as_of")
_RATE_COLUMNS = RateRow.__struct_fields__
#: The rates are no secret; whoever reads anything may read them.
RATES = LEDGERS | ANALYSTS
_BALANCE_COLUMNS = WorkerBalance.__struct_fields__
_FETCHED = 5_000


@router.get("/v1/funds/{scheme}/entries", **described(Entries, LEDGERS, _ENTRIES, COLUMNS))
async def entries(request: Request, scheme: SchemeName) -> Response:
    """Entries of a scheme in the order of their numbers, without a gap; a platform and a worker
    see their own. JSON comes in pages; NDJSON and CSV are streamed, all of them without `limit`."""
    name = format_of(request, (JSON, NDJSON, CSV))
    async with AsyncExitStack() as opening:
        r = await opening.enter_async_context(reading(request, LEDGERS, _ENTRIES))
        scheme = path_text("scheme", scheme)
        await check_scheme(r, scheme)
        own = own_lines(r, r.query["platform"], r.query["worker"])
        after, limit = r.query["after"] or 0, r.query["limit"]
        asked = (scheme, after, r.cut.position)
        about = (r.query["period"], *own)
        async with r.recorded():
            (state,) = await r.rows("scheme_state", scheme=scheme, position=r.cut.position)
            if name == JSON:
                return await _page(r, asked, limit or LIMIT_DEFAULT, about, state["last"])
        headers = {
            "Registry-Position": str(r.cut.position),
            "Registry-Last-Entry": str(state["last"]),
        }
        pieces = lines(r, *asked, limit or ALL, *about)
        return streamed(opening.pop_all(), pieces, name, headers)
    raise AssertionError


async def _page(
    r: Reading,
    asked: tuple[str, int, int],
    limit: int,
    about: tuple[str | None, ...],
    last: int,
) -> Response:
    found = [one async for piece in lines(r, *asked, limit + 1, *about) for one in piece]
    page, more = found[:limit], found[limit:]
    following = page[-1].number if more else None
    scheme, after, _ = asked
    document = Entries(
        basis=r.basis, scheme=scheme, after=after, last=last, rows=page, next=following
    )
    return r.answer(
        document,
        rows=page,
        columns=COLUMNS,
        headers={"Registry-Last-Entry": str(last), **_link(r.request, following)},
    )


def _link(request: Request, following: int | None) -> dict[str, str]:
    if following is None:
        return {}
    query = [part for part in request.url.query.split("&") if part and part[:6] != "after="]
    address = f"{request.scope.get(PATH_KEY, request.scope['path'])}"
    return {"Link": f'<{address}?{"&".join([*query, f"after={following}"])}>; rel="next"'}


@router.get("/v1/funds/{scheme}/statements/{period}", **described(PeriodStatement, LEDGERS))
async def statement(request: Request, scheme: SchemeName, period: PeriodName) -> Response:
    """The statement of a period. A closed one never changes; an open one is a draft to close by."""
    async with reading(request, LEDGERS, whole=True) as r:
        scheme, month = path_text("scheme", scheme), path_month(period)
        await check_scheme(r, scheme)
        _only_funds(r)
        (kept,) = await r.rows("ledger_period", scheme=scheme, period=month)
        made = await _statement(r, scheme, month, kept)
        document = PeriodStatement(
            basis=r.basis,
            closed=kept["closed_entry"] is not None,
            closed_by=kept["closed_by"],
            closed_entry=kept["closed_entry"],
            closed_leaf=kept["closed_leaf"],
            digest=statement_digest(made),
            statement=made,
        )
    return r.answer(document)


def _only_funds(r: Reading) -> None:
    # A statement is of all platforms and workers together.
    if r.reader.platform is not None:
        raise Problem(403, "forbidden", "a statement is of all platforms: read your own entries")


async def _statement(r: Reading, scheme: str, month: str, kept: Row) -> Statement:
    moved: list[Moved] = []
    async for rows in r.snapshot.pieces(fold_sql("period_moved"), (scheme, month), _FETCHED):
        moved += map(moved_of, rows)
    if kept["closed_entry"] is None:
        extent = await _extent(r, scheme, month, kept)
        after, basis = kept["last"], r.snapshot.position
    else:
        extent = _kept_extent(kept, kept["entries_sha256"])
        after, basis = kept["after"], kept["basis"]
    return make_statement(scheme, month, moved, extent, after=after, basis=basis)


async def _extent(r: Reading, scheme: str, month: str, kept: Row) -> Extent:
    digest = Digest()
    async for rows in r.snapshot.pieces(fold_sql("period_entries"), (scheme, month), _FETCHED):
        digest.take(rows)
    return _kept_extent(kept, digest.text())


def _kept_extent(kept: Row, digest: str) -> Extent:
    return Extent(kept["first_entry"], kept["last_entry"], kept["entries"] or 0, digest)


@router.get("/v1/funds/{scheme}/rates", **described(SchemeRates, RATES, _RATES, _RATE_COLUMNS))
async def rates(request: Request, scheme: SchemeName) -> Response:
    """What platforms must withhold and owe in a month (default: this one), by branch and payer,
    with every dated value that it rests on."""
    async with reading(request, RATES, _RATES) as r:
        code = path_text("scheme", scheme)
        month = r.query["period"] or f"{r.state.today(r.days):%Y-%m}"
        established, _ = await r.state.establishment()
        adopted = await policy_at(r.snapshot, established.country, r.cut.position)
        terms = terms_of(adopted.bundle, code, month)
        if not terms.currency:
            raise Problem(404, "not-found", f"the policy states no scheme {code} in {month}")
        document = scheme_rates(r.basis, terms, adopted.leaf_index)
    return r.answer(document, rows=document.rows, columns=_RATE_COLUMNS)


def scheme_rates(basis: Basis, terms: Terms, adopted_leaf: int) -> SchemeRates:
    """The terms of a month as the API shows them."""
    ceiling = terms.ceiling
    return SchemeRates(
        basis=basis,
        scheme=terms.scheme,
        period=terms.period,
        policy=terms.policy,
        adopted_leaf=adopted_leaf,
        currency=terms.currency,
        withheld=terms.withheld,
        ceiling=None if ceiling is None else from_micros(ceiling.steps * terms.step),
        ceiling_per=None if ceiling is None else "platform" if ceiling.per_platform else "worker",
        rows=[
            _rate(charge, "flat" if group.flat is not None else "capped" if group.capped else "pay")
            for group in terms.groups
            for charge in group.shares
        ]
        + [_rate(band.charge, "bands") for band in terms.bands],
        unknown=[one.term.path for one in terms.unknown],
        values=[rested(term) for term in terms.terms],
    )


def _rate(charge: Charge, base: str) -> RateRow:
    return RateRow(
        branch=charge.branch,
        payer=str(charge.payer),
        base=base,
        percent=None if charge.percent is None else str(charge.percent),
        rests_on=sorted({term.path for term in charge.terms}),
    )


@router.get(
    "/v1/funds/{scheme}/workers/{id:path}",
    **described(WorkerLedger, LEDGERS, (), _BALANCE_COLUMNS),
)
async def worker(request: Request, scheme: SchemeName, id: WorkerName) -> Response:
    """What was posted for one worker, by period, account and branch. `id` is PLATFORM/PSEUDONYM."""
    async with reading(request, LEDGERS) as r:
        scheme = path_text("scheme", scheme)
        await check_scheme(r, scheme)
        platform, _, pseudonym = id.partition("/")
        own_lines(r, path_text("platform", platform), path_text("worker", pseudonym))
        who = {"platform": platform, "worker": pseudonym, "position": r.cut.position}
        async with r.recorded():
            found = await r.rows("worker_entries", scheme=scheme, **who)
            linked = await r.rows("worker_person", **who) if sees_persons(r) else []
        if not found:
            raise Problem(404, "not-found", "nothing was posted for this worker in this scheme")
        document = WorkerLedger(
            basis=r.basis,
            scheme=scheme,
            platform=platform,
            worker=pseudonym,
            person=linked[0]["person"] if linked else None,
            rows=[_balance(row) for row in found],
        )
    return r.answer(document, rows=document.rows, columns=_BALANCE_COLUMNS)


def _balance(row: Row) -> WorkerBalance:
    sides = {side: from_micros(int(row[side])) for side in ("debit", "credit")}
    # The number of a closing is nobody's, so every row here has a currency.
    return WorkerBalance(**{**row, **sides})
