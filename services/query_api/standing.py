"""The policy, rates and schemes that stand at the cut of an answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from events import vocabulary as v
from policies.exchange import DatedRate
from services.ledger.assessment import Cell
from services.ledger.assignment import Assigned
from services.ledger.standing import (
    Act,
    Adopted,
    Assignments,
    standing_policy,
    standing_rates,
)
from services.query_api.database import Row, Snapshot, in_columns
from services.web.problems import Problem


async def policy_or_none(snapshot: Snapshot, country: str, position: int) -> Adopted | None:
    """The policy in force, if one was adopted up to the position."""
    rows = await snapshot.rows("policy_acts", country=country, position=position)
    return standing_policy(map(_act, rows), country)


async def policy_at(snapshot: Snapshot, country: str, position: int) -> Adopted:
    """The policy in force. Problem 404 if none was adopted up to the position."""
    adopted = await policy_or_none(snapshot, country, position)
    if adopted is None:
        detail = f"no policy of {country} was adopted up to position {position}"
        raise Problem(404, "not-found", detail)
    return adopted


async def rates_at(
    snapshot: Snapshot, quote: str, position: int, scheme: str | None = None
) -> dict[str, list[DatedRate]]:
    """Rates by foreign currency that stand for all schemes, and for one."""
    return standing_rates(await acts_at(snapshot, v.RatePublished, position), quote, scheme)


async def assignments_of(
    snapshot: Snapshot, cells: Sequence[Cell], persons: Sequence[str], position: int
) -> Assignments:
    """The schemes assigned to some pseudonyms and to some persons, and to nobody else."""
    about = {"persons": persons, "position": position, **in_columns(cells)}
    return Assignments(map(_act, await snapshot.rows("assignment_acts", **about)))


@dataclass(frozen=True, slots=True)
class Everybody:
    """Who is whom and under which scheme, for whoever assesses all workers of a month."""

    persons: Mapping[Cell, str]
    pseudonyms: Mapping[str, Sequence[Cell]]
    assigned: Assignments

    def of(self, cell: Cell) -> Sequence[Assigned]:
        """The schemes assigned to one who is linked to nobody."""
        return self.assigned.of(None, [cell])

    def of_person(self, person: str) -> Sequence[Assigned]:
        """Those assigned to a person and to her pseudonyms."""
        return self.assigned.of(person, self.pseudonyms[person])


async def everybody_at(snapshot: Snapshot, position: int) -> Everybody:
    """As links and assignments stand at a position."""
    rows = await snapshot.rows("linked_at", position=position)
    persons = {(row["platform"], row["worker"]): str(row["person"]) for row in rows}
    pseudonyms: dict[str, list[Cell]] = defaultdict(list)
    for cell, person in sorted(persons.items()):
        pseudonyms[person].append(cell)
    acts = await acts_at(snapshot, v.SchemeAssigned, position)
    return Everybody(persons, pseudonyms, Assignments(acts))


async def acts_at(snapshot: Snapshot, event: type[v.Event], position: int) -> list[Act]:
    """Every act of a type up to a position, and what corrects them."""
    rows = await snapshot.rows("standing_acts", type=v.type_of(event), position=position)
    return [_act(row) for row in rows]


def _act(row: Row) -> Act:
    data = msgspec.json.decode(row["data"])
    return Act(row["event_number"], row["leaf_index"], row["original"], data)
