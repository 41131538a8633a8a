"""Sums that were read once: over finished days of one generation a query's rows never change.

A ministry's page asks for the same dated figures again and again. Only sums are kept here, no rows
about one person, and what is kept is dropped in the order of its last use.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from services.query_api.database import Row

#: Rows that are kept at most, of all answers together: some tens of megabytes.
ROWS_MAX = 50_000


class Remembered:
    """Rows by question, the least recently asked one dropped first."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows_max = rows_max
        self._held = 0
        self._answers: OrderedDict[Hashable, list[Row]] = OrderedDict()

    async def rows(self, question: Hashable, read: Callable[[], Awaitable[list[Row]]]) -> list[Row]:
        """The rows of a question, read if they are not held. The caller may change what it gets."""
        found = self._answers.get(question)
        if found is None:
            found = await read()
            self._keep(question, found)
        else:
            self._answers.move_to_end(question)
        return [dict(row) for row in found]

    def _keep(self, question: Hashable, rows: list[Row]) -> None:
        # Another request may have asked the same meanwhile; and even no rows are an answer.
        self._held -= len(self._answers.pop(question, ()))
        self._answers[question] = rows
        self._held += len(rows)
        while self._answers and (
            self._held > self._rows_max or len(self._answers) > self._rows_max
        ):
            _, dropped = self._answers.popitem(last=False)
            self._held -= len(dropped)
