"""Expected rows against those of a view, and the first difference said so that it can be found."""

from collections import deque
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.checker.report import Finding

Row = tuple[Any, ...]


@dataclass(slots=True)
class Ordered:
    """Two streams in the same order, compared as they come: nothing but the lag is held.

    `key` names the columns, by number, that both are sorted by and that tell rows apart.
    """

    title: str
    columns: Sequence[str]
    key: tuple[int, ...]
    expected: deque[Row] = field(default_factory=deque)
    found: deque[Row] = field(default_factory=deque)

    @property
    def lacks(self) -> bool:
        """Whether rows are expected that the view has not yet given."""
        return len(self.found) < len(self.expected)

    def compare(self) -> Iterator[Finding]:
        """Compare as far as both streams have come."""
        while self.expected and self.found:
            expected, found = self.expected[0], self.found[0]
            if expected == found:
                self.expected.popleft(), self.found.popleft()
                continue
            ours, theirs = self._sorted_by(expected), self._sorted_by(found)
            if ours <= theirs:
                self.expected.popleft()
            if theirs <= ours:
                self.found.popleft()
            if ours == theirs:
                yield from self._row_faults(expected, found)
            else:
                yield self._missing(expected) if ours < theirs else self._extra(found)

    def finish(self) -> Iterator[Finding]:
        """After both ends: what is left has no partner."""
        yield from self.compare()
        yield from map(self._missing, self.expected)
        yield from map(self._extra, self.found)

    def _sorted_by(self, row: Row) -> Row:
        # Nothing sorts before something: a version that is NULL comes first.
        return tuple((row[k] is not None, row[k] if row[k] is not None else 0) for k in self.key)

    def _row_faults(self, expected: Row, found: Row) -> Iterator[Finding]:
        if expected != found:
            where = f"{self.title}, {self._named(expected)}"
            yield from column_faults(where, self.columns, expected, found)

    def _missing(self, row: Row) -> Finding:
        return Finding(f"{self.title}, {self._named(row)}", "row", row, "no such row")

    def _extra(self, row: Row) -> Finding:
        return Finding(f"{self.title}, {self._named(row)}", "row", "no such row", row)

    def _named(self, row: Row) -> str:
        shown = [k for k in range(len(row)) if self.columns[k] in _NAMING or k in self.key]
        return ", ".join(f"{self.columns[k]} {row[k]}" for k in shown if row[k] is not None)


#: Columns that help to find a row, whatever the view.
_NAMING = frozenset({"event_number", "leaf_index", "emitter"})


def column_faults(
    where: str, columns: Sequence[str], expected: Row, found: Row
) -> Iterator[Finding]:
    """One finding for each column that differs."""
    for name, ours, theirs in zip(columns, expected, found, strict=True):
        if ours != theirs:
            yield Finding(where, f"column {name}", ours, theirs)


@dataclass(slots=True)
class Keyed:
    """Values by key against the rows of a table; `expected` is used up.

    `columns` are those of the rows: first the key's, then as many as `values` says. What an
    expected row holds behind its values is the event that changed them last.
    """

    title: str
    columns: Sequence[str]
    values: int
    expected: MutableMapping[Row, Any]

    def follow(self, rows: Iterable[Row]) -> Iterator[Finding]:
        """Compare rows of the table, in any order."""
        size = len(self.columns) - self.values
        for row in rows:
            key, found = row[:size], row[size:]
            expected = self.expected.pop(key, None)
            if expected is None:
                yield Finding(self._where(key), "row", "no such row", found)
            elif (values := tuple(expected[: self.values])) != found:
                where = self._where(key, expected)
                yield from column_faults(where, self.columns[size:], values, found)

    def finish(self) -> Iterator[Finding]:
        """After all rows: what is left has no row."""
        for key, expected in sorted(self.expected.items(), key=str):
            values = tuple(expected[: self.values])
            yield Finding(self._where(key, expected), "row", values, "no such row")

    def _where(self, key: Row, expected: Sequence[Any] = ()) -> str:
        named = ", ".join(f"{c} {v}" for c, v in zip(self.columns, key, strict=False))
        last = "".join(f" (last event {event})" for event in expected[self.values :])
        return f"{self.title}, {named}{last}"
