"""Schemes of some workers are read through an index, and are those that all acts together say."""

from itertools import product
from typing import Any

from events import vocabulary as v
from services.ledger.assignment import Assigned
from services.ledger.standing import Assignments
from services.query_api.database import Snapshot, _compiled
from services.query_api.standing import acts_at, assignments_of
from tests.query_api.posting_world import ATLAS, BASMA, tell_links, tell_person
from tests.query_api.query_world import Json, QueryWorld, event
from tests.query_api.test_query_together import WORKER, month

CELLS = (ATLAS, BASMA, ("atlas", "w-z"))
PERSONS = ("p-1", "p-2")


def _assigned(id_: str, scheme: str, **whose: Any) -> Json:
    said = {"scheme": scheme, "day_from": "2026-01-01", **whose}
    return event("scheme.assigned", "2026-11-02T12:00:00Z", id_, **said)


def _cell(cell: tuple[str, str]) -> Json:
    return {"platform": cell[0], "worker": cell[1]}


def _replaced(id_: str, original: str, scheme: str, **whose: Any) -> Json:
    data = {"scheme": scheme, "day_from": "2026-01-01", **whose}
    new = {"type": "scheme.assigned.v1", "data": data}
    at = "2026-11-02T12:00:00Z"
    return event("correction.replaced", at, id_, event=original, replacement=new)


async def _tell(world: QueryWorld) -> None:
    """Given to one, then to another; taken back; to a person; and to many who are nobody here."""
    others = [_assigned(f"o{n}", "cnss", platform="atlas", worker=f"o-{n}") for n in range(40)]
    steps = [
        [_assigned("a1", "tns", **_cell(ATLAS)), *others],
        [_assigned("a2", "cnss", **_cell(BASMA)), _assigned("a3", "tns", person="p-2")],
        [_replaced("c1", "a2", "tns", **_cell(ATLAS))],
        [_replaced("c2", "a3", "cnss", person="p-1"), _assigned("a4", "cnss", **_cell(CELLS[2]))],
        [_replaced("c3", "a4", "tns", person="p-2"), _replaced("c4", "a4", "cnss", person="p-1")],
        [event("correction.cancelled", "2026-11-02T12:00:00Z", "c5", event="a1")],
    ]
    for place, events in enumerate(steps):
        await world.submit("authority", f"step-{place}", events)


async def test_of_some_they_are_what_all_acts_say_of_them(empty: QueryWorld) -> None:
    await _tell(empty)
    told: set[tuple[Assigned, ...]] = set()
    async with empty.state().database.snapshot() as snapshot:
        for position in range(2, snapshot.position + 1):
            every = Assignments(await acts_at(snapshot, v.SchemeAssigned, position))
            for cell, person in product(CELLS, (None, *PERSONS)):
                named = [person] if person else []
                some = await assignments_of(snapshot, [cell], named, position)
                assert some.of(person, [cell]) == every.of(person, [cell]), (position, cell, person)
                told.add(tuple(some.of(person, [cell])))
            all_named = await assignments_of(snapshot, CELLS, PERSONS, position)
            for person in PERSONS:
                assert all_named.of(person, CELLS) == every.of(person, CELLS)
        assert len(told) > 8
        await _assert_indexed(snapshot)


async def _assert_indexed(snapshot: Snapshot) -> None:
    asked = {"platforms": ["atlas"], "workers": ["w-z"], "persons": ["p-2"]}
    rows = await snapshot.rows("assignment_acts", position=snapshot.position, **asked)
    # Hers and the person's, and what corrected these: of forty others none.
    assert [row["original"] is None for row in rows].count(True) == 2
    query, order = _compiled("assignment_acts")
    values = {**asked, "position": snapshot.position}
    driver = await snapshot._driver()
    plan = await driver.fetch(f"EXPLAIN {query}", *(values[one] for one in order))
    assert "Index Scan using told_assigned" in "\n".join(row[0] for row in plan)


async def test_the_last_word_counts_whether_of_the_person_or_of_her_pseudonym(
    empty: QueryWorld,
) -> None:
    """As the poster has it: what is said of a pseudonym later stands above what the person has."""
    await tell_person(empty)
    await tell_links(empty)
    acts = [_assigned("a1", "tns", person="p-1"), _assigned("a2", "cnss", **_cell(ATLAS))]
    await empty.submit("authority", "act-as", acts)
    both = (await month(empty, WORKER))["together"]
    found = {
        part["platform"]: {one["scheme"] for one in part["contributions"]} for part in both["parts"]
    }
    assert found == {"atlas": {"cnss"}, "basma": {"tns"}}
