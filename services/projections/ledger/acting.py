"""Folds the acts of a batch that depend on earlier ones, in the projection's transaction.

Postings, closings, links and remittances are judged one after the other against what stands, so
any split of the same events over batches gives the same rows. Everything else of a batch is
folded by then; without such an act one look at the batch's types is all that this costs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import asyncpg
import msgspec

from events import vocabulary as v
from events.acts import (
    IdentityLink,
    LedgerPosted,
    PeriodClosed,
    PolicyAdopted,
    RemittanceReceived,
    SchemeAssigned,
)
from events.money import to_micros
from policies.bundle import Bundle
from policies.faults import PolicyError
from services.projections import catalogue
from services.projections.ledger import book, lines
from services.projections.ledger.links import Link, Links, links_of
from services.projections.ledger.statement import Extent, make_statement, moved_of, statement_digest
from services.projections.rows import Told

POSTED, CLOSED = v.type_of(v.LedgerPosted), v.type_of(v.PeriodClosed)
LINKED, UNLINKED = v.type_of(v.IdentityLinked), v.type_of(v.IdentityUnlinked)
REMITTED, ASSIGNED = v.type_of(v.RemittanceReceived), v.type_of(v.SchemeAssigned)
ADOPTED = v.type_of(v.PolicyAdopted)
CANCELLED, REPLACED = v.type_of(v.CorrectionCancelled), v.type_of(v.CorrectionReplaced)
_DATA: dict[str, type[Any]] = {
    POSTED: LedgerPosted,
    CLOSED: PeriodClosed,
    LINKED: IdentityLink,
    UNLINKED: IdentityLink,
    REMITTED: RemittanceReceived,
    ASSIGNED: SchemeAssigned,
    ADOPTED: PolicyAdopted,
}
_DECODERS = {name: msgspec.json.Decoder(data) for name, data in _DATA.items()}
_LOOKED_AT = frozenset((*_DATA, CANCELLED, REPLACED))
#: Rows of a period fetched at once for its digest, and rows of entries held before they are sent.
_FETCHED, _HELD_MAX = 5_000, 50_000


class _Replacing(msgspec.Struct):
    replacement: msgspec.Raw


class _Typed(msgspec.Struct):
    type: str
    data: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Act:
    """An act that is no repeat. `original`: itself, or what it corrects; `type` is of that.

    `data`: None for a cancellation.
    """

    at: book.At
    emitter: str
    type: str
    original: int
    corrects: bool
    data: Any


async def fold_acts(connection: asyncpg.Connection, told: Sequence[Told]) -> None:
    """Fold the acts among the told events of the batch that was loaded."""
    if any(row[4] in _LOOKED_AT for row in told):
        acts = await _acts(connection, {row[0]: row for row in told})
        if acts:
            await Acting(connection).fold(acts)


async def _acts(connection: asyncpg.Connection, told: dict[int, Told]) -> list[Act]:
    rows = await connection.fetch(catalogue.fold_sql("acts"), list(_DATA))
    return [_act(told[row["event_number"]], row) for row in rows]


def _act(told: Told, row: asyncpg.Record) -> Act:
    number, leaf, day, _, type_, _, encoded = told
    at = book.At(number, leaf, day)
    if row["original"] is None:
        data = _DECODERS[type_].decode(encoded)
        return Act(at, row["emitter"], type_, number, False, data)
    original_type = row["original_type"]
    data = None
    if type_ == REPLACED:
        replacing = msgspec.json.decode(encoded, type=_Replacing)
        typed = msgspec.json.decode(replacing.replacement, type=_Typed)
        data = _DECODERS[original_type].decode(typed.data)
    return Act(at, row["emitter"], original_type, row["original"], True, data)


class Acting:
    """One batch's acts, in order, over one transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._schemes: dict[str, book.Scheme] = {}
        self._policies = book.Policies()
        self._links = Links()
        self._platforms: dict[str, int] = {}
        self._posted: list[book.EntryRow] = []
        self._from: dict[str, int] = {}

    async def fold(self, acts: Sequence[Act]) -> None:
        """Judge each act and write what has effect."""
        await self._prepare(acts)
        for act in acts:
            fault = await self._take(act)
            if fault is not None:
                place = "/data/replacement/data" if act.corrects else "/data"
                noted = (act.at.event_number, act.at.leaf_index, act.emitter, fault, place)
                await self._run("acts_noted", *noted)
            if len(self._posted) >= _HELD_MAX:
                await self._flush()
        await self._flush()
        for link in self._links.to_keep():
            await self._run("identity_link", *astuple(link))

    async def _take(self, act: Act) -> str | None:
        match act.type:
            case _ if act.type == POSTED:
                return self._post(act)
            case _ if act.type == CLOSED:
                return await self._close(act)
            case _ if act.type == REMITTED:
                return await self._remit(act)
            case _ if act.type == ASSIGNED:
                return None if act.data is None else _assignment_fault(act.data)
            case _ if act.type == ADOPTED:
                return self._adopt(act)
        return self._link(act)

    # --- state ------------------------------------------------------------------------------

    async def _prepare(self, acts: Sequence[Act]) -> None:
        schemes = {a.data.scheme for a in acts if a.type in (POSTED, CLOSED)}
        if schemes:
            for row in await self._fetch("ledger_state", sorted(schemes)):
                self._schemes[row["scheme"]] = book.Scheme(*tuple(row)[1:])
            # Those of this batch are judged when it is their turn.
            adopted = await self._fetch("ledger_policies", acts[0].at.event_number)
            self._policies = book.Policies([book.Adoption(*row) for row in adopted])
        about = [a for a in acts if a.type in (LINKED, UNLINKED)]
        if about:
            self._links = await self._links_of(about)
        named = {a.data.platform for a in acts if hasattr(a.data, "platform") and a.data.platform}
        for row in await self._fetch("known_platforms", sorted(named)):
            self._platforms[row["platform"]] = row["event_number"]

    async def _links_of(self, acts: Iterable[Act]) -> Links:
        named = [(a.data.platform, a.data.worker) for a in acts if a.data is not None]
        originals = [act.original for act in acts if act.corrects]
        pairs = [list(one) for one in zip(*named, strict=True)] or [[], []]
        rows = await self._fetch("identity_state", *pairs, originals)
        return links_of(Link(*row) for row in rows)

    def _is_known(self, platform: str, act: Act) -> bool:
        registered = self._platforms.get(platform)
        return registered is not None and registered < act.at.event_number

    # --- the ledger -------------------------------------------------------------------------

    def _post(self, act: Act) -> str | None:
        scheme, data = self._schemes[act.data.scheme], act.data
        fault = book.posting_fault(scheme, act.at, data, self._policies)
        if fault is None:
            self._from.setdefault(data.scheme, scheme.last + 1)
            self._posted.extend(book.post(scheme, act.at, data))
        return fault

    async def _close(self, act: Act) -> str | None:
        scheme, data = self._schemes[act.data.scheme], act.data
        fault = book.closing_fault(scheme, act.at, data)
        if fault is not None:
            return fault
        await self._flush()
        extent = await extent_of(self._connection, data.scheme, data.period)
        moved = await self._fetch("period_moved", data.scheme, data.period)
        statement = make_statement(
            data.scheme,
            data.period,
            [moved_of(dict(row)) for row in moved],
            extent,
            after=scheme.last,
            basis=data.basis,
        )
        fault = book.statement_fault(data, statement)
        if fault is None:
            self._posted.append(book.close(scheme, act.at, data))
            self._from.setdefault(data.scheme, scheme.last)
            place = (scheme.last, act.at.event_number, act.at.leaf_index, act.emitter)
            said = (data.after, data.basis, extent.digest, statement_digest(statement))
            await self._run("ledger_close", data.scheme, data.period, *place, *said)
        return fault

    async def _flush(self) -> None:
        """Send the entries that are held, and add them to the sums."""
        posted, begun = self._posted, self._from
        self._posted, self._from = [], {}
        if not posted:
            return
        await self._connection.copy_records_to_table("entry", columns=ENTRY_COLUMNS, records=posted)
        for scheme, first in begun.items():
            last = self._schemes[scheme].last
            await self._run("ledger_sum", scheme, first, last)
            await self._run("ledger_period", scheme, first, last)

    def _adopt(self, act: Act) -> str | None:
        """A policy whose files are refused, or are not those of its digest, is never in force."""
        country, stated = act.data.country, act.data.digest
        if not _is_policy(country, act.data.files, stated):
            return "policy-not-readable"
        self._policies.adopt(book.Adoption(act.at.leaf_index, country, stated))
        return None

    # --- links and remittances --------------------------------------------------------------

    def _link(self, act: Act) -> str | None:
        linked = act.type == LINKED
        if act.corrects:
            self._links.take_back(act.at, act.original, linked=linked)
        if act.data is None:
            return None
        if not self._is_known(act.data.platform, act):
            return "identity-unknown-platform"
        take = self._links.link if linked else self._links.unlink
        return take(act.at, act.original, act.data)

    async def _remit(self, act: Act) -> str | None:
        if act.corrects:
            await self._run("remittance_end", act.original, act.at.leaf_index)
        data, at = act.data, act.at
        if data is None:
            return None
        if not self._is_known(data.platform, act):
            return "remittance-unknown-platform"
        place = (at.event_number, act.original, at.leaf_index, at.recorded_day)
        paid = (to_micros(data.amount), data.currency, data.received_on)
        await self._run("remittance", *place, data.scheme, data.platform, data.period, *paid)
        return None

    # --- small ------------------------------------------------------------------------------

    async def _run(self, name: str, *values: Any) -> None:
        await self._connection.execute(catalogue.fold_sql(name), *values)

    async def _fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(catalogue.fold_sql(name), *values)
        return rows


