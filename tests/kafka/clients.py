"""What the tests of the broker do as its clients."""

from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

#: Milliseconds after which a client gives up on a broker that answers nothing: a failure, here.
_PATIENCE_MS = 60_000


def create_topic(bootstrap: str, topic: str, replicas: int = 1, in_sync: int = 1) -> None:
    """Make a topic of one partition."""
    configs = {"min.insync.replicas": str(in_sync)}
    wanted = {"num_partitions": 1, "replication_factor": replicas, "configs": configs}
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics({topic: wanted}, wait_for_metadata=True)


def topic_names(bootstrap: str) -> list[str]:
    """All topics."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        names: list[str] = admin.list_topics()
    return names


def new_producer(bootstrap: str, max_block_ms: int = _PATIENCE_MS) -> KafkaProducer:
    """A producer that goes on trying while a leader is away."""
    return KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=3_000,
        delivery_timeout_ms=_PATIENCE_MS,
        max_block_ms=max_block_ms,
        metadata_max_age_ms=1_000,
        reconnect_backoff_max_ms=500,
    )


def append(producer: KafkaProducer, topic: str, *values: bytes) -> None:
    """Send records and wait for their acknowledgements."""
    sent = [producer.send(topic, value) for value in values]
    for one in sent:
        one.get(_PATIENCE_MS / 1000)


def write(bootstrap: str, topic: str, *values: bytes) -> None:
    """Append with a producer of its own."""
    with closing(new_producer(bootstrap)) as producer:
        append(producer, topic, *values)


def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first records of a topic, waiting for them."""
    settings = {"group_id": None, "consumer_timeout_ms": _PATIENCE_MS}
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, **settings)) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        return [record.value for _, record in zip(range(count), consumer, strict=False)]


def brokers(bootstrap: str) -> list[str]:
    """The addresses that a cluster tells its clients to come to."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        found = admin.describe_cluster()["brokers"]
    return sorted(f"{one['host']}:{one['port']}" for one in found)


def leader(bootstrap: str, topic: str) -> int:
    """The node that leads a topic's partition."""
    number: int = _partition(bootstrap, topic)["leader_id"]
    return number


def in_sync(bootstrap: str, topic: str) -> list[int]:
    """The nodes that have all of a topic's partition."""
    numbers: list[int] = _partition(bootstrap, topic)["isr_nodes"]
    return numbers


def _partition(bootstrap: str, topic: str) -> dict[str, Any]:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        [found] = admin.describe_topics([topic])
    partition: dict[str, Any] = found["partitions"][0]
    return partition
