"""A sequencer of a test that writes although others do: no lease says whose turn it is.

Run as a program: index database, bootstrap servers and prefix of the topics.
"""

import asyncio
import sys

from deploy.processes.stopping import keep_trying, stop_on_signals
from events.clock import system_clock
from events.log.connections import LEAF_CHANNEL, Hints, connect_pool
from events.log.kafka.client import KafkaAddress
from events.log.kafka.sequencer import KafkaSequencerLog
from services.sequencer.sequencer import Sequencer


async def rival(dsn: str, address: KafkaAddress) -> None:
    """Write until SIGTERM, beginning anew after each error, as the real process does."""
    stop = stop_on_signals()

    async def write() -> None:
        pool, hints = await connect_pool(dsn), Hints(dsn, LEAF_CHANNEL)
        try:
            log = await KafkaSequencerLog.open(address, pool, hints)
            try:
                await Sequencer(log, system_clock).run(stop)
            finally:
                await log.close()
        finally:
            await hints.close()
            await pool.close()

    await keep_trying(stop, write, lambda _: None)


if __name__ == "__main__":
    asyncio.run(rival(sys.argv[1], KafkaAddress(*sys.argv[2:4])))
