"""What became of a submission: the report, and the receipt. An emitter reads its own."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response

from events.leaf import LeafOutcome
from events.log.protocol import Indexed
from events.receipt import Receipt
from services.query_api.access import SUBMITTERS, forbidden, may_read_submissions
from services.query_api.answers import Noted, Report, ReportCounts
from services.query_api.cursors import Cursor, question, read_cursor, write_cursor
from services.query_api.database import Row
from services.query_api.evidence import body_of, event_ids
from services.query_api.openapi import EmitterName, SubmissionName, described
from services.query_api.parameters import LIMIT_DEFAULT, path_text
from services.query_api.reading import Reading, reading
from services.query_api.report import (
    BEGIN,
    LEFT_OUT,
    Broken,
    Finding,
    code_of,
    counts_of,
    noted,
)
from services.query_api.routes.cases import next_link
from services.query_api.stored import StoredLeaf, stored_leaf
from services.web.problems import Problem

router = APIRouter(tags=["submissions"])
_REPORT = ("leaf", "limit", "cursor")
_COLUMNS = Noted.__struct_fields__


@router.get(
    "/v1/emitters/{emitter}/submissions/{submission}",
    **described(Report, SUBMITTERS, _REPORT, _COLUMNS),
)
async def report(request: Request, emitter: EmitterName, submission: SubmissionName) -> Response:
    """The submission report: outcome, code 0 to 3, and every anomaly with how to correct it."""
    async with reading(request, SUBMITTERS, _REPORT) as r:
        stored = await _leaf(r, emitter, submission)
        page = _page(r)
        found = await _found(r, stored, page)
        following = _cursor(found.shown[-1], page) if found.more else None
        document = _report(stored, found, page.position, following)
    headers = {"Registry-Position": str(page.position), **next_link(request, following)}
    return r.answer(document, rows=document.anomalies, columns=_COLUMNS, headers=headers)


@router.get(
    "/v1/emitters/{emitter}/submissions/{submission}/receipt",
    **described(Receipt, SUBMITTERS, ("leaf",)),
)
async def receipt(request: Request, emitter: EmitterName, submission: SubmissionName) -> Response:
    """The receipt: the same bytes for ever, signed by the registry key in force at the leaf."""
    async with reading(request, SUBMITTERS, ("leaf",)) as r:
        stored = await _leaf(r, emitter, submission)
        ring = await r.state.keys.ring()
        try:
            document = r.state.registry_keys.receipt(ring, stored.index, stored.encoded)
        except LookupError as error:
            raise Problem(503, "no-key", str(error)) from error
    return r.answer(document)


async def _leaf(r: Reading, emitter: str, submission: str) -> StoredLeaf:
    """The leaf asked for: of several bodies under one id the counted one, else the last."""
    name, wanted = path_text("emitter", emitter), path_text("submission", submission)
    if not may_read_submissions(r.reader, name):
        raise forbidden(r.reader, f"is not of {r.reader.who}, of which you read alone")
    standing = await r.state.leaves.look_up([(name, wanted)])
    index = _chosen(standing, r.query["leaf"])
    stored = None if index is None else await stored_leaf(r.state.leaves, index)
    if stored is None:
        raise Problem(
            404,
            "not-found",
            "no leaf stands under this id: either nothing was ever acknowledged under it, or it "
            "was acknowledged and waits to be sequenced; an acknowledgement always gets a leaf",
        )
    return stored


def _chosen(standing: Sequence[Indexed], leaf: int | None) -> int | None:
    outcomes = {one.leaf_index: one.outcome for one in standing}
    if leaf is not None:
        return leaf if leaf in outcomes else None
    counted = [index for index, outcome in outcomes.items() if outcome is LeafOutcome.COUNTED]
    return next(iter(counted), max(outcomes, default=None))


class _Page(NamedTuple):
    """Which findings are asked for: those behind one, as of a position. `asked`: the digest of the
    question, which the cursors of all its pages hold."""

    position: int
    after: Finding
    limit: int
    asked: str


def _page(r: Reading) -> _Page:
    asked = question(r.request.url.path, r.query)
    limit = r.query["limit"] or LIMIT_DEFAULT
    if r.query["cursor"] is None:
        return _Page(r.cut.position, BEGIN, limit, asked)
    cursor = read_cursor(r.query["cursor"], asked)
    if cursor.position > r.snapshot.position:
        raise Problem(400, "bad-cursor", "cursor: the views do not reach its position")
    return _Page(cursor.position, Finding(*cursor.after), limit, asked)


def _cursor(last: Finding, page: _Page) -> str:
    return write_cursor(Cursor(last, page.position, page.asked))


class _Found(NamedTuple):
    """What is wrong in a submission: counts (None while it is not folded), the findings that a page
    shows and whether there are more, the number of all, and the ids of the events shown."""

    counts: ReportCounts | None
    shown: Sequence[Finding] = ()
    more: bool = False
    findings: int = 0
    ids: Mapping[int, str] = MappingProxyType({})


async def _found(r: Reading, stored: StoredLeaf, page: _Page) -> _Found:
    leaf = stored.leaf
    if leaf.first_event is not None and stored.index > page.position:
        return _Found(None)
    if leaf.first_event is None or stored.index in await r.state.leaves.quarantined():
        return _Found(ReportCounts(accepted=0, repeated=0, anomalous=0, not_counted=leaf.events))
    rows = await _findings(r, stored.index, leaf.first_event, page)
    sums, on_page = rows[0], [row for row in rows[: page.limit] if row["rule"] is not None]
    broken = Broken(**{name: sums[name] for name in Broken._fields})
    return _Found(
        counts=counts_of(leaf.events, broken),
        shown=[Finding(row["event_number"], row["rule"], row["pointer"]) for row in on_page],
        more=len(rows) > page.limit,
        findings=sums["findings"],
        ids=await _ids(r, stored, on_page),
    )


async def _findings(r: Reading, index: int, first_event: int, page: _Page) -> list[Any]:
    """The sums of the whole report and one finding more than a page shows."""
    return await r.snapshot.records(
        "submission_report",
        **{"leaf": index, "first_leaf": index, "last_leaf": index},
        first_event=first_event,
        **page.after._asdict(),
        position=page.position,
        limit=page.limit + 1,
        left_out=LEFT_OUT,
    )


async def _ids(r: Reading, stored: StoredLeaf, rows: Iterable[Row]) -> Mapping[int, str]:
    """Ids of events by number: as the views keep them, or all of the signed body where one of
    them is a repeat, which they do not keep."""
    kept = {row["event_number"]: row["event_id"] for row in rows}
    if None not in kept.values():
        return kept
    return event_ids(await body_of(r.state.leaves, stored), stored.leaf.first_event or 0)


def _report(stored: StoredLeaf, found: _Found, position: int, following: str | None) -> Report:
    leaf, counts = stored.leaf, found.counts
    return Report(
        emitter=leaf.emitter,
        submission=leaf.submission,
        leaf_index=stored.index,
        outcome=leaf.outcome.value,
        received_at=leaf.received_at,
        sequenced_at=leaf.sequenced_at,
        events=leaf.events,
        first_event=leaf.first_event,
        folded=stored.index <= position,
        code=None if counts is None else code_of(counts),
        counts=counts or ReportCounts(accepted=0, repeated=0, anomalous=0, not_counted=0),
        anomalies=noted(found.shown, found.ids),
        anomalies_total=found.findings,
        position=position,
        next=following,
    )
