"""The poster: assess every month at one position, post what differs, chained, and see it folded.

Nothing is kept beside the log. Killed anywhere, or run twice at once, it posts nothing twice: each
posting names the entry that it follows, and has no effect if another came first (RULES 7.4).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from deploy.acts import Act, send_acts
from deploy.engines import open_engine
from deploy.keyfiles import KeyFile
from deploy.processes.settings import Stores
from events import vocabulary as v
from events.clock import Clock, system_clock
from events.limits import EVENTS_MAX
from migrations.roles import QUERY
from policies.bundle import Bundle
from services.ledger.assessment import Cell, Pay
from services.ledger.assignment import Assigned
from services.ledger.change import days_of_month
from services.ledger.conversion import Conversions
from services.ledger.difference import Balance
from services.ledger.posting import Month, Posted, Posting, act_data
from services.ledger.standing import assignments_by_worker, standing_assignments, standing_rates
from services.ledger.terms import default_scheme_of, terms_of
from services.projections.ledger.book import month_after
from services.query_api.database import QueryDatabase, Row, Snapshot
from services.query_api.standing import acts_at, policy_or_none

#: Bytes of the acts of one submission, well below what the door takes.
_BYTES_MAX = 3_000_000
#: Seconds to wait for a fold, and between two looks.
_FOLD_SECONDS, _LOOK_SECONDS = 120.0, 0.05


@dataclass(frozen=True, slots=True)
class Batch:
    """Worker-months of one scheme and month in one submission. `after`: what the first follows."""

    scheme: str
    after: int
    acts: Sequence[Act]
    lines: int


class Mark(Struct, frozen=True):
    """Up to where everything is assessed and posted. `leaf`, `digest`: the last counted leaf then,
    so that a mark of another history is not believed."""

    position: int
    leaf: int
    digest: str


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. `overtaken`: schemes of which another poster was faster. `mark`: for the
    next round, which then looks at what came since; None if this one did not finish."""

    position: int
    postings: int
    lines: int
    waiting: int
    overtaken: tuple[str, ...]
    mark: Mark | None


class Poster:
    """Posts for one registry, with the registry's own key."""

    def __init__(
        self,
        stores: Stores,
        country: str,
        signer: KeyFile,
        url: str,
        clock: Clock = system_clock,
    ) -> None:
        self._stores, self._country = stores, country
        self._signer, self._url, self._clock = signer, url, clock

    async def post(self, say: Callable[[str], None], mark: Mark | None = None) -> Round:
        """Assess at the position of the views and post every difference, scheme by scheme.

        `mark`: of an earlier round; only what may have changed since is assessed again.
        """
        async with open_engine(self._stores.views_dsn(QUERY)) as engine:
            database = QueryDatabase(engine)
            async with database.snapshot() as snapshot:
                adopted = await policy_or_none(snapshot, self._country, snapshot.position)
                if adopted is None:
                    return Round(snapshot.position, 0, 0, 0, (), None)
                since = await _since(snapshot, mark)
                due = Assessing(snapshot, adopted.bundle, since)
                found = [one async for one in due.postings(say)]
                batches = await due.batches(found)
                reached = await _mark(snapshot)
            overtaken = await self._send(database, batches, say)
        lines = sum(len(one.lines) for one in found)
        done = (snapshot.position, len(found), lines, due.waiting, tuple(sorted(overtaken)))
        return Round(*done, None if overtaken else reached)

    async def _send(
        self, database: QueryDatabase, batches: Sequence[Batch], say: Callable[[str], None]
    ) -> set[str]:
        overtaken: set[str] = set()
        for batch in batches:
            if batch.scheme in overtaken:
                continue
            say(f"{batch.scheme}: entries {batch.after + 1} to {batch.after + batch.lines}")
            sent = await asyncio.to_thread(
                send_acts, batch.acts, self._signer, self._url, self._clock
            )
            assert sent.leaf_index is not None
            last = await self._last_folded(database, batch.scheme, sent.leaf_index)
            if last != batch.after + batch.lines:
                overtaken.add(batch.scheme)
        return overtaken

    async def _last_folded(self, database: QueryDatabase, scheme: str, leaf: int) -> int:
        """The scheme's last entry number up to a leaf, once the views hold it."""
        async with asyncio.timeout(_FOLD_SECONDS):
            while True:
                async with database.snapshot() as snapshot:
                    if snapshot.position >= leaf:
                        (row,) = await snapshot.rows("scheme_state", scheme=scheme, position=leaf)
                        return int(row["last"])
                await asyncio.sleep(_LOOK_SECONDS)


async def _mark(snapshot: Snapshot) -> Mark | None:
    rows = await snapshot.rows("posting_mark", position=snapshot.position)
    return Mark(snapshot.position, rows[0]["leaf_index"], rows[0]["mark"]) if rows else None


async def _since(snapshot: Snapshot, mark: Mark | None) -> int | None:
    """The position after which payments count as news; None: everything is to be looked at."""
    if mark is None or mark.position > snapshot.position:
        return None
    found = await snapshot.rows("posting_mark", position=mark.position)
    if not found or (found[0]["leaf_index"], found[0]["mark"]) != (mark.leaf, mark.digest):
        return None
    (acts,) = await snapshot.rows("assessed_anew", since=mark.position)
    return None if acts["anew"] else mark.position


