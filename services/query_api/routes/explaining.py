"""From an entry to what it rests on: posting, policy, assessment, sums, payments, signed bytes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from events.access import Role
from events.leaf import leaf_hash
from events.money import from_micros
from events.token import CONTENT_TYPE
from services.ledger.assessment import Pay
from services.projections.ledger.lines import CLOSING, Entry, entry_of
from services.query_api.access import forbidden
from services.query_api.basis import leaf_of_event
from services.query_api.cursors import Cursor, question, read_cursor, write_cursor
from services.query_api.database import Row, in_columns
from services.query_api.dues import dues_of, share_of
from services.query_api.evidence import body_of, raw_event, raw_events, typed_events, workers_of
from services.query_api.formats import conditional
from services.query_api.fund_answers import (
    Cause,
    CauseAct,
    EntryExplained,
    PaySum,
    PolicyInForce,
)
from services.query_api.ledgers import LEDGERS, as_seen, check_scheme, sees_persons
from services.query_api.openapi import EntryNumber, EventNumber, SchemeName, described
from services.query_api.parameters import LIMIT_DEFAULT, path_number, path_text
from services.query_api.reading import Reading, reading
from services.query_api.resting import Rest, line_of, rest_at
from services.query_api.routes.cases import next_link
from services.query_api.rule_answers import Dues
from services.query_api.stored import StoredLeaf
from services.web.problems import Problem

router = APIRouter(tags=["funds"])
_PAGING = ("limit", "cursor")
#: Acts that are shown at most.
_ACTS_MAX = 100
#: Acts that may change what is due; those about persons are shown to who may know them.
_ACTS = ("policy.adopted.v1", "rate.published.v1", "scheme.assigned.v1")
_LINKS = ("identity.linked.v1", "identity.unlinked.v1")
#: What is said of the number of a closing.
_NOTHING: dict[str, Any] = {
    "share": None, "assessment": None, "elsewhere": False, "sums": [], "acts": [],
}  # fmt: skip
_PATH = "/v1/explain/entries/{scheme}/{number}"


@router.get(_PATH, **described(EntryExplained, LEDGERS, _PAGING))
async def explain(request: Request, scheme: SchemeName, number: EntryNumber) -> Response:
    """Why an entry stands: the posting, the policy, the assessment at its basis with every value
    and reference it rests on, the sums of pay, and the payments behind them, newest first, in
    pages. Other pseudonyms of the same person are shown to those who may know them."""
    async with reading(request, LEDGERS, _PAGING) as r:
        entry = await _entry(r, scheme, number)
        async with r.recorded():
            rest = await _rest(r, entry)
            document = await _explained(r, entry, rest)
    return r.answer(document, headers=next_link(request, document.next))


@router.get(f"{_PATH}/bytes", **described(None, LEDGERS, media=CONTENT_TYPE))
async def posting_bytes(request: Request, scheme: SchemeName, number: EntryNumber) -> Response:
    """The exact submission that posted an entry, with the token that signed it. It holds entries of
    many, so a platform or a worker is given the entry alone."""
    async with reading(request, LEDGERS) as r:
        entry = await _entry(r, scheme, number)
        async with r.recorded():
            if r.reader.platform is not None:
                raise forbidden(r.reader, "holds signed entries of others too")
            stored = await _leaf_of(r, entry.event_number)
            body = await body_of(r.state.leaves, stored)
    return _signed(request, r, stored, body, entry.event_number)


@router.get(f"{_PATH}/causes/{{event}}/bytes", **described(None, LEDGERS, media=CONTENT_TYPE))
async def cause_bytes(
    request: Request, scheme: SchemeName, number: EntryNumber, event: EventNumber
) -> Response:
    """The exact submission that told of a payment behind an entry, with the token that signed it. A
    fund gets it where all workers in it owe to this scheme, a worker where all of it is hers."""
    async with reading(request, LEDGERS) as r:
        entry = await _entry(r, scheme, number)
        async with r.recorded():
            asked = path_number("event number", event)
            rest = await _rest(r, entry)
            if rest is None or not await _causes(r, entry, rest, event=asked):
                raise Problem(404, "not-found", "the entry rests on no such payment")
            stored = await _leaf_of(r, asked)
            body = await body_of(r.state.leaves, stored)
            await _check_theirs(r, entry, stored, body)
    return _signed(request, r, stored, body, asked)


def _signed(
    request: Request, r: Reading, stored: StoredLeaf, body: bytes, event_number: int
) -> Response:
    headers = {
        "Registry-Position": str(r.cut.position),
        "Submission-Signature": stored.leaf.token,
        "Registry-Leaf": str(stored.index),
        "Event-Index": str(event_number - (stored.leaf.first_event or 0)),
    }
    return conditional(request, body, CONTENT_TYPE, headers)


async def _check_theirs(r: Reading, entry: Entry, stored: StoredLeaf, body: bytes) -> None:
    """Problem 403 if a submission holds rows of workers that are not the reader's to read."""
    named = frozenset().union(*(workers_of(one) for one in typed_events(body)))
    if r.reader.role is Role.WORKER:
        theirs = {str(r.reader.pseudonym)} if stored.leaf.emitter == r.reader.platform else set()
    elif r.reader.role is Role.FUND:
        asked = {"platform": stored.leaf.emitter, "scheme": entry.scheme}
        at = {"workers": sorted(named), "position": r.cut.position}
        theirs = {row["worker"] for row in await r.rows("owing_workers", **asked, **at)}
    else:
        return
    if not named <= theirs:
        raise forbidden(
            r.reader, "holds signed rows of other workers too: an inspector may read it"
        )


