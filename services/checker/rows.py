"""Rows of a query, fetched as they are wanted: no table is ever held whole."""

from typing import Any, Self

import asyncpg


class Stream:
    """A cursor of a transaction that stays open."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @classmethod
    async def of(cls, connection: asyncpg.Connection, query: str) -> Self:
        """The rows of a query."""
        return cls(await connection.cursor(query))

    async def next(self, limit: int) -> list[tuple[Any, ...]]:
        """Up to `limit` more rows; none at the end."""
        return [tuple(row) for row in await self._cursor.fetch(limit)]
