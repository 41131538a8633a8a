"""A database connection that fails on command, before or after the server did what was asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

_ASKING = {"execute", "fetch", "fetchval", "fetchrow", "copy_records_to_table", "copy_to_table"}


class Killed(Exception):
    """Stands for the process's death, or for a connection lost with an unknown outcome."""


@dataclass
class Fuse:
    """Lets so many steps pass, then fails one; `blown` says at which."""

    left: int
    steps: list[str] = field(default_factory=list)
    blown: str = ""

    def burn(self, step: str) -> None:
        """One step more. Raises `Killed` when it is the last."""
        self.steps.append(step)
        self.left -= 1
        if self.left == 0:
            self.blown = step
            raise Killed(step)


class FailingConnection:
    """Stands in for an asyncpg connection; each statement and each COMMIT burns the fuse."""

    def __init__(self, connection: Any, fuse: Fuse) -> None:
        self._connection, self._fuse = connection, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in _ASKING:
            return found

        async def ask(what: str, *more: Any, **options: Any) -> Any:
            answer = await found(what, *more, **options)
            self._fuse.burn(f"{name} {' '.join(what.split())[:60]}")
            return answer

        return ask

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[None]:
        """Fails just before COMMIT (it is rolled back), or just after (its answer is lost)."""
        async with self._connection.transaction(**options):
            self._fuse.burn("BEGIN")
            yield
            self._fuse.burn("before COMMIT")
        self._fuse.burn("after COMMIT")
