"""Short ways to say a month of pay and to read an assessment of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from events.money import MICRO, from_micros, to_micros
from policies import country_folder
from policies.bundle import Bundle
from policies.exchange import DatedRate
from policies.loader import read_folder
from services.ledger.assess import assess
from services.ledger.assessment import Assessment, Pay
from services.ledger.conversion import Conversions
from services.ledger.terms import terms_of

Rates = Mapping[str, Iterable[DatedRate]]


@cache
def morocco() -> Bundle:
    """The rules that ship."""
    return Bundle.from_files("MA", read_folder(country_folder("ma")))


@cache
def tunisia() -> Bundle:
    """The second country, of the tests alone."""
    folder = Path(__file__).parents[1] / "policies" / "tn"
    return Bundle.from_files("TN", read_folder(folder))


def changed(bundle: Bundle, **codes: str) -> Bundle:
    """A country that decided otherwise: `schemes__cnss__ceiling__scope="per-worker"`."""
    files = dict(bundle.files)
    for name, code in codes.items():
        path = f"{name.replace('__', '/')}.yaml"
        parameter = bundle.parameters[name.replace("__", ".")]
        lines = files[path].splitlines(keepends=True)
        old = [value.value for value in parameter.values if value.value is not None]
        files[path] = "".join(
            line.replace(str(old[-1]), code) if line.strip().startswith("value:") else line
            for line in lines
        )
    return Bundle.from_files(bundle.country, files)


def pay(
    gross: str,
    day: str = "2026-10-07",
    platform: str = "atlas",
    worker: str = "w-1",
    currency: str = "MAD",
    residence: str = "MA",
) -> Pay:
    """Gross pay of a day; a minus sign takes it back."""
    micros = -to_micros(gross[1:]) if gross.startswith("-") else to_micros(gross)
    return Pay(platform, worker, date.fromisoformat(day), currency, residence, micros)


def rates(currency: str, **days: str) -> dict[str, list[DatedRate]]:
    """Standing rates of one currency: `rates("USD", d20261001="9.24")`."""
    dated = [
        DatedRate(date.fromisoformat(day.removeprefix("d")), Decimal(rate))
        for day, rate in days.items()
    ]
    return {currency: dated}


def assessed(
    *rows: Pay,
    scheme: str = "cnss",
    bundle: Bundle | None = None,
    standing: Rates | None = None,
    by_default: bool = False,
) -> Assessment:
    """The assessment of rows of one month."""
    bundle = bundle or morocco()
    terms = terms_of(bundle, scheme, rows[0].day.isoformat()[:7])
    lists = {currency: list(dated) for currency, dated in (standing or {}).items()}
    return assess(terms, rows, Conversions(bundle, lists), by_default=by_default)


def shares(assessment: Assessment) -> dict[str, tuple[str, str]]:
    """Branch to (platform's, worker's) share over all platforms, in units."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: {"platform": 0, "worker": 0})
    for line in assessment.lines:
        found[line.charge.branch][str(line.charge.payer)] += line.amount
    return {
        branch: (from_micros(both["platform"]), from_micros(both["worker"]))
        for branch, both in found.items()
    }


def owed(assessment: Assessment) -> Decimal:
    """What the fund is owed over all branches, in units."""
    return Decimal(sum(claim.amount for claim in assessment.claims)) / MICRO


def bases(assessment: Assessment, branch: str) -> dict[str, str]:
    """Platform to the base of a branch, in units."""
    return {
        claim.platform: from_micros(claim.base)
        for claim in assessment.claims
        if claim.charge.branch == branch
    }
