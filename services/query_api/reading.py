"""One reading: who asks, what she asked, one snapshot, one answer. Routes stay thin by it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request, Response

from events.access import Reader, Role
from events.days import Days
from services.query_api.access import authenticate, require
from services.query_api.basis import Basis, Cut, Reach, find_cut
from services.query_api.database import Row, Snapshot
from services.query_api.formats import Answer, render
from services.query_api.parameters import Values, read_query
from services.query_api.state import QueryState


def state_of(request: Request) -> QueryState:
    """The parts of the service that a request came to."""
    return cast(QueryState, request.app.state.query)


async def reader_of(request: Request, roles: frozenset[Role]) -> Reader:
    """The proven reader, who has one of these roles. Problems 401 and 403."""
    state = state_of(request)
    reader = await authenticate(request, state.keys, state.identity, state.clock())
    require(reader, roles)
    return reader


@dataclass(frozen=True, slots=True)
class Reading:
    """A question and the snapshot that answers it."""

    request: Request
    state: QueryState
    reader: Reader
    query: Values
    snapshot: Snapshot
    reach: Reach
    cut: Cut

    @property
    def basis(self) -> Basis:
        """What the answer names."""
        return self.cut.basis(self.snapshot.tzdata)

    async def rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of a named query at the cut."""
        return await self.snapshot.rows(name, **values)

    @property
    def days(self) -> Days:
        """The registry's calendar."""
        return self.reach.days

    async def sums(self, name: str, **values: Any) -> list[Row]:
        """The rows of a named query of sums over days, at the cut: of one key there may be two,
        to be added up.

        Only the day that still runs is read each time; what the days before it added up to is
        remembered, and so is a part of a day up to a position.
        """
        finished, rest = self.cut.parts(await self.reach.running())
        rows = await self.remembered(name, **values, **finished.values)
        if rest is None:
            return rows
        read = self.rows if self.cut.is_whole else self.remembered
        return rows + await read(name, **values, **rest.values)

    async def remembered(self, name: str, **values: Any) -> list[Row]:
        """The rows of a named query that gives the same for these values for ever."""
        question = (self.snapshot.generation, name, *sorted(values.items()))
        return await self.state.remembered.rows(question, lambda: self.rows(name, **values))

    @asynccontextmanager
    async def recorded(self) -> AsyncIterator[None]:
        """A worker's rows are read in it, and leave it only after their line in the audit trail.

        The line is written while they are read: behind the block it is durable, also where the
        reading found nothing or failed. Problem 503 if it cannot be written.
        """
        url = self.request.url
        what = f"{self.request.method} {url.path}" + (f"?{url.query}" if url.query else "")
        writing = self.state.audit.record(self.reader, what, self.cut.position)
        line = asyncio.create_task(writing)
        try:
            yield
        finally:
            await line

    def answer(self, document: Any, **table: Any) -> Response:
        """The response in the format asked for."""
        headers = {"Registry-Position": str(self.cut.position), **table.pop("headers", {})}
        return render(self.request, Answer(document, headers=headers, **table))


@asynccontextmanager
async def reading(
    request: Request, roles: frozenset[Role], names: Iterable[str] = (), *, whole: bool = False
) -> AsyncIterator[Reading]:
    """Prove the reader, read the question, open the snapshot; in this order.

    `whole`: as in `QueryDatabase.snapshot`.
    """
    state = state_of(request)
    reader = await reader_of(request, roles)
    query = read_query(request, names)
    _, days = await state.establishment()
    async with state.database.snapshot(whole=whole) as snapshot:
        reach = Reach(snapshot.position, state.recorded, days)
        cut = await find_cut(reach, state.today(days), query.get("as_of"))
        yield Reading(request, state, reader, query, snapshot, reach, cut)
