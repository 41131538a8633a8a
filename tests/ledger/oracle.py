"""What is due, worked out a second time: in exact fractions of a unit, as plainly as can be.

Written from the rules alone. It shares no code with the engine, only the dated texts of the policy.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from policies.bundle import Bundle

Cell = tuple[str, str]
#: branch, payer, platform, worker
Share = tuple[str, str, str, str]


class Paid(NamedTuple):
    """Pay of one day in whole micro-units."""

    platform: str
    worker: str
    day: date
    currency: str
    residence: str
    micros: int


class Due(NamedTuple):
    """Shares of platforms and workers, and what the fund is owed, in units of the currency."""

    shares: dict[Share, Fraction]
    owed: dict[tuple[str, str, str], Fraction]


def due(bundle: Bundle, scheme: str, pay: Iterable[Paid], rates: Mapping[str, Fraction]) -> Due:
    """`pay` of one month and one person; `rates` hold for the whole month."""
    pay = list(pay)
    first = min(one.day for one in pay).replace(day=1)
    return _Oracle(bundle, f"schemes.{scheme.replace('-', '_')}", first, rates).due(pay)


class _Oracle:
    def __init__(self, bundle: Bundle, root: str, day: date, rates: Mapping[str, Fraction]) -> None:
        self.bundle, self.root, self.day, self.rates = bundle, root, day, rates
        self.step = self.number("rounding.step")

    def value(self, member: str) -> object:
        return self.bundle.at(f"{self.root}.{member}", self.day).value

    def number(self, member: str) -> Fraction:
        value = self.value(member)
        assert isinstance(value, Decimal | int), member
        return Fraction(value)

    def rounded(self, amount: Fraction) -> Fraction:
        steps = amount / self.step
        match self.value("rounding.mode"):
            case "half-up":
                return floor(steps + Fraction(1, 2)) * self.step
            case "half-even":
                return round(steps) * self.step
            case "down":
                return floor(steps) * self.step
            case _:
                return -floor(-steps) * self.step

    def due(self, pay: list[Paid]) -> Due:
        exact = self.converted(pay)
        found = Due(defaultdict(Fraction), defaultdict(Fraction))
        components = sorted(
            {
                name.split(".")[3]
                for name in self.bundle.parameters
                if name.startswith(f"{self.root}.components.")
            }
        )
        if self.value("kind") == "band":
            for component in components:
                self.band(component, exact, found)
            return found
        for branch, members in self.groups(components).items():
            self.rate(branch, members, exact, found)
        return found

    def converted(self, pay: list[Paid]) -> dict[Cell, Fraction]:
        currency = self.bundle.parameters[f"{self.root}.rounding.step"].currency
        exact: dict[Cell, Fraction] = defaultdict(Fraction)
        for one in pay:
            if one.residence[:2] == self.bundle.country:
                rate = Fraction(1) if one.currency == currency else self.rates[one.currency]
                exact[one.platform, one.worker] += Fraction(one.micros, 1_000_000) * rate
        return {cell: amount for cell, amount in exact.items() if amount > 0}

    def groups(self, components: list[str]) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for one in components:
            code = one.replace("_", "-")
            if self.value("rounding.unit") == "branch":
                stated = self.value(f"components.{one}.branch")
                code = stated if isinstance(stated, str) else code
            groups[code].append(one)
        return groups

    def rate(
        self, branch: str, members: list[str], exact: dict[Cell, Fraction], found: Due
    ) -> None:
        percents = {}
        for payer in ("platform", "worker"):
            stated = [self.value(f"components.{one}.{payer}_rate") for one in members]
            if None in stated:
                return
            percents[payer] = sum((Fraction(str(one)) for one in stated), Fraction(0))
        kinds = {self.value(f"components.{one}.base") for one in members}
        assert len(kinds) == 1
        if "flat-income" in kinds:
            self.flat(branch, percents, exact, found)
            return
        bases = {cell: self.rounded(amount) for cell, amount in exact.items()}
        if "capped-pay" in kinds:
            bases = self.capped(bases)
        for (platform, worker), base in bases.items():
            for payer, percent in percents.items():
                found.shares[branch, payer, platform, worker] += self.rounded(base * percent / 100)
            whole = self.rounded(base * sum(percents.values()) / 100)
            found.owed[branch, platform, worker] += whole

    def capped(self, bases: dict[Cell, Fraction]) -> dict[Cell, Fraction]:
        ceiling = self.number("ceiling.amount")
        together: dict[str, list[Cell]] = defaultdict(list)
        for cell in bases:
            together[cell[0] if self.value("ceiling.scope") == "per-platform" else ""].append(cell)
        capped = {}
        for cells in together.values():
            total = sum(bases[cell] for cell in cells)
            if total <= ceiling:
                capped.update({cell: bases[cell] for cell in cells})
            else:
                capped.update(self.shared(ceiling, {cell: bases[cell] for cell in cells}))
        return capped

    def shared(self, amount: Fraction, weights: dict[Cell, Fraction]) -> dict[Cell, Fraction]:
        """Largest remainder: whole steps first, what is left to the largest rests, then by name."""
        steps, total = amount / self.step, sum(weights.values())
        ideal = {cell: steps * weight / total for cell, weight in weights.items()}
        given = {cell: Fraction(floor(share)) for cell, share in ideal.items()}
        order = sorted(weights, key=lambda cell: (given[cell] - ideal[cell], cell))
        for cell in order[: int(steps - sum(given.values()))]:
            given[cell] += 1
        return {cell: share * self.step for cell, share in given.items()}

    def flat(
        self, branch: str, percents: dict[str, Fraction], exact: dict[Cell, Fraction], found: Due
    ) -> None:
        if not exact:
            return
        hourly = self.bundle.at("minimum_wage.hourly", self.day).value
        assert isinstance(hourly, Decimal)
        year = Fraction(hourly) * self.number("flat_income.hours_per_year")
        base = self.rounded(year / 12 * self.number("flat_income.multiple"))
        for payer, percent in percents.items():
            shares = self.shared(self.rounded(base * percent / 100), exact)
            for cell, share in shares.items():
                found.shares[branch, payer, *cell] += share
        whole = self.shared(self.rounded(base * sum(percents.values()) / 100), exact)
        for cell, share in whole.items():
            found.owed[branch, *cell] += share

    def band(self, component: str, exact: dict[Cell, Fraction], found: Due) -> None:
        bands = self.value(f"components.{component}.bands")
        if not isinstance(bands, tuple) or not exact:
            return
        key = sum(exact.values(), Fraction(0))
        if self.value(f"components.{component}.key") == "annual-tax":
            key = key * 12 * self.number(f"components.{component}.key_rate") / 100
        amount = [amount for threshold, amount in bands if Fraction(threshold) <= key][-1]
        payer = str(self.value(f"components.{component}.payer"))
        branch = component.replace("_", "-")
        for cell, share in self.shared(self.rounded(Fraction(amount)), exact).items():
            found.shares[branch, payer, *cell] += share
            found.owed[branch, *cell] += share
