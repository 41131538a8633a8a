"""What an inspector proves a case with: a worker, tasks, events and their signed bytes.

A platform reads its own, a worker what is about her. A line in the audit trail comes first.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request, Response

from events.access import Role
from events.leaf import leaf_hash
from events.token import CONTENT_TYPE
from events.vocabulary import Event
from services.query_api.access import (
    CASES,
    INSPECTORS,
    forbidden,
    may_read_event,
    only_platform,
    only_worker,
)
from services.query_api.answers import Contract, EventAnswer, Fact, TaskRow, Tasks, Worker
from services.query_api.basis import leaf_of_event
from services.query_api.cursors import Cursor, question, read_cursor, write_cursor
from services.query_api.database import Row
from services.query_api.evidence import body_of, raw_event, typed_event, typed_events, workers_of
from services.query_api.figures import paid_slice_of, sums_by, together
from services.query_api.flat import flatten_slice
from services.query_api.formats import PATH_KEY, conditional
from services.query_api.openapi import EventNumber, PlatformId, Pseudonym, described
from services.query_api.parameters import LIMIT_DEFAULT, path_number, path_text
from services.query_api.reading import Reading, reading
from services.query_api.report import Finding, noted
from services.query_api.routes.analysis import (
    SERIES_COLUMNS,
    by_of,
    period_of,
    period_rows,
    period_values,
)
from services.query_api.stored import StoredLeaf
from services.query_api.tasks import currency_text, money_text, page_query, task_row
from services.web.problems import Problem

router = APIRouter(tags=["cases"])
_WORKER = ("by", "from", "to", "as_of")
_FILTERS = ("platform", "worker", "contract", "task", "type", "from", "to", "as_of")
_TASKS = (*_FILTERS, "limit", "cursor")
_TASK_COLUMNS = TaskRow.__struct_fields__


@router.get(
    "/v1/platforms/{platform}/workers/{worker:path}",
    **described(Worker, CASES, _WORKER, SERIES_COLUMNS),
)
async def worker(request: Request, platform: PlatformId, worker: Pseudonym) -> Response:
    """One worker on one platform by work and pay days, and the contracts she worked under."""
    async with reading(request, CASES, _WORKER) as r:
        name = only_platform(r.reader, path_text("platform", platform))
        pseudonym = only_worker(r.reader, path_text("worker", worker))
        async with r.recorded():
            document = await _worker(r, str(name), str(pseudonym))
    return r.answer(document, rows=document.rows, columns=SERIES_COLUMNS, flatten=flatten_slice)


async def _worker(r: Reading, platform: str, pseudonym: str) -> Worker:
    found = await r.rows("worker_header", platform=platform, worker=pseudonym, **r.cut.values)
    if not found:
        raise Problem(404, "not-found", "this platform reported no such worker")
    own = {"worker_code": found[0]["worker_code"]}
    work = await r.rows("worker_work", **own, **period_values(r.query), **r.cut.values)
    pay = await r.rows("worker_pay", **own, **period_values(r.query), **r.cut.values)
    contracts = await r.rows("worker_contracts", **own, position=r.cut.position)
    periods = sums_by(period_of, work, pay)
    return Worker(
        basis=r.basis,
        platform=platform,
        worker=pseudonym,
        first_recorded_day=found[0]["first_recorded_day"],
        by=by_of(r.query),
        from_=r.query["from"],
        to=r.query["to"],
        totals=paid_slice_of(together(periods.values())),
        rows=period_rows(periods),
        contracts=[_contract(row) for row in contracts],
    )


def _contract(row: Row) -> Contract:
    terms = msgspec.json.decode(row["terms"]) if row["terms"] else None
    return Contract(contract=row["contract"], events=row["events"], terms=terms)


@router.get("/v1/tasks", **described(Tasks, CASES, _TASKS, _TASK_COLUMNS))
async def tasks(request: Request) -> Response:
    """Events about workers by event number, in pages of one position. Without `platform` only an
    inspector may ask; a platform and a worker are held to their own."""
    async with reading(request, CASES, _TASKS) as r:
        own = {
            "platform": only_platform(r.reader, r.query["platform"]),
            "worker": only_worker(r.reader, r.query["worker"]),
        }
        filters = {**r.query, **own}
        asked = question(request.url.path, filters)
        cursor = _cursor(r, asked)
        limit = r.query["limit"] or LIMIT_DEFAULT
        page_of = {"position": cursor.position, "after": cursor.after[0], "limit": limit + 1}
        async with r.recorded():
            found = await r.snapshot.fetch(page_query(filters), {**filters, **page_of})
            rows = [task_row(row) for row in found]
    page, more = rows[:limit], rows[limit:]
    following = _next(cursor, page[-1].event_number) if more else None
    basis = msgspec.structs.replace(r.basis, position=cursor.position)
    headers = {"Registry-Position": str(cursor.position), **next_link(request, following)}
    document = Tasks(basis=basis, rows=page, next=following)
    return r.answer(document, rows=page, columns=_TASK_COLUMNS, headers=headers)


def _cursor(r: Reading, asked: str) -> Cursor:
    """The page's cursor; the first page fixes the position of all."""
    if r.query["cursor"] is None:
        return Cursor((-1, "", ""), r.cut.position, asked)
    cursor = read_cursor(r.query["cursor"], asked)
    if cursor.position > r.snapshot.position:
        raise Problem(400, "bad-cursor", "cursor: the views do not reach its position")
    return cursor


