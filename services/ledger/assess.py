"""Assess: a pure function of a worker's or person's month and the policy (RULES 7.2).

Pay is converted day by day, exactly, and rounded once, to the base of each (platform, worker); a
ceiling is taken of bases; each payer's share of each branch is rounded once.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from policies.exchange import Waits
from services.ledger.assessment import Aside, Assessment, Cell, Line, Pay, Used, Waiting, Why
from services.ledger.conversion import RATE_SCALE, Conversions
from services.ledger.rounding import share_out
from services.ledger.terms import BandGroup, RateGroup, Terms

#: A platform, a worker, a currency and a pay day; a residence.
_Foreign = tuple[str, str, str, date]


def assess(
    terms: Terms, pay: Iterable[Pay], conversions: Conversions, *, by_default: bool = False
) -> Assessment:
    """What the month owes the scheme of `terms`.

    `pay`: every row of one worker, or of all pseudonyms of one person, whose pay day lies in the
    month; rows may be split and ordered as one likes. `by_default`: nobody assigned the scheme.
    """
    month = _Month(terms, conversions)
    for one in pay:
        month.add(one)
    return month.assessment(by_default)


class _Month:
    """Pay of one month while it is added up: exact, in micro-units times `RATE_SCALE`."""

    __slots__ = ("aside", "conversions", "exact", "foreign", "terms", "used", "waiting")

    def __init__(self, terms: Terms, conversions: Conversions) -> None:
        self.terms = terms
        self.conversions = conversions
        self.exact: dict[Cell, int] = {}
        self.foreign: dict[_Foreign, int] = {}
        self.aside: dict[tuple[str, str, str, str], int] = {}
        self.waiting: list[Waiting] = []
        self.used: list[Used] = []

    def add(self, one: Pay) -> None:
        """Add a row where it belongs. "MA-CAS" is in the country "MA"."""
        if one.residence[:2] != self.terms.country:
            out = one.platform, one.worker, one.currency, one.residence
            self.aside[out] = self.aside.get(out, 0) + one.gross
        elif one.currency == self.terms.currency:
            cell = one.platform, one.worker
            self.exact[cell] = self.exact.get(cell, 0) + one.gross * RATE_SCALE
        else:
            day = one.platform, one.worker, one.currency, one.day
            self.foreign[day] = self.foreign.get(day, 0) + one.gross

    def assessment(self, by_default: bool) -> Assessment:
        self.convert()
        terms, cells = self.terms, self.positive()
        work = _Work(terms, {} if self.waiting else cells)
        return Assessment(
            terms.scheme,
            terms.period,
            terms.currency,
            terms.policy,
            by_default,
            terms.withheld,
            tuple(work.lines),
            tuple(work.claims),
            terms.unknown,
            tuple(self.waiting),
            tuple(self.asides()),
            tuple(self.used),
            terms.terms,
        )

    def convert(self) -> None:
        """Turn foreign pay into the scheme's currency; what nets out to nothing needs no rate."""
        seen: dict[tuple[str, date], Used] = {}
        for (platform, worker, currency, day), gross in sorted(self.foreign.items()):
            if not gross:
                continue
            found = self.conversions.of(currency, day)
            if isinstance(found, Waits):
                self.waiting.append(Waiting(platform, worker, currency, day, gross, found))
                continue
            scaled, rate = found
            cell = platform, worker
            self.exact[cell] = self.exact.get(cell, 0) + gross * scaled
            seen[currency, day] = Used(currency, day, rate)
        self.used = [seen[key] for key in sorted(seen)]

    def positive(self) -> dict[Cell, int]:
        return {cell: exact for cell, exact in sorted(self.exact.items()) if exact > 0}

    def asides(self) -> list[Aside]:
        aside = [
            Aside(*out, gross, Why.ELSEWHERE if out[3] else Why.UNSTATED)
            for out, gross in self.aside.items()
            if gross
        ]
        home, own = self.terms.country, self.terms.currency
        for (platform, worker), exact in self.exact.items():
            if exact < 0:
                # The parts may be in several currencies; the sum is in the scheme's.
                gross = -(-exact // RATE_SCALE)
                aside.append(Aside(platform, worker, own, home, gross, Why.NOT_POSITIVE))
        return sorted(
            aside, key=lambda one: (one.platform, one.worker, one.currency, one.residence)
        )


class _Work:
    """The lines and claims of positive pay by cell."""

    __slots__ = ("bases", "capped", "claims", "exact", "lines", "terms")

    def __init__(self, terms: Terms, exact: Mapping[Cell, int]) -> None:
        self.terms = terms
        self.exact = exact
        self.lines: list[Line] = []
        self.claims: list[Line] = []
        whole = terms.step * RATE_SCALE
        self.bases = {cell: terms.round(one, whole) for cell, one in exact.items()}
        self.capped = self.bases if terms.ceiling is None else self.under_ceiling()
        for group in terms.groups:
            if group.flat is None:
                self.by_rate(group, self.capped if group.capped else self.bases)
            elif exact:
                self.by_flat_income(group, group.flat)
        for bands in terms.bands:
            if exact:
                self.by_band(bands)

    def under_ceiling(self) -> dict[Cell, int]:
        """Bases up to the ceiling, in proportion where several share one."""
        ceiling = self.terms.ceiling
        assert ceiling is not None
        if len(self.bases) < 2:
            return {cell: min(base, ceiling.steps) for cell, base in self.bases.items()}
        together: dict[str, dict[Cell, int]] = defaultdict(dict)
        for cell, base in self.bases.items():
            together[cell[0] if ceiling.per_platform else ""][cell] = base
        capped: dict[Cell, int] = {}
        for bases in together.values():
            over = sum(bases.values()) > ceiling.steps
            capped.update(share_out(ceiling.steps, bases) if over else bases)
        return capped

    def by_rate(self, group: RateGroup, bases: Mapping[Cell, int]) -> None:
        step, rounded, whole, lines = self.terms.step, self.terms.round, group.whole, self.lines
        for (platform, worker), base in bases.items():
            base_micros = base * step
            for charge in group.shares:
                rate, scale = charge.rate, charge.scale
                amount = rounded(base * rate, scale) * step
                lines.append(
                    Line(charge, platform, worker, base_micros, amount, base_micros * rate, scale)
                )
            rate, scale = whole.rate, whole.scale
            amount = rounded(base * rate, scale) * step
            self.claims.append(
                Line(whole, platform, worker, base_micros, amount, base_micros * rate, scale)
            )

    def by_flat_income(self, group: RateGroup, flat: int) -> None:
        charges = [(share, self.lines) for share in group.shares]
        for charge, into in (*charges, (group.whole, self.claims)):
            amount = self.terms.round(flat * charge.rate, charge.scale)
            exact = flat * charge.rate * self.terms.step
            for cell, share in share_out(amount, self.exact).items():
                ratio = exact * self.exact[cell], charge.scale * sum(self.exact.values())
                into.append(
                    Line(charge, *cell, flat * self.terms.step, share * self.terms.step, *ratio)
                )

    def by_band(self, group: BandGroup) -> None:
        total, step = sum(self.exact.values()), self.terms.step
        # Thresholds and key are whole micro-units, so that rounding down chooses the same band.
        key = total * group.factor // (group.factor_scale * RATE_SCALE)
        amount = group.amounts[bisect_right(group.thresholds, key) - 1]
        for cell, share in share_out(amount, self.exact).items():
            ratio = amount * step * self.exact[cell], total
            for charge, into in ((group.charge, self.lines), (group.whole, self.claims)):
                into.append(Line(charge, *cell, key, share * step, *ratio))
