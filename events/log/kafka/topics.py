"""Topics as the law needs them: made once, never aging, never weaker, never exchanged.

`apply_topics` makes what is missing and changes nothing that exists: a setting that somebody
weakened is a matter for a person. `check_topics` is run by every service at its start and now and
then, and refuses anything weaker.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import asyncpg
from kafka import KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from events.errors import Fatal
from events.log.connections import fetch
from events.log.kafka.client import RECORD_BYTES_MAX, KafkaAddress, OneThread, reaching

_Result = TypeVar("_Result")
#: Copies of each record where the cluster has the brokers for them, and how many must have it
#: before it counts as kept.
REPLICAS, IN_SYNC_MIN = 3, 2
#: What may never differ (Kafka 4 documentation, "Topic Configs"): no age, no size, no election of
#: a replica that lacks records, bodies of 4 MiB, times by the broker's clock.
SETTINGS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "unclean.leader.election.enable": "false",
    "message.timestamp.type": "LogAppendTime",
}
#: Seconds in which all brokers know of a new topic, and between looks.
_VISIBLE_SECONDS, _POLL_SECONDS = 10.0, 0.1
_RECORD_BYTES, _IN_SYNC = "max.message.bytes", "min.insync.replicas"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster describes it."""

    name: str
    topic_id: str
    partitions: int
    replicas: int
    settings: Mapping[str, str]


def faults_of(topic: Topic, partitions: int, brokers: int) -> Iterator[str]:
    """What is weaker than it must be, one sentence each; pure."""
    if topic.partitions != partitions:
        yield f"{topic.partitions} partitions, not {partitions}: the count never changes"
    needed = min(REPLICAS, brokers)
    if topic.replicas < needed:
        yield f"{topic.replicas} replicas where {brokers} brokers allow {needed}"
    in_sync = IN_SYNC_MIN if topic.replicas >= REPLICAS else 1
    if _number(topic, _IN_SYNC) < in_sync:
        yield f"{_IN_SYNC}={topic.settings.get(_IN_SYNC)}, at least {in_sync} is needed"
    if _number(topic, _RECORD_BYTES) < RECORD_BYTES_MAX:
        yield f"{_RECORD_BYTES}={topic.settings.get(_RECORD_BYTES)}, at least {RECORD_BYTES_MAX}"
    for name, value in SETTINGS.items():
        if topic.settings.get(name) != value:
            yield f"{name}={topic.settings.get(name)}, not {value}"


def _number(topic: Topic, name: str) -> int:
    """A setting that is a number; 0 if the cluster does not say."""
    said = topic.settings.get(name, "")
    return int(said) if said.isdecimal() else 0


async def apply_topics(address: KafkaAddress, replicas: int | None = None) -> list[str]:
    """Make the topics that are missing; their names.

    `replicas`: by default as many as the brokers allow, up to three. Raises ConnectionError while
    the cluster is away, and `Fatal` if a topic that exists is weaker than it must be.
    """
    with reaching():
        return await asyncio.to_thread(_with_admin, address, partial(_apply, replicas=replicas))


async def check_topics(address: KafkaAddress, pool: asyncpg.Pool | None = None) -> None:
    """`Fatal` naming everything that is wrong with the topics; ConnectionError while away.

    `pool`: of the index's database. Its table `log.topic` keeps the ids of the topics that the
    index was made from, so that one made anew under the same name is told apart.
    """
    inspector = TopicInspector(address)
    try:
        await inspector.check(pool)
    finally:
        await inspector.close()


async def remember_topics(address: KafkaAddress, pool: asyncpg.Pool) -> None:
    """Keep the topics' ids beside the index, the first time that its writer meets them."""
    with reaching():
        topics = await asyncio.to_thread(_with_admin, address, _topics)
    rows = [(topic.name, topic.topic_id, topic.partitions) for topic in topics]
    await pool.executemany("INSERT INTO log.topic VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", rows)


class TopicInspector:
    """Checks the topics again and again over connections of its own, made when needed."""

    def __init__(self, address: KafkaAddress) -> None:
        self._address = address
        self._thread = OneThread("kafka-inspector")
        self._admin: KafkaAdminClient | None = None
        self._consumer: KafkaConsumer | None = None

    async def check(self, pool: asyncpg.Pool | None = None) -> None:
        """As `check_topics`."""
        topics, faults = await self._thread.run(self._look)
        if pool is not None and not faults:
            faults += await _exchanged(pool, topics)
        if faults:
            raise Fatal("; ".join(faults))

    def _look(self) -> tuple[list[Topic], list[str]]:
        self._admin = self._admin or self._address.admin()
        self._consumer = self._consumer or self._address.consumer()
        topics, faults = _found(self._admin, self._address)
        return topics, faults or list(_cut(self._consumer, self._address))

    async def close(self) -> None:
        """Disconnect."""
        for client in (self._admin, self._consumer):
            if client is not None:
                await self._thread.run(client.close)
        self._thread.close()