#: As `book.post` gives them.
ENTRY_COLUMNS = (*lines.COLUMNS, "recorded_day")
_NUMBER = lines.COLUMNS.index("number")


def _is_policy(country: str, files: Mapping[str, str], stated: str) -> bool:
    try:
        return Bundle.from_files(country, files).digest == stated
    except PolicyError:
        return False


def _assignment_fault(data: SchemeAssigned) -> str | None:
    whole = data.platform is not None and data.worker is not None
    partly = data.platform is not None or data.worker is not None
    if (data.person is not None) == whole or partly != whole:
        return "scheme-assigned-to-nobody"
    if data.day_to is not None and data.day_to < data.day_from:
        return "scheme-assigned-for-no-day"
    return None


async def extent_of(connection: asyncpg.Connection, scheme: str, period: str) -> Extent:
    """Which entries a period has so far, and their digest."""
    digest = lines.Digest()
    first: int | None = None
    last: int | None = None
    entries = 0
    query = catalogue.fold_sql("period_entries")
    cursor = await connection.cursor(query, scheme, period)
    while rows := [tuple(row) for row in await cursor.fetch(_FETCHED)]:
        digest.take(rows)
        first, last = first or rows[0][_NUMBER], rows[-1][_NUMBER]
        entries += len(rows)
    return Extent(first, last, entries, digest.text())