async def _entry(r: Reading, scheme: str, number: str) -> Entry:
    scheme = path_text("scheme", scheme)
    await check_scheme(r, scheme)
    asked = {"scheme": scheme, "number": path_number("number", number)}
    found = await r.rows("entry", **asked, position=r.cut.position)
    entry = as_seen(r, entry_of(found[0])) if found else None
    if entry is None or not _is_own(r, entry):
        raise Problem(404, "not-found", "no entry of yours stands under this number")
    return entry


async def _rest(r: Reading, entry: Entry) -> Rest | None:
    return None if entry.account == CLOSING else await rest_at(r, entry, entry.basis)


def _is_own(r: Reading, entry: Entry) -> bool:
    reader = r.reader
    if reader.platform not in {None, entry.platform}:
        return False
    return reader.pseudonym in {None, entry.worker}


async def _leaf_of(r: Reading, event_number: int) -> StoredLeaf:
    stored = await leaf_of_event(r.snapshot, r.state.leaves, event_number)
    if stored is None:
        raise Problem(404, "not-found", f"the log holds no event {event_number}")
    return stored


async def _explained(r: Reading, entry: Entry, rest: Rest | None) -> EntryExplained:
    stored = await _leaf_of(r, entry.event_number)
    index = entry.event_number - (stored.leaf.first_event or 0)
    adopted = await r.rows("entry_policy", digest=entry.policy or "", basis=entry.basis)
    return EntryExplained(
        basis=r.basis,
        entry=entry,
        event_number=entry.event_number,
        event_index=index,
        **_where(stored),
        sequenced_at=stored.leaf.sequenced_at,
        event=await _event(r, stored, index),
        policy=PolicyInForce(**adopted[0]) if adopted else None,
        **(_NOTHING if rest is None else await _assessment(r, entry, rest)),
        **await _page(r, entry, rest),
    )


def _where(stored: StoredLeaf) -> dict[str, Any]:
    return {
        "leaf_index": stored.index,
        "leaf_hash": leaf_hash(stored.encoded).hex(),
        "emitter": stored.leaf.emitter,
        "submission": stored.leaf.submission,
    }


async def _event(r: Reading, stored: StoredLeaf, index: int) -> Any:
    """The posting; of a person's the lines of others are left out for a platform or a worker."""
    event = raw_event(await body_of(r.state.leaves, stored), index)
    return event if r.reader.platform is None else _own_part(r, msgspec.json.decode(event))


def _own_part(r: Reading, event: Any) -> Any:
    data = event["data"]

    def own(line: Any) -> bool:
        whose = [line.get(name) or data.get(name) for name in ("platform", "worker")]
        return whose[0] == r.reader.platform and r.reader.pseudonym in {None, whose[1]}

    seen = {name: value for name, value in data.items() if name != "person" or sees_persons(r)}
    return {**event, "data": {**seen, "lines": [one for one in data["lines"] if own(one)]}}


# --- the assessment at the basis --------------------------------------------------------------


async def _assessment(r: Reading, entry: Entry, rest: Rest) -> dict[str, Any]:
    """What the reader may be shown of the assessment, and whether that is not all."""
    line, seen = line_of(entry, rest), rest.person.seen
    return {
        "share": None if line is None else share_of(line),
        "assessment": _dues(rest),
        "elsewhere": await _is_elsewhere(r, entry, rest),
        "sums": [_sum(one) for one in _ordered(rest) if (one.platform, one.worker) in seen],
        "acts": await _acts(r, entry, rest),
    }


