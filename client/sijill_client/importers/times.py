"""Times as export files write them.

`Sat Mar 03 16:24:32 PST 2018` (month names are English whatever the machine's language), and ISO
8601 with `UTC`, `Z`, an offset or nothing behind it. Without a zone a time is taken as UTC; the
caller counts that assumption.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

#: Nothing in an export file is older than this, and nothing is from the future.
TIME_MIN = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_AHEAD_MAX = timedelta(minutes=5)

#: Hours from UTC by abbreviation; others are ambiguous (IST, CST) and are not guessed.
_ZONES = {
    "PST": -8,
    "PDT": -7,
    "EST": -5,
    "EDT": -4,
    "CET": 1,
    "CEST": 2,
    "GMT": 0,
    "UTC": 0,
    "Z": 0,
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TURK = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[0-9]{1,2})"
    r" (?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})(?: (?P<zone>[A-Z]{3,4}))? (?P<year>[0-9]{4})\Z"
)
_ISO = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T]"
    r"(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)"
    r" ?(?P<zone>Z|[A-Z]{3,4}|[+-][0-9]{2}:?[0-9]{2})?\Z"
)


class ReadTime(NamedTuple):
    """A moment in UTC, and whether the cell named its zone."""

    moment: datetime
    zone_stated: bool


@lru_cache(maxsize=4096)
def read_time(text: str) -> ReadTime:
    """The moment that a cell states; `ValueError` says why it cannot be read."""
    if found := _TURK.match(text):
        month = _MONTHS.index(found["month"]) + 1 if found["month"] in _MONTHS else 0
        written = f"{found['year']}-{month:02}-{int(found['day']):02}T{found['clock']}"
    elif found := _ISO.match(text):
        written = f"{found['date']}T{found['clock']}"
    else:
        raise ValueError(f"{text!r} is not a time that this format writes")
    try:
        local = datetime.fromisoformat(written)
        return ReadTime(
            local.replace(tzinfo=_zone(found["zone"])).astimezone(UTC), bool(found["zone"])
        )
    except ValueError as fault:
        raise ValueError(f"{text!r} is not a time: {fault}") from None


def check_range(moment: datetime, now: datetime) -> None:
    """`ValueError` for a time before 2000 or in the future."""
    if moment < TIME_MIN:
        raise ValueError(f"{moment:%Y-%m-%d} is before 2000")
    if moment > now + CLOCK_AHEAD_MAX:
        raise ValueError(f"{write_time(moment)} is in the future")


def write_time(moment: datetime) -> str:
    """RFC 3339 in UTC, so that one moment is always the same text."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _zone(text: str | None) -> timezone:
    if not text:
        return UTC
    if text[0] in "+-":
        minutes = int(text[1:3]) * 60 + int(text[-2:])
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    if text not in _ZONES:
        raise ValueError(f"the zone {text} is not known")
    return timezone(timedelta(hours=_ZONES[text]))
