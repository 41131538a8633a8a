"""Who is whom at a position, and which of it a reader is told.

No platform is told anything: it could find a worker on others by it. A worker is told of the
pseudonyms that are linked to hers today: what a link that was ended showed is not hers to read.
Funds, the authority and inspectors see what stood at the position.
"""

from dataclasses import dataclass

from events.access import Role
from services.ledger.assessment import Cell
from services.query_api.database import Snapshot
from services.query_api.ledgers import sees_persons
from services.query_api.reading import Reading


@dataclass(frozen=True, slots=True)
class Person:
    """All pseudonyms that are assessed together, in their order; `name` None: linked to nobody.

    `seen`: those of them that the reader may be shown, the one that was `asked` about among them.
    """

    asked: Cell
    name: str | None
    cells: tuple[Cell, ...]
    seen: tuple[Cell, ...]


async def person_of(r: Reading, cell: Cell, position: int) -> Person:
    """Whose pseudonym this is at a position."""
    name, cells = await linked_to(r.snapshot, cell, position)
    if not sees_persons(r):
        return Person(cell, name, cells, (cell,))
    if r.reader.role is Role.WORKER and name is not None:
        today, now = await linked_to(r.snapshot, cell, r.snapshot.position)
        known = set(now) if today == name else {cell}
        return Person(cell, name, cells, tuple(one for one in cells if one in known))
    return Person(cell, name, cells, cells)


async def linked_to(
    snapshot: Snapshot, cell: Cell, position: int
) -> tuple[str | None, tuple[Cell, ...]]:
    """The person of a pseudonym at a position, and every pseudonym of hers."""
    platform, worker = cell
    where = {"platform": platform, "worker": worker, "position": position}
    rows = await snapshot.rows("person_links", **where)
    if not rows:
        return None, (cell,)
    return rows[0]["person"], tuple((row["platform"], row["worker"]) for row in rows)
