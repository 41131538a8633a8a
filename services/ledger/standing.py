"""Which policy and which exchange rates stand, of all the acts up to a position. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from policies.bundle import Bundle
from policies.exchange import DatedRate
from policies.faults import PolicyError

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


def standing_rates(
    acts: Iterable[Act], quote: str, scheme: str | None = None
) -> dict[str, list[DatedRate]]:
    """Rates in `quote` by foreign currency, one a day, oldest first (RULES 7.3).

    `acts`: every `rate.published` and every correction of one that has effect. Of two for one pair
    and day the first stands; a correction speaks for the act that it names. Rates of a scheme
    count for that scheme alone.
    """
    said: dict[int, Mapping[str, Any]] = {}
    for act in sorted(acts, key=lambda act: act.event_number):
        if act.original is None:
            said[act.event_number] = act.data
        elif replacement := act.data.get("replacement"):
            said[act.original] = replacement["data"]
        else:
            said.pop(act.original, None)
    standing: dict[str, dict[date, DatedRate]] = {}
    for _, rate in sorted(said.items()):
        if rate["quote"] == quote and rate.get("scheme") in {None, scheme}:
            day = date.fromisoformat(rate["day"])
            dated = DatedRate(day, Decimal(rate["rate"]))
            standing.setdefault(rate["base"], {}).setdefault(day, dated)
    return {base: [days[day] for day in sorted(days)] for base, days in standing.items()}
