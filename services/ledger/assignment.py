"""Under which scheme a worker's pay stands on its pay day."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from services.ledger.assessment import Pay


class Assigned(Struct, frozen=True):
    """A scheme from a day to a day, both inclusive; `last` None: without end.

    To a worker of one platform, or to all pay of the person that is asked about (both None).
    """

    scheme: str
    first: date
    last: date | None = None
    platform: str | None = None
    worker: str | None = None

    def covers(self, pay: Pay) -> bool:
        """Whether pay of a day stands under it."""
        begun = self.first <= pay.day and (self.last is None or pay.day <= self.last)
        hers = self.platform is None or (self.platform, self.worker) == (pay.platform, pay.worker)
        return begun and hers


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
        scheme = next((a.scheme for a in reversed(assigned) if a.covers(one)), None)
        if scheme is not None:
            chosen.add(scheme)
        if scheme or default:
            schemes.setdefault(scheme or default or "", []).append(one)
    return [
        Under(scheme, scheme not in chosen, tuple(schemes[scheme])) for scheme in sorted(schemes)
    ]