def _next(cursor: Cursor, number: int) -> str:
    return write_cursor(Cursor((number, "", ""), cursor.position, cursor.asked))


def next_link(request: Request, cursor: str | None) -> Mapping[str, str]:
    """The `Link` header of a page that has another behind it (RFC 8288)."""
    if cursor is None:
        return {}
    query = [
        part for part in request.url.query.split("&") if part and not part.startswith("cursor=")
    ]
    path = quote(request.scope.get(PATH_KEY, request.scope["path"]))
    address = f"{path}?{'&'.join([*query, f'cursor={cursor}'])}"
    return {"Link": f'<{address}>; rel="next"'}


@router.get("/v1/events/{number}", **described(EventAnswer, CASES))
async def event(request: Request, number: EventNumber) -> Response:
    """One event as it was signed, its leaf, what it added, and what corrected it."""
    async with reading(request, CASES) as r:
        evidence = await _evidence(r, path_number("event number", number))
        async with _recorded(r, evidence):
            document = await _event_answer(r, evidence)
    return r.answer(document)


@router.get("/v1/events/{number}/bytes", **described(None, CASES, media=CONTENT_TYPE))
async def signed_bytes(request: Request, number: EventNumber) -> Response:
    """The exact submission body that holds an event, with the token that signed it. A worker gets
    it where every event in it is about her: the others' rows are not hers."""
    async with reading(request, CASES) as r:
        found = await _evidence(r, path_number("event number", number))
        about = {frozenset(workers_of(one)) for one in typed_events(found.body)}
        if r.reader.role is Role.WORKER and about != {frozenset({r.reader.pseudonym})}:
            raise forbidden(
                r.reader, "holds signed rows of other workers too: an inspector may read it"
            )
        async with _recorded(r, found):
            pass
    headers = {
        "Registry-Position": str(r.cut.position),
        "Submission-Signature": found.stored.leaf.token,
        "Registry-Leaf": str(found.stored.index),
        "Event-Index": str(found.index),
    }
    return conditional(request, found.body, CONTENT_TYPE, headers)


class _Evidence(msgspec.Struct, frozen=True):
    """An event found: its leaf, its place in the body, and whom it is about."""

    number: int
    stored: StoredLeaf
    index: int
    body: bytes
    raw: msgspec.Raw
    event: Event | None
    facts: list[Row]
    workers: frozenset[str]


async def _evidence(r: Reading, number: int) -> _Evidence:
    """The event, if there is one that the reader may read: one 404 for both."""
    stored = await leaf_of_event(r.snapshot, r.state.leaves, number)
    if stored is None:
        raise _no_event(number)
    body = await body_of(r.state.leaves, stored)
    index = number - (stored.leaf.first_event or 0)
    facts = await r.rows("event_facts", event_number=number, position=r.cut.position)
    named = {row["worker"] for row in facts if row["event_number"] == number and row["worker"]}
    raw = raw_event(body, index)
    event = typed_event(raw)
    workers = frozenset(named) | (workers_of(event) if event else frozenset())
    if not may_read_event(r.reader, stored.leaf.emitter, workers):
        raise _no_event(number)
    return _Evidence(number, stored, index, body, raw, event, list(facts), workers)


def _no_event(number: int) -> Problem:
    return Problem(404, "not-found", f"there is no event {number} that you may read")


def _recorded(r: Reading, found: _Evidence) -> AbstractAsyncContextManager[None]:
    """What nobody worked on leaves no line of an inspector's."""
    is_theirs = bool(found.workers) or r.reader.role not in INSPECTORS
    return r.recorded() if is_theirs else nullcontext()


async def _event_answer(r: Reading, found: _Evidence) -> EventAnswer:
    leaf = found.stored.leaf
    anomalies = await r.rows("event_anomalies", leaf=found.stored.index, event_number=found.number)
    ids = {found.number: found.event.id} if found.event else {}
    corrected = {row["event_number"] for row in found.facts} - {found.number}
    return EventAnswer(
        basis=r.basis,
        event_number=found.number,
        event_index=found.index,
        leaf_index=found.stored.index,
        leaf_hash=leaf_hash(found.stored.encoded).hex(),
        emitter=leaf.emitter,
        submission=leaf.submission,
        received_at=leaf.received_at,
        sequenced_at=leaf.sequenced_at,
        event=found.raw,
        facts=[_fact(row) for row in found.facts],
        corrected_by=sorted(corrected),
        anomalies=noted((Finding(**row) for row in anomalies), ids),
    )


def _fact(row: Mapping[str, Any]) -> Fact:
    values = {name: row[name] for name in Fact.__struct_fields__}
    values["amount"] = money_text(row["amount"])
    values["currency"] = currency_text(row["currency"])
    return Fact(**values)
