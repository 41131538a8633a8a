"""Who should write (RULES 2.9). It saves work when it is right; truth never rests on it.

The taker of an expired lease ends the old holder's database sessions first: a transaction that a
frozen process left open would make everyone wait at its leaf until the server's own time limit.
"""

from dataclasses import dataclass

import asyncpg

from events.log.postgres import breaking_told
from events.sql import load_sql

#: Seconds without a heartbeat after which another may take over.
LEASE_SECONDS = 5.0
#: Seconds between heartbeats.
HEARTBEAT_SECONDS = 1.0


def _sql(name: str) -> str:
    return load_sql("services.sequencer", name)


@dataclass(slots=True)
class Lease:
    """One holder's view of one lease row. The connection is the holder's own.

    `holder` is also the `application_name` of every session in which the holder writes, at most
    63 characters of ASCII: PostgreSQL cuts longer ones, and the taker would not find them.
    """

    connection: asyncpg.Connection
    role: str
    holder: str

    async def take(self) -> bool:
        """Take or renew. False: another holds it and is alive. Raises if the session broke."""
        # A frozen holder wakes up here, on a session that another has ended meanwhile.
        with breaking_told():
            row = await self.connection.fetchrow(
                _sql("lease_take"), self.role, self.holder, LEASE_SECONDS
            )
            if row is None:
                return False
            if row["lost_by"] is not None:
                await self.connection.execute(_sql("lease_end_sessions"), row["lost_by"])
            return True

    async def give_back(self) -> None:
        """Let the next one in at once."""
        await self.connection.execute(_sql("lease_give_back"), self.role, self.holder)
