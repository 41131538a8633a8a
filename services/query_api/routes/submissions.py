"""What became of a submission: the report, and the receipt. An emitter reads its own."""

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter, Request, Response

from events.leaf import LeafOutcome
from events.log.protocol import Indexed
from events.receipt import Receipt
from services.query_api.access import SUBMITTERS, forbidden, may_read_submissions
from services.query_api.answers import Noted, Report, ReportCounts
from services.query_api.cursors import Cursor, question, read_cursor, write_cursor
from services.query_api.evidence import body_of, event_ids
from services.query_api.openapi import EmitterName, SubmissionName, described
from services.query_api.parameters import LIMIT_DEFAULT, path_text
from services.query_api.reading import Reading, reading
from services.query_api.report import (
    Finding,
    code_of,
    counts_of,
    noted,
    standing,
    task_findings,
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
        position, after, asked = _page(r)
        counts, found = await _findings(r, stored, position)
        limit = r.query["limit"] or LIMIT_DEFAULT
        rest = found if after is None else [one for one in found if one > after]
        page = rest[:limit]
        following = _cursor(page[-1], position, asked) if len(rest) > limit else None
        document = await _report(r, stored, counts, page, len(found), position)
        document = msgspec.structs.replace(document, next=following)
    headers = {"Registry-Position": str(position), **next_link(request, following)}
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


def _page(r: Reading) -> tuple[int, Finding | None, str]:
    """Position and last finding of the page before, and the digest of the question."""
    asked = question(r.request.url.path, r.query)
    if r.query["cursor"] is None:
        return r.cut.position, None, asked
    cursor = read_cursor(r.query["cursor"], asked)
    if cursor.position > r.snapshot.position:
        raise Problem(400, "bad-cursor", "cursor: the views do not reach its position")
    return cursor.position, Finding(*cursor.after), asked


def _cursor(last: Finding, position: int, asked: str) -> str:
    after = (last.event_number, last.rule, last.pointer)
    return write_cursor(Cursor(after, position, asked))


async def _findings(
    r: Reading, stored: StoredLeaf, position: int
) -> tuple[ReportCounts | None, list[Finding]]:
    """Counts (None while not folded) and all findings in order, as of a position."""
    leaf = stored.leaf
    nothing = ReportCounts(accepted=0, repeated=0, anomalous=0, not_counted=leaf.events)
    if leaf.first_event is None:
        return nothing, []
    if stored.index > position:
        return None, []
    if stored.index in await r.state.leaves.quarantined():
        return nothing, []
    (folded,) = await r.rows("folded_submission", leaf=stored.index)
    noticed = await r.rows("submission_anomalies", leaf=stored.index, event_number=None)
    found = [Finding(**row) for row in noticed] + await of_tasks(r, stored, position)
    return counts_of(leaf.events, folded["repeated"], found), sorted(found)


async def of_tasks(r: Reading, stored: StoredLeaf, position: int) -> list[Finding]:
    """What is wrong about the tasks of one counted submission, as of a position."""
    first = stored.leaf.first_event or 0
    own = range(first, first + stored.leaf.events)
    asked = {"first": own.start, "end": own.stop, "position": position}
    said = await r.snapshot.records("task_statements", **asked)
    stands = standing(said)
    contracts = sorted({row["contract"] for row in stands if row["contract"]})
    published = await r.rows(
        "published_contracts",
        emitter=stored.leaf.emitter,
        contracts=contracts,
        position=position,
    )
    return task_findings(stands, {row["subject"] for row in published}, own)


async def _ids(r: Reading, stored: StoredLeaf, numbers: Sequence[int]) -> dict[int, str]:
    """Ids of events by number: as the views keep them, or all of the signed body where one of
    them is a repeat, which they do not keep."""
    kept = await r.rows("event_ids", numbers=numbers) if numbers else []
    if len(kept) == len(numbers):
        return {row["event_number"]: row["event_id"] for row in kept}
    return event_ids(await body_of(r.state.leaves, stored), stored.leaf.first_event or 0)


async def _report(
    r: Reading,
    stored: StoredLeaf,
    counts: ReportCounts | None,
    page: Sequence[Finding],
    all_found: int,
    position: int,
) -> Report:
    leaf = stored.leaf
    ids = await _ids(r, stored, sorted({one.event_number for one in page}))
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
        anomalies=noted(page, ids),
        anomalies_total=all_found,
        position=position,
    )
