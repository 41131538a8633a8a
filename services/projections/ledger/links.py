"""Which pseudonym is which person: links and their ends, one act after the other. Pure.

A pseudonym is one person at a time. So the graph of persons and pseudonyms is a forest, and an
act that would close a circle in it, or give a pseudonym a second person, has no effect.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from events.acts import IdentityLink
from services.projections.ledger.book import At


@dataclass(slots=True)
class Link:
    """A row of the view `identity_link`, in the order of its columns."""

    platform: str
    worker: str
    event_number: int
    original: int
    person: str
    leaf_index: int
    recorded_day: date
    ended_event: int | None = None
    ended_original: int | None = None
    ended_leaf: int | None = None

    def end(self, at: At, original: int) -> None:
        """It stands until before this act."""
        self.ended_event, self.ended_original = at.event_number, original
        self.ended_leaf = at.leaf_index


@dataclass(slots=True)
class Links:
    """Every link of the pseudonyms that acts are about, by event number; `changed` to be kept."""

    rows: list[Link] = field(default_factory=list)
    changed: list[Link] = field(default_factory=list)

    def link(self, at: At, original: int, data: IdentityLink) -> str | None:
        """A pseudonym belongs to a person from here on; else the rule that is broken."""
        stands = self._standing(data.platform, data.worker)
        if stands is not None:
            same = stands.person == data.person
            return "identity-link-cycle" if same else "identity-second-person"
        self._open(at, original, data.platform, data.worker, data.person)
        return None

    def unlink(self, at: At, original: int, data: IdentityLink) -> str | None:
        """A pseudonym belongs to a person no longer; else the rule that is broken."""
        stands = self._standing(data.platform, data.worker)
        if stands is None or stands.person != data.person:
            return "identity-not-linked"
        self._end(stands, at, original)
        return None

    def take_back(self, at: At, original: int, *, linked: bool) -> None:
        """Undo what stands of an act that linked, or that unlinked."""
        for row in [row for row in self.rows if self._is_of(row, original, linked=linked)]:
            if linked:
                self._end(row, at, original)
            elif self._standing(row.platform, row.worker) is None:
                self._open(at, row.original, row.platform, row.worker, row.person)

    @staticmethod
    def _is_of(row: Link, original: int, *, linked: bool) -> bool:
        if linked:
            return row.original == original and row.ended_leaf is None
        return row.ended_original == original

    def _standing(self, platform: str, worker: str) -> Link | None:
        for row in self.rows:
            if (row.platform, row.worker) == (platform, worker) and row.ended_leaf is None:
                return row
        return None

    def _open(self, at: At, original: int, platform: str, worker: str, person: str) -> None:
        place = at.event_number, original, person, at.leaf_index, at.recorded_day
        row = Link(platform, worker, *place)
        self.rows.append(row)
        self.changed.append(row)

    def _end(self, row: Link, at: At, original: int) -> None:
        row.end(at, original)
        if row not in self.changed:
            self.changed.append(row)

    def to_keep(self) -> Iterator[Link]:
        """Changed rows, ends before what follows them."""
        return iter(sorted(self.changed, key=lambda row: row.ended_leaf is None))


def links_of(rows: Iterable[Link]) -> Links:
    """The state that rows of the view are."""
    return Links(list(rows))
