"""Who should write (RULES 2.9). It saves work when it is right; truth never rests on it.

The taker of an expired lease ends the old holder's database sessions first: a transaction that a
frozen process left open would make everyone wait at its rows until the server's own time limit.
"""

from dataclasses import dataclass

import asyncpg

from events.log.connections import breaking_told, log_sql

#: Seconds without a heartbeat after which another may take over.
LEASE_SECONDS = 3.0
#: Seconds between heartbeats, and between a standby's looks. Takeover is due after one lease and
#: one look at most, so well under five seconds.
HEARTBEAT_SECONDS = 0.5


async def open_lease(dsn: str, role: str, holder: str) -> "Lease":
    """A lease over a session of its own, not taken yet.

    A statement that outlasts a lease is given up on either side: a holder that cannot reach the
    row has lost it by then, and one that froze in the middle must not keep it locked.
    """
    connection = await asyncpg.connect(
        dsn,
        command_timeout=LEASE_SECONDS,
        server_settings={
            "application_name": holder,
            "transaction_timeout": f"{LEASE_SECONDS}s",
        },
    )
    return Lease(connection, role, holder)


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
                log_sql("lease_take"), self.role, self.holder, LEASE_SECONDS
            )
            if row is None:
                return False
            if row["lost_by"] is not None:
                await self.connection.execute(log_sql("lease_end_sessions"), row["lost_by"])
            return True

    async def give_back(self) -> None:
        """Let the next one in at once."""
        await self.connection.execute(log_sql("lease_give_back"), self.role, self.holder)