def _wanted(address: KafkaAddress) -> dict[str, int]:
    return {address.intake: address.partitions, address.leaves: 1}


def _with_admin(
    address: KafkaAddress, act: Callable[[KafkaAdminClient, KafkaAddress], _Result]
) -> _Result:
    admin = address.admin()
    try:
        return act(admin, address)
    finally:
        admin.close()


def _topics(admin: KafkaAdminClient, address: KafkaAddress) -> list[Topic]:
    return _described(admin, list(_wanted(address)))


def _apply(admin: KafkaAdminClient, address: KafkaAddress, replicas: int | None) -> list[str]:
    standing = {topic.name for topic in _topics(admin, address)}
    copies = replicas or min(REPLICAS, _brokers(admin))
    missing = {name: n for name, n in _wanted(address).items() if name not in standing}
    for name, partitions in missing.items():
        _create(admin, name, partitions, copies)
    if missing:
        admin.wait_for_topics(list(missing))
    # The broker that is asked may not have heard yet of what another has just made.
    deadline = time.monotonic() + (_VISIBLE_SECONDS if missing else 0)
    while faults := _found(admin, address)[1]:
        if time.monotonic() >= deadline:
            raise Fatal("; ".join(faults))
        time.sleep(_POLL_SECONDS)
    return list(missing)


def _create(admin: KafkaAdminClient, name: str, partitions: int, copies: int) -> None:
    in_sync = IN_SYNC_MIN if copies >= REPLICAS else 1
    settings = {**SETTINGS, _RECORD_BYTES: str(RECORD_BYTES_MAX), _IN_SYNC: str(in_sync)}
    wanted = {"num_partitions": partitions, "replication_factor": copies, "configs": settings}
    try:
        admin.create_topics({name: wanted})
    except TopicAlreadyExistsError:
        return  # Somebody else made it at the same moment; the check that follows judges it.


def _found(admin: KafkaAdminClient, address: KafkaAddress) -> tuple[list[Topic], list[str]]:
    wanted, brokers = _wanted(address), _brokers(admin)
    topics = _topics(admin, address)
    faults = [
        f"topic {topic.name}: {fault}"
        for topic in topics
        for fault in faults_of(topic, wanted[topic.name], brokers)
    ]
    missing = wanted.keys() - {topic.name for topic in topics}
    faults += [f"topic {name} is missing: run `sijill topics apply`" for name in sorted(missing)]
    return topics, faults


def _cut(consumer: KafkaConsumer, address: KafkaAddress) -> Iterator[str]:
    begins = consumer.beginning_offsets([*address.intake_partitions, address.leaves_partition])
    for partition, begin in begins.items():
        if begin != 0:
            yield (
                f"partition {partition.partition} of {partition.topic} begins at offset {begin}: "
                "what lay before is gone"
            )


def _brokers(admin: KafkaAdminClient) -> int:
    return len(admin.describe_cluster()["brokers"])


def _described(admin: KafkaAdminClient, names: Sequence[str]) -> list[Topic]:
    standing = [one for one in admin.describe_topics(list(names)) if _stands(one)]
    if not standing:
        return []
    resources = [ConfigResource(ConfigResourceType.TOPIC, one["name"]) for one in standing]
    settings = admin.describe_configs(resources, config_filter="all")["topic"]
    return [_topic(one, settings.get(one["name"], {})) for one in standing]


def _stands(described: Mapping[str, Any]) -> bool:
    """Whether a topic is there; raises if the cluster does not say: it may know in a moment."""
    code = described["error_code"]
    if code not in (NoError.errno, UnknownTopicOrPartitionError.errno):
        raise ConnectionError(f"topic {described['name']}: the cluster answers with error {code}")
    return bool(code == NoError.errno)


def _topic(described: Mapping[str, Any], settings: Mapping[str, Any]) -> Topic:
    partitions = described["partitions"]
    return Topic(
        described["name"],
        str(described["topic_id"]),
        len(partitions),
        min((len(one["replica_nodes"]) for one in partitions), default=0),
        {name: _value(setting) for name, setting in settings.items()},
    )


def _value(setting: Any) -> str:
    return str(setting["value"] if isinstance(setting, Mapping) else setting)


async def _exchanged(pool: asyncpg.Pool, topics: Sequence[Topic]) -> list[str]:
    kept = {row["topic"]: row for row in await fetch(pool, "SELECT * FROM log.topic")}
    return [
        f"topic {topic.name} is not the one that the index was made from: it was deleted and made "
        f"anew (id {topic.topic_id}, not {kept[topic.name]['topic_id']})"
        for topic in topics
        if topic.name in kept and kept[topic.name]["topic_id"] != topic.topic_id
    ]
