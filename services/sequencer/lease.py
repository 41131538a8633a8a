"""Who should write (RULES 2.9). It saves work when it is right; truth never rests on it.

The taker of an expired lease ends the old holder's database session first, so that a frozen
process wakes up to a broken connection instead of a half-done transaction.
"""

from dataclasses import dataclass

import asyncpg

from events.sql import load_sql

#: Seconds without a heartbeat after which another may take over.
LEASE_SECONDS = 5.0
#: Seconds between heartbeats.
HEARTBEAT_SECONDS = 1.0


@dataclass(slots=True)
class Lease:
    """One holder's view of one lease row. The connection is the holder's own."""

    connection: asyncpg.Connection
    role: str
    holder: str

    async def take(self) -> bool:
        """Take or renew. False: another holds it and is alive."""
        row = await self.connection.fetchrow(
            load_sql("services.sequencer", "lease_take"), self.role, self.holder, LEASE_SECONDS
        )
        if row is None:
            return False
        old = row["old_backend_pid"]
        if old is not None and old != row["backend_pid"]:
            await self.connection.execute("SELECT pg_terminate_backend($1)", old)
        return True

    async def give_back(self) -> None:
        """Let the next one in at once."""
        await self.connection.execute(
            load_sql("services.sequencer", "lease_give_back"), self.role, self.holder
        )