class Assessing:
    """The months of one snapshot under the policy in force there: all of every worker, or those of
    workers paid since a position."""

    def __init__(self, snapshot: Snapshot, bundle: Bundle, since: int | None = None) -> None:
        self._snapshot, self._bundle, self._since = snapshot, bundle, since
        self._news: dict[str, set[Cell]] = {}
        self.waiting = 0

    async def postings(self, say: Callable[[str], None]) -> AsyncIterator[Posting]:
        """What must be posted, month by month."""
        assigned = await acts_at(self._snapshot, v.SchemeAssigned, self._snapshot.position)
        linked = await self._snapshot.rows("linked")
        persons = {(row["platform"], row["worker"]): row["person"] for row in linked}
        by_cell: dict[Cell, list[Assigned]] = assignments_by_worker(assigned)
        for person in set(persons.values()):
            by_cell["", person] = standing_assignments(assigned, "", "", person)
        rates = await acts_at(self._snapshot, v.RatePublished, self._snapshot.position)
        for period in await self._months(persons):
            say(f"assessing {period}")
            month = await self._month(period, by_cell, persons, rates)
            async for cell, rows in self._pay_of(period):
                for posting in month.add(cell, [Pay.of(row) for row in rows]):
                    yield posting
            for posting in month.finish():
                yield posting
            self.waiting += month.waiting

    async def _months(self, persons: Mapping[Cell, str]) -> list[str]:
        if self._since is not None:
            return await self._months_since(self._since, persons)
        paid = await self._snapshot.rows("pay_months")
        posted = await self._snapshot.rows("posted_months")
        months = {str(row["period"]) for row in paid if row["paid"]}
        return sorted(months | {str(row["month"]) for row in posted})

    async def _months_since(self, since: int, persons: Mapping[Cell, str]) -> list[str]:
        """Months with news; who has news brings along all pseudonyms of her person."""
        for row in await self._snapshot.rows("paid_since", since=since):
            self._news.setdefault(row["month"], set()).add(_cell(row))
        for cells in self._news.values():
            known = {persons[cell] for cell in cells if cell in persons}
            cells |= {cell for cell, person in persons.items() if person in known}
        return sorted(self._news)

    def _about(self, period: str) -> dict[str, list[str]]:
        """The workers to look at; none named: all."""
        if self._since is None:
            return {}
        cells = sorted(self._news[period])
        return {"platforms": [one[0] for one in cells], "workers": [one[1] for one in cells]}

    async def _month(
        self,
        period: str,
        assigned: Mapping[Cell, Sequence[Assigned]],
        persons: Mapping[Cell, str],
        rates: Sequence[Any],
    ) -> Month:
        known: dict[str, Any] = {}

        def terms(scheme: str) -> Any:
            if scheme not in known:
                made = terms_of(self._bundle, scheme, period)
                standing = standing_rates(rates, made.currency, scheme)
                known[scheme] = made, Conversions(self._bundle, standing)
            return known[scheme]

        default = default_scheme_of(self._bundle, period).stated.value
        named = default if isinstance(default, str) else None
        return Month(period, named, terms, await self._posted(period), assigned, persons)

    async def _posted(self, period: str) -> Posted:
        posted = Posted()
        about = self._about(period)
        query = "posted_of_workers" if about else "posted_balances"
        for row in await self._snapshot.rows(query, month=period, **about):
            owner = (row["platform"], row["worker"], row["currency"])
            key = Balance(row["account"], row["branch"], *owner)
            posted.add(row["scheme"], key, int(row["amount"]), row["basis"])
        return posted

    def _pay_of(self, period: str) -> AsyncIterator[tuple[Cell, list[Row]]]:
        days, about = days_of_month(period), self._about(period)
        query = "pay_of_workers" if about else "pay_of_month"
        return self._snapshot.by_worker(query, first=days[0], last=days[-1], **about)

    # --- postings to submissions ------------------------------------------------------------

    async def batches(self, postings: Sequence[Posting]) -> list[Batch]:
        """Chained submissions, each of one scheme and month."""
        made: list[Batch] = []
        for scheme in sorted({one.scheme for one in postings}):
            (ends,) = await self._snapshot.rows("scheme_ends", scheme=scheme)
            made += self._chain(scheme, [p for p in postings if p.scheme == scheme], ends)
        return made

    def _chain(self, scheme: str, postings: Sequence[Posting], ends: Row) -> Iterator[Batch]:
        after, begun = ends["last"], ends["last"]
        acts: list[Act] = []
        size = 0
        for place, posting in enumerate(postings):
            data = act_data(
                posting,
                period=_books(posting.month, ends["closed"]),
                after=after,
                basis=self._snapshot.position,
                policy=self._bundle.digest,
            )
            acts.append(Act("ledger.posted", data))
            after += len(posting.lines)
            size += len(json.dumps(data))
            last = place + 1 == len(postings) or postings[place + 1].month != posting.month
            if last or len(acts) == EVENTS_MAX or size > _BYTES_MAX:
                yield Batch(scheme, begun, acts, after - begun)
                acts, begun, size = [], after, 0


def _books(month: str, closed: str | None) -> str:
    """The month whose books a posting goes into: its own, or the oldest open one."""
    return month if closed is None or month > closed else month_after(closed)


def _cell(row: Row) -> Cell:
    return row["platform"], row["worker"]
