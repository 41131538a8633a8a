"""Links of pseudonyms to persons, and remittances, from the acts alone (RULES 4, 7)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from events.money import to_micros
from services.checker.reading import Object

Row = tuple[Any, ...]
LINKED, UNLINKED = "identity.linked.v1", "identity.unlinked.v1"
REMITTED, ASSIGNED = "remittance.received.v1", "scheme.assigned.v1"
LINK = (
    *("platform", "worker", "event_number", "original", "person", "leaf_index", "recorded_day"),
    *("ended_event", "ended_original", "ended_leaf"),
)
REMITTANCE = (
    *("event_number", "original", "leaf_index", "recorded_day", "scheme", "platform", "period"),
    *("amount", "currency", "received_on", "ended_leaf"),
)
#: Event number, leaf, recorded day.
Place = tuple[int, int, date]


@dataclass(slots=True)
class Persons:
    """Every link that ever stood as [row, end]; who is whom now; remittances likewise."""

    links: list[tuple[Row, list[int | None]]] = field(default_factory=list)
    now: dict[tuple[str, str], int] = field(default_factory=dict)
    remitted: list[tuple[Row, list[int | None]]] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)

    def take(self, event_type: str, data: Object, at: Place) -> str | None:
        """A new act: the rule that it breaks, None if it has effect."""
        return self._apply(event_type, data, at, at[0])

    def correct(self, event_type: str, original: int, data: Object | None, at: Place) -> str | None:
        """A correction of an act: first what stood ends, then the new data is taken."""
        number, leaf, _ = at
        if event_type == LINKED:
            for index, (row, end) in enumerate(self.links):
                if row[3] == original and end[2] is None:
                    self._end(index, number, original, leaf)
        elif event_type == UNLINKED:
            for row, end in list(self.links):
                if end[1] == original and row[:2] not in self.now:
                    self._open(row[:2], row[4], row[3], at)
        elif event_type == REMITTED:
            for row, end in self.remitted:
                if row[1] == original and end[0] is None:
                    end[0] = leaf
        return None if data is None else self._apply(event_type, data, at, original)

    def _apply(self, event_type: str, data: Object, at: Place, original: int) -> str | None:
        if event_type == ASSIGNED:
            return _assigned(data)
        if data["platform"] not in self.registered:
            return f"{event_type.partition('.')[0]}-unknown-platform"
        if event_type == REMITTED:
            self._remit(data, at, original)
            return None
        return self._link(event_type, data, at, original)

    def _link(self, event_type: str, data: Object, at: Place, original: int) -> str | None:
        who = (data["platform"], data["worker"])
        index = self.now.get(who)
        person = None if index is None else self.links[index][0][4]
        if event_type == UNLINKED:
            if index is None or person != data["person"]:
                return "identity-not-linked"
            self._end(index, at[0], original, at[1])
            return None
        if index is not None:
            same = person == data["person"]
            return "identity-link-cycle" if same else "identity-second-person"
        self._open(who, data["person"], original, at)
        return None

    def _open(self, who: Row, person: str, original: int, at: Place) -> None:
        number, leaf, day = at
        self.now[who[0], who[1]] = len(self.links)
        self.links.append(((*who, number, original, person, leaf, day), [None, None, None]))

    def _end(self, index: int, number: int, original: int, leaf: int) -> None:
        row, end = self.links[index]
        end[:] = [number, original, leaf]
        del self.now[row[0], row[1]]

    def _remit(self, data: Object, at: Place, original: int) -> None:
        number, leaf, day = at
        paid = (to_micros(data["amount"]), data["currency"])
        head = (number, original, leaf, day, data["scheme"], data["platform"], data["period"])
        self.remitted.append(((*head, *paid, date.fromisoformat(data["received_on"])), [None]))

    def link_rows(self) -> Iterator[Row]:
        """As `identity_link` holds them."""
        return ((*row, *end) for row, end in self.links)

    def remittance_rows(self) -> Iterator[Row]:
        """As `remittance` holds them."""
        return ((*row, *end) for row, end in self.remitted)


def _assigned(data: Object) -> str | None:
    person, platform, worker = (data.get(name) for name in ("person", "platform", "worker"))
    if bool(person) == bool(platform) or bool(platform) != bool(worker):
        return "scheme-assigned-to-nobody"
    if data.get("day_to") and data["day_to"] < data["day_from"]:
        return "scheme-assigned-for-no-day"
    return None