def _dues(rest: Rest) -> Dues | None:
    if rest.found is None or rest.bundle is None:
        return None
    return dues_of(rest.found.part(rest.person.seen), rest.bundle)


async def _is_elsewhere(r: Reading, entry: Entry, rest: Rest) -> bool:
    """Whether pay under other pseudonyms has a part in it: now, or in what stood before."""
    if rest.is_shared or entry.previous_basis is None:
        return rest.is_shared
    return (await rest_at(r, entry, entry.previous_basis)).is_shared


def _ordered(rest: Rest) -> list[Pay]:
    """The pay that the assessment took; all of the month where nothing is due to the scheme."""
    taken = rest.pay if rest.found is None else rest.found.pay
    return sorted(
        taken, key=lambda one: (one.platform, one.worker, one.day, one.currency, one.residence)
    )


def _sum(one: Pay) -> PaySum:
    return PaySum(
        platform=one.platform,
        worker=one.worker,
        day=one.day,
        currency=one.currency,
        residence=one.residence or None,
        gross=from_micros(one.gross),
    )


async def _acts(r: Reading, entry: Entry, rest: Rest) -> list[CauseAct]:
    """Acts between the two bases; of a first assessment the policy says all."""
    if entry.previous_basis is None:
        return []
    seen = rest.person.seen
    used = {one.currency for one in rest.pay if (one.platform, one.worker) in seen}
    rows = await r.rows(
        "entry_acts",
        previous=entry.previous_basis,
        basis=entry.basis,
        types=[*_ACTS, *(_LINKS if sees_persons(r) else ())],
        currencies=sorted(used),
        # One act about a person stands behind entries on all her platforms.
        person=rest.person.name if sees_persons(r) else None,
        most=_ACTS_MAX,
        **in_columns(rest.person.seen),
    )
    return [CauseAct(**row) for row in rows]


# --- the payments behind it -------------------------------------------------------------------


async def _page(r: Reading, entry: Entry, rest: Rest | None) -> dict[str, Any]:
    """One page of payments. What stood at a basis never changes, so pages are counted off."""
    asked = question(r.request.url.path, {})
    cursor = r.query["cursor"]
    skipped = 0 if cursor is None else read_cursor(cursor, asked).after[0]
    limit = r.query["limit"] or LIMIT_DEFAULT
    rows = [] if rest is None else await _causes(r, entry, rest, skipped=skipped, most=limit)
    total, reached = rows[0]["total"] if rows else 0, skipped + len(rows)
    more = Cursor((reached, "", ""), entry.basis, asked) if reached < total else None
    return {
        "causes": await _told(r, entry, rows),
        "causes_total": total,
        "next": None if more is None else write_cursor(more),
    }


async def _causes(
    r: Reading, entry: Entry, rest: Rest, *, skipped: int = 0, most: int = 1, event: Any = None
) -> list[Row]:
    return await r.rows(
        "entry_causes",
        month=entry.about or entry.period,
        basis=entry.basis,
        event=event,
        skipped=skipped,
        most=most,
        **in_columns(rest.person.seen),
    )


async def _told(r: Reading, entry: Entry, rows: Sequence[Row]) -> list[Cause]:
    """Payments as they were signed; a leaf that holds many is read once."""
    leaves: dict[int, tuple[StoredLeaf, list[msgspec.Raw]]] = {}
    for row in rows:
        if row["leaf_index"] not in leaves:
            stored = await _leaf_of(r, row["event_number"])
            body = await body_of(r.state.leaves, stored)
            leaves[row["leaf_index"]] = stored, raw_events(body)
    return [_cause(entry, row, *leaves[row["leaf_index"]]) for row in rows]


def _cause(entry: Entry, row: Row, stored: StoredLeaf, events: Sequence[msgspec.Raw]) -> Cause:
    index = row["event_number"] - (stored.leaf.first_event or 0)
    previous = -1 if entry.previous_basis is None else entry.previous_basis
    return Cause(
        event_number=row["event_number"],
        event_index=index,
        **_where(stored),
        type=row["type"],
        platform=row["platform"],
        worker=row["worker"],
        day=row["day"],
        amount=None if row["amount"] is None else from_micros(row["amount"]),
        currency=row["currency"],
        since_previous=row["leaf_index"] > previous,
        event=events[index],
    )
