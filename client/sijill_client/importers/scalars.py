"""Cells other than times and money, as the registry takes them; `ValueError` says what is wrong."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

#: One leap year: no effective work time is longer.
SECONDS_MAX = 366 * 86_400
TITLE_CHARS_MAX = 512
#: The ten ILO groups of crowdwork (Berg et al. 2018), as the registry spells them.
TASK_GROUPS = (
    "data-collection",
    "categorisation",
    "content-access",
    "verification",
    "content-moderation",
    "market-research",
    "ai-training",
    "transcription",
    "content-creation",
    "surveys",
)
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_RESIDENCE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?\Z")
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9](?:\.[0-9]{1,12})?)\Z")
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?\Z")
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def read_seconds(text: str) -> int:
    """Whole seconds; `528.02` of a platform that measures finer is 528, halves go up.

    A span as a clock shows it, `0:08:48`, is what it says. `8:48` may be hours: it is not read.
    """
    if found := _CLOCK.match(text):
        text = f"{int(found[1]) * 3600 + int(found[2]) * 60 + Decimal(found[3]):f}"
    if not _SECONDS.match(text) or (seconds := int(Decimal(text) + Decimal("0.5"))) > SECONDS_MAX:
        raise ValueError(f"{text!r} is not a number of seconds up to {SECONDS_MAX:,}")
    return seconds


def read_minutes(text: str) -> int:
    """Minutes, or a span as a clock shows it, as whole seconds."""
    if _CLOCK.match(text):
        return read_seconds(text)
    return read_seconds(f"{_times_60(text):f}")


def with_comma(read: Callable[[str], int]) -> Callable[[str], int]:
    """The same where decimals may stand after a comma."""
    return lambda text: read(text.replace(",", "."))


def read_currency(text: str) -> str:
    """An ISO 4217 code."""
    if not _CURRENCY.match(text):
        raise ValueError(f"{text!r} is not an ISO 4217 code such as USD")
    return text


def read_residence(text: str) -> str:
    """A country (ISO 3166-1 alpha-2), or one with its region (ISO 3166-2)."""
    if not _RESIDENCE.match(text):
        raise ValueError(f"{text!r} is not a country such as MA or MA-06")
    return text


def read_task_group(text: str) -> str:
    """One of the ILO groups."""
    if text not in TASK_GROUPS:
        raise ValueError(f"{text!r} is none of {', '.join(TASK_GROUPS)}")
    return text


def read_yes_or_no(text: str) -> bool:
    """Whether it says yes."""
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise ValueError(f"{text!r} is neither true nor false")


def read_title(text: str) -> str:
    """Plain text on one line."""
    title = " ".join(text.split())
    if len(title) > TITLE_CHARS_MAX or not title.isprintable():
        raise ValueError(f"not plain text of at most {TITLE_CHARS_MAX} characters")
    return title


def _times_60(text: str) -> Decimal:
    try:
        minutes = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number of minutes") from None
    if not minutes.is_finite() or minutes < 0:
        raise ValueError(f"{text!r} is not a number of minutes")
    return minutes * 60
