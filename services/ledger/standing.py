"""Which policy, exchange rates and schemes stand, of all the acts up to a position. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any

from policies.bundle import Bundle
from policies.exchange import DatedRate
from policies.faults import PolicyError
from services.ledger.assignment import Assigned

#: Bundles kept: reading one takes a tenth of a second, and few are ever adopted.
_BUNDLES_KEPT = 16


@dataclass(frozen=True, slots=True)
class Adopted:
    """A policy in force and the leaf that adopted it."""

    bundle: Bundle
    leaf_index: int


@dataclass(frozen=True, slots=True)
class Act:
    """An act as the views keep it. `original`: the event that it corrects, if it does."""

    event_number: int
    leaf_index: int
    original: int | None
    data: Mapping[str, Any]


def standing_policy(acts: Iterable[Act], country: str) -> Adopted | None:
    """The newest adoption, in any order, of the country's files.

    An adoption whose files are refused, or are not those of its digest, has no effect.
    """
    for act in sorted(acts, key=lambda act: -act.event_number):
        if act.data["country"] != country:
            continue
        bundle = _read(country, tuple(sorted(act.data["files"].items())))
        if bundle is not None and bundle.digest == act.data["digest"]:
            return Adopted(bundle, act.leaf_index)
    return None


@lru_cache(_BUNDLES_KEPT)
def _read(country: str, files: tuple[tuple[str, str], ...]) -> Bundle | None:
    try:
        return Bundle.from_files(country, dict(files))
    except PolicyError:
        return None


class Assignments:
    """Schemes assigned to workers and persons, to be asked about many of them.

    `acts`: every `scheme.assigned` that may be about one of them, and every correction of one that
    has effect.
    """

    def __init__(self, acts: Iterable[Act]) -> None:
        self._by_cell: dict[tuple[str | None, str | None], list[tuple[int, Assigned]]] = {}
        self._by_person: dict[str, list[tuple[int, Assigned]]] = {}
        for place, one in enumerate(_as_corrected(acts)):
            stands = place, _assigned(one)
            cell, person = (one.get("platform"), one.get("worker")), one.get("person")
            # What names both, or half of one, is assigned to nobody: the fold says so.
            if all(cell) and not person:
                self._by_cell.setdefault(cell, []).append(stands)
            elif person and not any(cell):
                self._by_person.setdefault(person, []).append(stands)

    def of(self, person: str | None, cells: Iterable[tuple[str, str]]) -> list[Assigned]:
        """Those of some pseudonyms and of the person that they are, in the order of the log."""
        found = [one for cell in cells for one in self._by_cell.get(cell, ())]
        if person is not None:
            found += self._by_person.get(person, ())
        return [assigned for _, assigned in sorted(found, key=itemgetter(0))]


def _assigned(one: Mapping[str, Any]) -> Assigned:
    last = one.get("day_to")
    return Assigned(
        one["scheme"],
        date.fromisoformat(one["day_from"]),
        date.fromisoformat(last) if last else None,
        one.get("platform"),
        one.get("worker"),
    )


def _as_corrected(acts: Iterable[Act]) -> list[Mapping[str, Any]]:
    """What acts say after their corrections, each in the place of the act that was corrected."""
    said: dict[int, Mapping[str, Any]] = {}
    for act in sorted(acts, key=lambda act: act.event_number):
        if act.original is None:
            said[act.event_number] = act.data
        elif replacement := act.data.get("replacement"):
            said[act.original] = replacement["data"]
        else:
            said.pop(act.original, None)
    return [data for _, data in sorted(said.items())]


def standing_rates(
    acts: Iterable[Act], quote: str, scheme: str | None = None
) -> dict[str, list[DatedRate]]:
    """Rates in `quote` by foreign currency, one a day, oldest first (RULES 7.3).

    `acts`: every `rate.published` and every correction of one that has effect. Of two for one pair
    and day the first stands; a correction speaks for the act that it names. Rates of a scheme
    count for that scheme alone.
    """
    standing: dict[str, dict[date, DatedRate]] = {}
    for rate in _as_corrected(acts):
        if rate["quote"] == quote and rate.get("scheme") in {None, scheme}:
            day = date.fromisoformat(rate["day"])
            dated = DatedRate(day, Decimal(rate["rate"]))
            standing.setdefault(rate["base"], {}).setdefault(day, dated)
    return {base: [days[day] for day in sorted(days)] for base, days in standing.items()}
