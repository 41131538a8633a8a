"""A scheme's dated values of one month, made ready for arithmetic: whole numbers and reasons."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from events.money import MICRO
from policies import scheme_files as forms
from policies.bundle import Bundle
from policies.meanings import PERIOD_RULE, VALUES_RULE
from policies.parameter import Bands, Value
from policies.schemes import Component, Scheme, Term, default_scheme, scheme_on
from services.ledger.assessment import Charge, Payer, Unknown
from services.ledger.months import first_day
from services.ledger.rounding import MODES, Round, down

#: A rate has up to ten decimals: `percent / 100` is a whole number of these.
_RATE_SCALE = 100 * 10**10
_NO_VALUE = Term("", Value(None))
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most pay of a month that counts, in steps, for each platform or for the person."""

    steps: int
    per_platform: bool


@dataclass(frozen=True, slots=True)
class RateGroup:
    """A branch by rates: of all pay, of pay up to the ceiling, or of `flat` steps."""

    shares: tuple[Charge, ...]
    whole: Charge
    capped: bool
    flat: int | None


@dataclass(frozen=True, slots=True)
class BandGroup:
    """A branch by bands: thresholds in micro-units of the key, amounts in steps.

    The key is `pay * factor / factor_scale`.
    """

    charge: Charge
    whole: Charge
    thresholds: tuple[int, ...]
    amounts: tuple[int, ...]
    factor: int
    factor_scale: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a scheme asks for in a month. Make it once for each (policy, scheme, month).

    `step` is in micro-units; `withheld`: platforms bring the worker's share to the fund. What is
    `unknown` is not assessed and says so.
    """

    scheme: str
    period: str
    country: str
    currency: str
    policy: str
    withheld: bool
    step: int
    round: Round
    ceiling: Ceiling | None
    groups: tuple[RateGroup, ...]
    bands: tuple[BandGroup, ...]
    unknown: tuple[Unknown, ...]
    terms: tuple[Term, ...]


def terms_of(bundle: Bundle, scheme: str, period: str) -> Terms:
    """The terms of a month (`YYYY-MM`): the values in force on its first day.

    A scheme that the policy does not describe has no groups and one `Unknown`.
    """
    return _Maker(bundle, scheme, period).terms()


def default_scheme_of(bundle: Bundle, period: str) -> Term:
    """The scheme of workers to whom none is assigned in a month, and where that is stated."""
    return default_scheme(bundle, first_day(period))


class _Maker:
    """Goes through a scheme once and notes whatever it uses or lacks."""

    def __init__(self, bundle: Bundle, scheme: str, period: str) -> None:
        day = first_day(period)
        self.bundle, self.code, self.period = bundle, scheme, period
        self.said = scheme_on(bundle, scheme, day)
        self.unknown: list[Unknown] = []
        self.used: dict[str, Term] = {}
        self.rules = [Term(path, bundle.at(path, day)) for path in (PERIOD_RULE, VALUES_RULE)]

    def terms(self) -> Terms:
        said = self.said
        if said is None:
            note = f"no value known: {self.bundle.country} describes no scheme {self.code}"
            path = f"{forms.SCHEMES}.{forms.folder_of(self.code)}"
            return self.none(Unknown("", Term(path, Value(None, note=note))))
        needed = [*self.rules, said.kind, said.collection, said.step, said.mode, said.unit]
        if missing := self.missing("", needed):
            return self.none(missing)
        step = _micros(said.step)
        ceiling = self.ceiling(said, step)
        rated = said.kind.stated.value == forms.RATE
        groups = tuple(self.rate_groups(said, step)) if rated else ()
        bands = () if rated else tuple(self.band_groups(said, step))
        return self.made(said, step, ceiling, groups, bands)

    def made(
        self,
        said: Scheme,
        step: int,
        ceiling: Ceiling | None,
        groups: tuple[RateGroup, ...],
        bands: tuple[BandGroup, ...],
    ) -> Terms:
        return Terms(
            self.code,
            self.period,
            self.bundle.country,
            said.currency or "",
            self.bundle.digest,
            said.collection.stated.value == forms.WITHHELD_BY_PLATFORM,
            step,
            MODES[str(said.mode.stated.value)],
            ceiling,
            groups,
            bands,
            tuple(self.unknown),
            tuple(self.used[path] for path in sorted(self.used)),
        )

    def none(self, unknown: Unknown) -> Terms:
        """Terms of a scheme of which nothing can be said."""
        currency = (self.said.currency if self.said else None) or ""
        ends = (self.bundle.country, currency, self.bundle.digest, True, MICRO, down, None, (), ())
        return Terms(self.code, self.period, *ends, (unknown,), ())

    def missing(self, branch: str, needed: Iterable[Term]) -> Unknown | None:
        """The first term without a value; else all are noted as used."""
        needed = list(needed)
        for term in needed:
            if term.stated.value is None:
                return Unknown(branch, term)
        self.used.update({term.path: term for term in needed})
        return None

    def ceiling(self, said: Scheme, step: int) -> Ceiling | None:
        if None in {one.stated.value for one in (said.ceiling, said.scope, said.allocation)}:
            return None
        per_platform = said.scope.stated.value == forms.PER_PLATFORM
        return Ceiling(_micros(said.ceiling) // step, per_platform)

    def rate_groups(self, said: Scheme, step: int) -> Iterator[RateGroup]:
        by_branch = said.unit.stated.value == forms.PER_BRANCH
        members: dict[str, list[Component]] = defaultdict(list)
        for one in said.components:
            members[one.branch if by_branch else one.code].append(one)
        for branch, components in sorted(members.items()):
            group = self.rate_group(said, step, branch, components)
            if isinstance(group, Unknown):
                self.unknown.append(group)
            else:
                yield group

    def rate_group(
        self, said: Scheme, step: int, branch: str, components: list[Component]
    ) -> RateGroup | Unknown:
        rates = [
            (payer, one.platform_rate if payer is Payer.PLATFORM else one.worker_rate)
            for one in components
            for payer in Payer
        ]
        base = components[0].base
        under = self.under(said, base)
        missing = self.missing(branch, [base, *under, *(term for _, term in rates)])
        if missing:
            return missing
        rests = (base, *under, said.step, said.mode)
        shares = [
            _charge(branch, payer, [term for one, term in rates if one is payer], rests)
            for payer in Payer
        ]
        whole = _charge(branch, None, [term for _, term in rates], rests)
        flat = self.flat(said, step) if base.stated.value == forms.FLAT_INCOME else None
        owed = tuple(share for share in shares if share.rate)
        return RateGroup(owed, whole, base.stated.value == forms.CAPPED_PAY, flat)

    def under(self, said: Scheme, base: Term) -> tuple[Term, ...]:
        """What else a base rests on."""
        if base.stated.value == forms.CAPPED_PAY:
            return said.ceiling, said.scope, said.allocation
        if base.stated.value == forms.FLAT_INCOME:
            return said.hourly_minimum, said.hours_per_year, said.multiple
        return ()

    def flat(self, said: Scheme, step: int) -> int:
        """A month of the flat income in steps: a twelfth of minimum wage by hours by multiple."""
        hours, multiple = said.hours_per_year.stated.value, said.multiple.stated.value
        assert isinstance(hours, int)
        assert isinstance(multiple, Decimal)
        scaled = int(multiple.scaleb(10))
        year = _micros(said.hourly_minimum) * hours * scaled
        rounded = MODES[str(said.mode.stated.value)]
        return rounded(year, _MONTHS * step * 10**10)

    def band_groups(self, said: Scheme, step: int) -> Iterator[BandGroup]:
        for one in said.components:
            needed = [one.bands, one.payer, one.key]
            annual = one.key.stated.value == forms.ANNUAL_TAX
            if annual:
                needed.append(one.key_rate)
            if missing := self.missing(one.code, needed):
                self.unknown.append(missing)
                continue
            terms = (*needed, said.step, said.mode)
            factor = _rate(one.key_rate) * _MONTHS if annual else 1
            yield self.band_group(said, step, one, terms, factor, _RATE_SCALE if annual else 1)

    def band_group(
        self,
        said: Scheme,
        step: int,
        one: Component,
        terms: tuple[Term, ...],
        factor: int,
        factor_scale: int,
    ) -> BandGroup:
        bands = one.bands.stated.value
        assert isinstance(bands, tuple)
        payer = Payer(str(one.payer.stated.value))
        rounded = MODES[str(said.mode.stated.value)]
        return BandGroup(
            Charge(one.code, payer, None, 1, 1, terms),
            Charge(one.code, None, None, 1, 1, terms),
            _micros_of(bands, 0),
            tuple(rounded(amount, step) for amount in _micros_of(bands, 1)),
            factor,
            factor_scale,
        )


def _charge(branch: str, payer: Payer | None, rates: list[Term], rests: tuple[Term, ...]) -> Charge:
    percent = sum((_decimal(term) for term in rates), Decimal(0))
    rate = sum(_rate(term) for term in rates)
    return Charge(branch, payer, percent, rate, _RATE_SCALE, (*rates, *rests))


def _decimal(term: Term) -> Decimal:
    value = term.stated.value
    assert isinstance(value, Decimal)
    return value


def _rate(term: Term) -> int:
    return int(_decimal(term).scaleb(10))


def _micros(term: Term) -> int:
    return int(_decimal(term) * MICRO)


def _micros_of(bands: Bands, place: int) -> tuple[int, ...]:
    return tuple(int(band[place] * MICRO) for band in bands)
