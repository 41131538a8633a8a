"""Where the cluster is and how it is spoken to: every setting of the client in one place.

Measured reasons for each figure stand beside it; the broker's own settings are in `topics.py`.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from events.limits import INTAKE_PARTITIONS

_Result = TypeVar("_Result")
_Client = TypeVar("_Client")
#: Bytes of one record at most: a body of 4 MiB, its headers, and what Kafka adds.
RECORD_BYTES_MAX = 5 * 1024 * 1024
#: Milliseconds without an answer after which another broker is asked.
REQUEST_MS = 3_000
#: Milliseconds after which a record that was not confirmed is given up: below the door's patience.
DELIVERY_MS = 9_000
#: Milliseconds to find the first broker.
BOOTSTRAP_MS = 5_000
#: Milliseconds for which a broker may hold back the answer to a fetch that finds nothing: so long
#: nothing else that is asked on the connection is answered either, and a partition that the fetch
#: left out, because records of it were in hand, is not asked for. For readers who wait for news,
#: and for those who ask for what lies there.
NEWS_MS, NOW_MS = 20, 5
#: Bytes fetched at once from a partition, and in all.
_PARTITION_BYTES, _FETCH_BYTES = 2 * 1024 * 1024, 16 * 1024 * 1024
#: A position that does not exist is an alarm, never a jump to another one.
_NO_RESET: Mapping[str, Any] = {"auto_offset_reset": "none"}


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """A cluster and the log's topics in it.

    `security`: further arguments of the client, for TLS and SCRAM. `delivery_ms`: after which a
    record that was not confirmed is given up.
    """

    bootstrap: str
    prefix: str = "sijill"
    security: Mapping[str, Any] = field(default_factory=dict)
    partitions: int = INTAKE_PARTITIONS
    delivery_ms: int = DELIVERY_MS

    @property
    def intake(self) -> str:
        """The topic of what the door acknowledged."""
        return f"{self.prefix}.intake"

    @property
    def leaves(self) -> str:
        """The topic of the chain, of one partition."""
        return f"{self.prefix}.leaves"

    @property
    def intake_partitions(self) -> list[TopicPartition]:
        """The intake, partition by partition."""
        return [TopicPartition(self.intake, number) for number in range(self.partitions)]

    @property
    def leaves_partition(self) -> TopicPartition:
        """The chain's only partition."""
        return TopicPartition(self.leaves, 0)

    def _common(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": "sijill",
            "request_timeout_ms": REQUEST_MS,
            "bootstrap_timeout_ms": BOOTSTRAP_MS,
            # After a whole outage the default of 30 s would cost 14 s more.
            "reconnect_backoff_max_ms": 1_000,
            "retry_backoff_ms": 5,
            "metadata_max_age_ms": 5_000,
            **self.security,
        }

    def producer(self) -> KafkaProducer:
        """A producer whose record is on every replica in sync when it says so."""
        return _made(
            KafkaProducer,
            **self._common(),
            acks="all",
            # Said although it is the default: with a setting that does not fit, the client would
            # only warn and go on without it.
            enable_idempotence=True,
            linger_ms=0,
            batch_size=256 * 1024,
            max_request_size=RECORD_BYTES_MAX,
            delivery_timeout_ms=self.delivery_ms,
            max_block_ms=REQUEST_MS,
            metrics_enabled=False,
            allow_auto_create_topics=False,
        )

    def consumer(self, wait_ms: int = NEWS_MS) -> KafkaConsumer:
        """A consumer without a group: where it reads is said by whoever reads.

        `wait_ms`: `NEWS_MS` or `NOW_MS`.
        """
        return _made(
            _Consumer,
            **self._common(),
            group_id=None,
            enable_auto_commit=False,
            **_NO_RESET,
            fetch_max_wait_ms=wait_ms,
            metrics_enabled=False,
            max_partition_fetch_bytes=_PARTITION_BYTES,
            fetch_max_bytes=_FETCH_BYTES,
            allow_auto_create_topics=False,
        )

    def admin(self) -> KafkaAdminClient:
        """For topics and their settings."""
        return _made(KafkaAdminClient, **self._common())


def _made(kind: Callable[..., _Client], **settings: Any) -> _Client:
    """A client; nothing is left of one whose brokers are away.

    kafka-python 3.0.12 leaves a thread and its sockets behind each time it finds no broker, and a
    process that waits for one tries again for as long as it takes.
    """
    beneath: list[KafkaNetClient] = []

    def remembered(**configs: Any) -> KafkaNetClient:
        beneath.append(KafkaNetClient(**configs))
        return beneath[0]

    try:
        return kind(kafka_client=remembered, **settings)
    except BaseException:
        for one in beneath:
            one.close()
        raise


class _Consumer(KafkaConsumer):
    """One that gives what it holds of a partition that was paused and is not any more.

    kafka-python 3.0.12 keeps a used-up record set in the place where it would put such records
    back, so they came only after the next fetch of another partition: never, if that has no news.
    """

    def poll(self, *arguments: Any, **named: Any) -> Any:
        """As the client's own."""
        fetcher: Any = self._fetcher  # type: ignore[attr-defined]  # nothing public tells
        if not fetcher._next_partition_records:
            fetcher._next_partition_records = None
        return super().poll(*arguments, **named)


@contextmanager
def reaching() -> Iterator[None]:
    """Whatever the client says of a cluster that is away becomes an error of the connection.

    Callers who wait for what is away need not know which client is in use.
    """
    try:
        yield
    except KafkaError as error:
        raise ConnectionError(f"Kafka: {error!r}") from error


class OneThread:
    """Runs a client that is not thread-safe, and blocks, beside the event loop, call by call.

    A caller that gives up does not stop a call; the next one waits for it.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, call: Callable[..., _Result], *arguments: Any) -> _Result:
        """The result of `call(*arguments)`."""
        with reaching():
            return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def close(self) -> None:
        """End the thread once it is idle."""
        self._pool.shutdown(wait=False)
