"""What an operator may do to topics by mistake."""

import asyncio

from kafka import TopicPartition

from events.errors import Fatal
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import apply_topics
from tests.fault.waiting import until


async def cut(address: KafkaAddress, partition: TopicPartition, first: int) -> None:
    """Let a partition begin at an offset: what lay before is gone."""
    admin = address.admin()
    await asyncio.to_thread(admin.delete_records, {partition: first})
    admin.close()


async def remake(address: KafkaAddress) -> None:
    """Delete the topics and make them anew, under the same names."""
    before = await asyncio.to_thread(_ids, address)
    admin = address.admin()
    await asyncio.to_thread(admin.delete_topics, [address.intake, address.leaves])
    admin.close()

    async def anew() -> bool:
        try:
            await apply_topics(address)
        except (Fatal, ConnectionError):
            return False  # The old ones are not gone yet.
        return not before & await asyncio.to_thread(_ids, address)

    await until(anew, "topics made anew")


def _ids(address: KafkaAddress) -> set[str]:
    admin = address.admin()
    try:
        described = admin.describe_topics([address.intake, address.leaves])
        return {str(topic["topic_id"]) for topic in described}
    finally:
        admin.close()
