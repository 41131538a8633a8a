"""What must be posted, worked out from one snapshot of the views: month by month, pseudonym by
pseudonym.

Only some owners are in memory at a time, so a round takes as much however many were paid.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from events import vocabulary as v
from policies.bundle import Bundle
from policies.schemes import scheme_codes
from services.ledger.assessment import Cell, Pay
from services.ledger.conversion import Conversions
from services.ledger.difference import Balance
from services.ledger.months import month_ends
from services.ledger.posting import Due, Month, Owner, Posted, Posting, TermsOf
from services.ledger.standing import Act, standing_rates
from services.ledger.terms import default_scheme_of, terms_of
from services.query_api.database import Row, Snapshot, in_columns
from services.query_api.standing import acts_at, assignments_of

#: Pseudonyms that are assessed at once: their pay, schemes and what stands posted are in memory,
#: and pay and schemes of all others that are the same persons.
CELLS_AT_ONCE = 500
_FETCHED = 5_000
#: Above every event number.
_EVERY_EVENT = 2**62
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class Mark(Struct, frozen=True):
    """The last event up to which everything is assessed and posted, and a digest of the newest ones
    then, so that a mark of another history is not believed."""

    event: int
    digest: str


@dataclass(frozen=True, slots=True)
class Only:
    """A part of what there is to post: one scheme's, one month's (`YYYY-MM`); None: all."""

    scheme: str | None = None
    period: str | None = None

    def __post_init__(self) -> None:
        if self.period is not None and not _MONTH.fullmatch(self.period):
            raise ValueError(f"{self.period!r} is no month: write it as YYYY-MM, like 2026-03")


ALL = Only()


async def mark_of(snapshot: Snapshot) -> Mark | None:
    """The mark of a snapshot of which everything is posted."""
    return await _mark_at(snapshot, _EVERY_EVENT)


async def news_behind(snapshot: Snapshot, mark: Mark | None) -> int | None:
    """The event behind which payments count as news; None: everything is to be looked at."""
    if mark is None or await _mark_at(snapshot, mark.event) != mark:
        return None
    (acts,) = await snapshot.rows("assessed_anew", since=mark.event)
    return None if acts["anew"] else mark.event


async def _mark_at(snapshot: Snapshot, event: int) -> Mark | None:
    rows = await snapshot.rows("posting_mark", event=event)
    return Mark(**rows[0]) if rows else None


class Assessing:
    """The months of one snapshot under the policy in force there.

    `since`: only of whom a payment was told behind that event; None: of everybody.
    """

    def __init__(
        self, snapshot: Snapshot, bundle: Bundle, since: int | None = None, only: Only = ALL
    ) -> None:
        self._snapshot, self._bundle, self._since, self._only = snapshot, bundle, since, only
        #: Digest of the policy that everything is assessed under.
        self.policy = bundle.digest
        #: Worker-months that wait for an exchange rate.
        self.waiting = 0

    async def postings(self, say: Callable[[str], None]) -> AsyncIterator[Posting]:
        """What must be posted, in the order of months and, in each, of pseudonyms.

        Who is whom has no part in the order: a platform could tell by it.
        """
        await self._check_scheme()
        rates = await acts_at(self._snapshot, v.RatePublished, self._snapshot.position)
        for period, owners in await self._months():
            say(f"assessing {period}")
            month = self._month(period, rates)
            async for some in _at_once(owners):
                for posting in await self._of(month, some):
                    yield posting
            self.waiting += month.waiting

    async def _check_scheme(self) -> None:
        scheme = self._only.scheme
        known = scheme_codes(self._bundle)
        if scheme is None or scheme in known:
            return
        (ends,) = await self._snapshot.rows("scheme_ends", scheme=scheme)
        # What stands posted under a scheme that the policy no longer describes can be taken back.
        if not ends["last"]:
            raise ValueError(f"no scheme {scheme!r}: the adopted policy has {', '.join(known)}")

    # --- whose months -----------------------------------------------------------------------

    async def _months(self) -> list[tuple[str, AsyncIterator[Row]]]:
        if self._since is not None:
            news: dict[str, list[Row]] = {}
            for row in await self._snapshot.rows("owners_since", since=self._since):
                news.setdefault(row["month"], []).append(row)
            return [(month, _each(rows)) for month, rows in news.items()]
        paid = await self._snapshot.rows("pay_months")
        posted = await self._snapshot.rows("posted_months")
        months = {str(row["period"]) for row in paid if row["paid"]}
        return [(one, self._owners(one)) for one in self._chosen(months, posted)]

    def _chosen(self, paid: set[str], posted: Sequence[Row]) -> list[str]:
        months, asked = sorted(paid | {str(row["month"]) for row in posted}), self._only.period
        if asked is None:
            return months
        if asked not in months:
            have = f"there is {months[0]} to {months[-1]}" if months else "nobody was paid yet"
            raise ValueError(f"nobody was paid and nothing stands posted for {asked}: {have}")
        return [asked]

    async def _owners(self, period: str) -> AsyncIterator[Row]:
        first, last = month_ends(period)
        values = {"first": first, "last": last, "month": period}
        async for row in self._snapshot.stream("owners_of_month", _FETCHED, **values):
            yield row

    # --- what they are owed -----------------------------------------------------------------

    def _month(self, period: str, rates: Sequence[Act]) -> Month:
        default = default_scheme_of(self._bundle, period).stated.value
        return Month(
            period,
            default if isinstance(default, str) else None,
            self._terms(period, rates),
            self._only.scheme,
        )

    def _terms(self, period: str, rates: Sequence[Act]) -> TermsOf:
        known: dict[str, Any] = {}

        def terms(scheme: str) -> Any:
            if scheme not in known:
                made = terms_of(self._bundle, scheme, period)
                standing = standing_rates(rates, made.currency, scheme)
                known[scheme] = made, Conversions(self._bundle, standing)
            return known[scheme]

        return terms

    async def _of(self, month: Month, owners: Sequence[Owner]) -> list[Posting]:
        persons = sorted({one.person for one in owners if one.person is not None})
        linked = await self._linked(persons)
        own = [one.cell for one in owners]
        cells = sorted({*own, *(cell for some in linked.values() for cell in some)})
        assigned = await assignments_of(self._snapshot, cells, persons, self._snapshot.position)
        pay, posted = await self._pay(month, cells), await self._posted(month, own)

        def due(person: str | None, together: Sequence[Cell]) -> Due:
            hers = [one for cell in together for one in pay.get(cell, ())]
            return month.due(hers, assigned.of(person, together))

        by_person = {person: due(person, some) for person, some in linked.items()}
        return [
            posting
            for owner in owners
            for posting in month.postings(
                owner,
                due(None, [owner.cell]) if owner.person is None else by_person[owner.person],
                posted,
            )
        ]

    async def _linked(self, persons: Sequence[str]) -> dict[str, list[Cell]]:
        """All pseudonyms of persons, by person."""
        found: dict[str, list[Cell]] = {}
        for row in await self._snapshot.rows("pseudonyms_of", persons=persons) if persons else ():
            found.setdefault(row["person"], []).append((row["platform"], row["worker"]))
        return found

    async def _pay(self, month: Month, cells: Sequence[Cell]) -> dict[Cell, list[Pay]]:
        pay: dict[Cell, list[Pay]] = {}
        first, last = month_ends(month.period)
        asked = {"first": first, "last": last, **in_columns(cells)}
        async for cell, rows in self._snapshot.by_worker("pay_of_workers", **asked):
            pay.setdefault(cell, []).extend(map(Pay.of, rows))
        return pay

    async def _posted(self, month: Month, cells: Sequence[Cell]) -> Posted:
        posted, asked = Posted(), {"month": month.period, **in_columns(cells)}
        async for row in self._snapshot.stream("posted_of_workers", _FETCHED, **asked):
            whose = (row["platform"], row["worker"], row["currency"])
            key = Balance(row["account"], row["branch"], *whose)
            posted.add(row["scheme"], key, int(row["amount"]), row["basis"])
        return posted


async def _each(rows: Iterable[Row]) -> AsyncIterator[Row]:
    for row in rows:
        yield row


async def _at_once(rows: AsyncIterator[Any]) -> AsyncIterator[list[Owner]]:
    """Owners, some at a time. `rows`: platform, worker, and person or None."""
    owners: list[Owner] = []
    async for row in rows:
        owners.append(Owner((row["platform"], row["worker"]), row["person"]))
        if len(owners) >= CELLS_AT_ONCE:
            yield owners
            owners = []
    if owners:
        yield owners
