"""Times as export files write them.

`Sat Mar 03 16:24:32 PST 2018` (month names are English whatever the machine's language), ISO 8601,
`4/13/2015 10:02` of spreadsheets and of CrowdFlower, `13 Apr 2015 10:02:33 GMT` of mail and logs.
Without a zone a time is taken as UTC; the caller counts that assumption.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple

#: Nothing in an export file is older than this, and nothing is from the future.
TIME_MIN = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_AHEAD_MAX = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS_OF_A_YEAR = 12

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
_ZONE = r"(?P<zone>Z|[A-Z]{3,4}|(?:GMT|UTC)?[+-][0-9]{2}:?[0-9]{2})"
_CLOCK = r"(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
_TURK = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>[0-9]{1,2})"
    rf" {_CLOCK}(?: {_ZONE})? (?P<year>[0-9]{{4}})\Z"
)
_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(?P<day>[0-9]{1,2})[ -](?P<month>[A-Z][a-z]{2})[ -](?P<year>[0-9]{4})"
    rf" {_CLOCK}(?: ?{_ZONE})?\Z"
)
_ISO = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})[ T]{_CLOCK} ?{_ZONE}?\Z"
)
_SLASHES = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<cut>[/.])(?P<second>[0-9]{1,2})(?P=cut)"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}),? {_CLOCK}(?: ?(?P<half>[AaPp][Mm]))?(?: ?{_ZONE})?\Z"
)
_NUMBER = re.compile(r"(?P<seconds>[0-9]{9,13})(?:\.(?P<fraction>[0-9]{1,9}))?\Z")

DayOrder = Literal["month-first", "day-first"]


@dataclass(frozen=True, slots=True)
class TimeForm:
    """What a file does not say about its own times.

    `order` of `4/5/2015`; `zone` of times that name none (None: UTC, counted as assumed);
    `epoch`: whether a bare number is seconds or milliseconds since 1970; `pattern`: one of
    `datetime.strptime` for times of no usual form.
    """

    order: DayOrder = "month-first"
    zone: tzinfo | None = None
    epoch: Literal["seconds", "milliseconds"] | None = None
    pattern: str | None = None


class ReadTime(NamedTuple):
    """A moment in UTC, and whether the cell (or the mapping) named its zone."""

    moment: datetime
    zone_stated: bool


class OtherOrderError(ValueError):
    """The date can only be read with day and month in the other order."""


@lru_cache(maxsize=4096)
def read_time(text: str, form: TimeForm = TimeForm()) -> ReadTime:
    """The moment that a cell states; `ValueError` says why it cannot be read."""
    if form.pattern:
        return _patterned(text, form.pattern, form.zone)
    found = _TURK.match(text) or _ISO.match(text) or _MAIL.match(text)
    if found:
        day = int(found["day"]), _month(found["month"])
        return _read(text, int(found["year"]), *day, found["clock"], found["zone"], form)
    if found := _SLASHES.match(text):
        return _slashes(text, found, form)
    if form.epoch and (found := _NUMBER.match(text)):
        digits = f"{found['seconds']}.{found['fraction'] or '0'}"
        return ReadTime(_since_1970(digits, form.epoch), True)
    raise ValueError(f"{text!r} is not a time that this format writes")


def reads_either_way(text: str) -> bool:
    """Whether a cell is another day if day and month stand in the other order."""
    found = _SLASHES.match(text)
    if not found or found["cut"] == ".":
        return False
    first, second = int(found["first"]), int(found["second"])
    return first != second and max(first, second) <= _MONTHS_OF_A_YEAR


def check_range(moment: datetime, now: datetime) -> None:
    """`ValueError` for a time before 2000 or in the future."""
    if moment < TIME_MIN:
        raise ValueError(f"{moment:%Y-%m-%d} is before 2000")
    if moment > now + CLOCK_AHEAD_MAX:
        clock = f"this machine's clock says {now:%Y-%m-%d %H:%M}"
        raise ValueError(f"{write_time(moment)} is in the future ({clock})")


def write_time(moment: datetime) -> str:
    """RFC 3339 in UTC, so that one moment is always the same text."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment that many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)


def _slashes(text: str, found: "re.Match[str]", form: TimeForm) -> ReadTime:
    first, second = int(found["first"]), int(found["second"])
    # With points between them the day always stands first (13.4.2015): nobody writes it otherwise.
    day_first = form.order == "day-first" or found["cut"] == "."
    day, month = (first, second) if day_first else (second, first)
    if month > _MONTHS_OF_A_YEAR >= day:
        raise OtherOrderError(
            f"{text!r} has no month {month}: this format writes "
            f"{'day/month/year' if day_first else 'month/day/year'}"
        )
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    clock = _of_24_hours(text, found["clock"], found["half"])
    return _read(text, year, day, month, clock, found["zone"], form)


def _of_24_hours(text: str, clock: str, half: str | None) -> str:
    if not half:
        return clock
    hour, rest = clock.split(":", 1)
    if not 1 <= int(hour) <= 12:
        raise ValueError(f"{text!r} is not a time: hour {hour} of twelve")
    return f"{int(hour) % 12 + (12 if half.lower() == 'pm' else 0)}:{rest}"


def _read(
    text: str, year: int, day: int, month: int, clock: str, zone: str | None, form: TimeForm
) -> ReadTime:
    hour, minute, *rest = clock.replace(",", ".").split(":")
    second, _, fraction = (rest[0] if rest else "0").partition(".")
    try:
        micros = int(f"{fraction:0<6}"[:6])
        local = datetime(year, month, day, int(hour), int(minute), int(second), micros)  # noqa: DTZ001
        stated = _zone(zone) or form.zone
        return ReadTime(local.replace(tzinfo=stated or UTC).astimezone(UTC), bool(stated))
    except (ValueError, OverflowError) as fault:
        raise ValueError(f"{text!r} is not a time: {fault}") from None


def _patterned(text: str, pattern: str, zone: tzinfo | None) -> ReadTime:
    try:
        local = datetime.strptime(text, pattern)  # noqa: DTZ007
    except ValueError:
        raise ValueError(f"{text!r} is not a time of the form {pattern!r}") from None
    stated = local.tzinfo or zone
    return ReadTime(local.replace(tzinfo=stated or UTC).astimezone(UTC), bool(stated))


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return _MONTHS.index(text) + 1 if text in _MONTHS else 0


def _since_1970(digits: str, unit: str) -> datetime:
    whole, _, fraction = digits.partition(".")
    if unit == "milliseconds":
        return EPOCH + timedelta(milliseconds=int(whole))
    return EPOCH + timedelta(seconds=int(whole), microseconds=int(f"{fraction:0<6}"[:6]))


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    text = text.removeprefix("GMT").removeprefix("UTC") or text
    if text[0] in "+-":
        minutes = int(text[1:3]) * 60 + int(text[-2:])
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    if text not in _ZONES:
        raise ValueError(f"the zone {text} is not known")
    return timezone(timedelta(hours=_ZONES[text]))
