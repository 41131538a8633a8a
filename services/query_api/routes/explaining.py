"""From an entry to what it rests on: the posting as signed, its policy, the payments."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from events.leaf import leaf_hash
from events.money import from_micros
from events.token import CONTENT_TYPE
from services.projections.ledger.lines import CLOSING, Entry, entry_of
from services.query_api.access import forbidden
from services.query_api.basis import leaf_of_event
from services.query_api.database import Row
from services.query_api.evidence import body_of, raw_event
from services.query_api.formats import conditional
from services.query_api.fund_answers import Cause, EntryExplained, PolicyInForce
from services.query_api.ledgers import LEDGERS, as_seen, check_scheme, sees_persons
from services.query_api.openapi import EntryNumber, SchemeName, described
from services.query_api.parameters import path_number, path_text
from services.query_api.reading import Reading, reading
from services.query_api.stored import StoredLeaf
from services.web.problems import Problem

router = APIRouter(tags=["funds"])
CAUSES_MAX = 100
_PATH = "/v1/explain/entries/{scheme}/{number}"


@router.get(_PATH, **described(EntryExplained, LEDGERS))
async def explain(request: Request, scheme: SchemeName, number: EntryNumber) -> Response:
    """Why an entry stands: the posting that it is of, the policy, the payments up to its basis."""
    async with reading(request, LEDGERS) as r:
        entry = await _entry(r, scheme, number)
        document = await _explained(r, entry)
    return r.answer(document)


@router.get(f"{_PATH}/bytes", **described(None, LEDGERS, media=CONTENT_TYPE))
async def posting_bytes(request: Request, scheme: SchemeName, number: EntryNumber) -> Response:
    """The exact submission that posted an entry, with the token that signed it. It holds entries of
    many, so a platform or a worker is given the entry alone."""
    async with reading(request, LEDGERS) as r:
        entry = await _entry(r, scheme, number)
        if r.reader.platform is not None:
            raise forbidden(r.reader, "holds signed entries of others too")
        stored = await _leaf_of(r, entry.event_number)
        body = await body_of(r.state.leaves, stored)
    headers = {
        "Registry-Position": str(r.cut.position),
        "Submission-Signature": stored.leaf.token,
        "Registry-Leaf": str(stored.index),
    }
    return conditional(request, body, CONTENT_TYPE, headers)


async def _entry(r: Reading, scheme: str, number: str) -> Entry:
    scheme = path_text("scheme", scheme)
    await check_scheme(r, scheme)
    asked = {"scheme": scheme, "number": path_number("number", number)}
    found = await r.rows("entry", **asked, position=r.cut.position)
    entry = as_seen(r, entry_of(found[0])) if found else None
    if entry is None or not _is_own(r, entry):
        raise Problem(404, "not-found", "no entry of yours stands under this number")
    await r.record()
    return entry


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


async def _explained(r: Reading, entry: Entry) -> EntryExplained:
    stored = await _leaf_of(r, entry.event_number)
    leaf = stored.leaf
    index = entry.event_number - (leaf.first_event or 0)
    adopted = await r.rows("entry_policy", digest=entry.policy or "", basis=entry.basis)
    causes = await _causes(r, entry)
    return EntryExplained(
        basis=r.basis,
        entry=entry,
        event_number=entry.event_number,
        event_index=index,
        leaf_index=stored.index,
        leaf_hash=leaf_hash(stored.encoded).hex(),
        emitter=leaf.emitter,
        submission=leaf.submission,
        sequenced_at=leaf.sequenced_at,
        event=await _event(r, entry, stored, index),
        policy=PolicyInForce(**adopted[0]) if adopted else None,
        causes=[await _cause(r, entry, row) for row in causes],
        causes_total=causes[0]["total"] if causes else 0,
    )


async def _event(r: Reading, entry: Entry, stored: StoredLeaf, index: int) -> Any:
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


async def _causes(r: Reading, entry: Entry) -> list[Row]:
    if entry.account == CLOSING:
        return []
    return await r.rows(
        "entry_causes",
        platform=entry.platform,
        worker=entry.worker,
        month=entry.about or entry.period,
        basis=entry.basis,
        most=CAUSES_MAX,
    )


async def _cause(r: Reading, entry: Entry, row: Row) -> Cause:
    stored = await _leaf_of(r, row["event_number"])
    index = row["event_number"] - (stored.leaf.first_event or 0)
    previous = -1 if entry.previous_basis is None else entry.previous_basis
    return Cause(
        event_number=row["event_number"],
        leaf_index=row["leaf_index"],
        type=row["type"],
        day=row["day"],
        amount=None if row["amount"] is None else from_micros(row["amount"]),
        currency=row["currency"],
        since_previous=row["leaf_index"] > previous,
        event=raw_event(await body_of(r.state.leaves, stored), index),
    )
