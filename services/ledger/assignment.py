"""Under which scheme a worker's pay stands on its pay day."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from services.ledger.assessment import Pay


class Assigned(Struct, frozen=True):
    """A scheme from a day to a day, both inclusive; `last` None: without end."""

    scheme: str
    first: date
    last: date | None = None


class Under(Struct, frozen=True):
    """The pay of a month that stands under one scheme; `by_default`: none of it by assignment."""

    scheme: str
    by_default: bool
    pay: tuple[Pay, ...]


def by_scheme(pay: Iterable[Pay], assigned: Sequence[Assigned], default: str | None) -> list[Under]:
    """A worker's or person's month by scheme, sorted.

    `assigned` in the order of the log: of several that cover a pay day the last one counts. Pay
    that none covers stands under `default`; where there is none it is left out.
    """
    schemes: dict[str, list[Pay]] = {}
    chosen: set[str] = set()
    for one in pay:
        scheme = _scheme_on(one.day, assigned)
        if scheme is not None:
            chosen.add(scheme)
        if scheme or default:
            schemes.setdefault(scheme or default or "", []).append(one)
    return [
        Under(scheme, scheme not in chosen, tuple(schemes[scheme])) for scheme in sorted(schemes)
    ]


def _scheme_on(day: date, assigned: Sequence[Assigned]) -> str | None:
    for one in reversed(assigned):
        if one.first <= day and (one.last is None or day <= one.last):
            return one.scheme
    return None
