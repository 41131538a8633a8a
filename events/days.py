"""Days of the registry's time zone, from the pinned `tzdata` wheel and nothing else.

Never the system's files and never SQL: a rebuild on another machine must give the same days.
"""

from datetime import UTC, date, datetime, timedelta
from importlib import resources
from importlib.metadata import version
from zoneinfo import ZoneInfo

#: Offsets change on whole minutes (in St. John's once at 00:01), so days are looked up by minute.
_MINUTE = 60
_CACHE_MAX = 200_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tzdata_version() -> str:
    """The version of the wheel that the days come from."""
    return version("tzdata")


def zone(name: str) -> ZoneInfo:
    """A zone by its IANA name from the wheel; ValueError for a name that is not there."""
    parts = name.split("/")
    if not all(part and part not in {".", ".."} and part.isascii() for part in parts):
        raise ValueError(f"{name!r} is not an IANA time zone name")
    try:
        with resources.files("tzdata.zoneinfo").joinpath(*parts).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError) as error:
        raise ValueError(f"time zone {name!r} is not in tzdata {tzdata_version()}") from error


class Days:
    """The calendar of one time zone."""

    def __init__(self, time_zone: str) -> None:
        self.time_zone = time_zone
        self.zone = zone(time_zone)
        self._known: dict[int, date] = {}

    def day_of(self, moment: datetime) -> date:
        """The date of a moment (with any offset) in this zone."""
        minute = int(moment.timestamp() // _MINUTE)
        day = self._known.get(minute)
        if day is None:
            if len(self._known) >= _CACHE_MAX:
                self._known.clear()
            at = _EPOCH + timedelta(seconds=minute * _MINUTE)
            day = self._known[minute] = at.astimezone(self.zone).date()
        return day

    def end_of(self, day: date) -> datetime:
        """The first moment after a date, with this zone's offset then."""
        after = day + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=self.zone)
