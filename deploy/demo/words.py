"""How figures are written: numbers, money, names. One place, so that screen and paper agree."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "no value known"
SECTORS = {
    "data-collection": "Data collection",
    "categorisation": "Categorisation",
    "content-access": "Content access",
    "verification": "Verification and validation",
    "content-moderation": "Content moderation",
    "market-research": "Market research and reviews",
    "ai-training": "AI training",
    "transcription": "Transcription",
    "content-creation": "Content creation and editing",
    "surveys": "Surveys and experiments",
    "unallocated": "Time of no task",
}
KINDS = {
    "rejected": "rejected work",
    "not-submitted": "work not handed in",
    "fault": "technical faults",
    "search": "looking for work",
    "qualification": "unpaid tests",
    "waiting": "waiting",
}
NO_REASON = "no reason stated"


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, as people expect of printed figures."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def number(value: Decimal | int | None, places: int = 0) -> str:
    """`1,234.50`, or that no value is known."""
    return UNKNOWN if value is None else f"{rounded(Decimal(value), places):,}"


def share(part: int, whole: int) -> Decimal | None:
    """Part of a whole, 0 to 1; None of nothing."""
    return Decimal(part) / whole if whole else None


def percent(share: Decimal | None, places: int = 1) -> str:
    """`4.2 %` of a share between 0 and 1."""
    return UNKNOWN if share is None else f"{rounded(share * 100, places)} %"


def hours(seconds: int | None) -> str:
    """Hours with one decimal."""
    return number(None if seconds is None else Decimal(seconds) / 3600, 1)


def money(amounts: Mapping[str, Decimal] | None) -> str:
    """`12.30 USD, 4.00 EUR` in order of code."""
    if not amounts:
        return UNKNOWN
    return ", ".join(f"{number(amount, 2)} {code}" for code, amount in sorted(amounts.items()))


def day(value: date) -> str:
    """`20 October 2026`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def sector(code: str) -> str:
    """The name of an ILO task group; an unknown code stands for itself."""
    return SECTORS.get(code, code)


def reason(code: str | None) -> str:
    """A reason code in words."""
    return NO_REASON if code is None else code.replace("-", " ")


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
