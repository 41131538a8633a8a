"""The producer from asyncio: records in, offsets out, and a bound on what waits for the broker."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaError, MessageSizeTooLargeError

from events.log.kafka.client import KafkaAddress, OneThread
from events.log.kafka.records import Headers

_log = structlog.get_logger()
#: Bytes that may wait for the broker in one process: the client itself knows no bound.
BYTES_WAITING_MAX = 64 * 1024 * 1024
#: Bytes that a record takes beside its value, more or less.
_RECORD_OVERHEAD = 1_024
#: Errors after which a producer is as good as before.
_HARMLESS = (MessageSizeTooLargeError, ValueError)
#: Seconds between tries to make another producer.
_RENEW_SECONDS = 1.0
#: Seconds past its time after which a producer is stuck that neither failed nor confirmed a record.
GRACE_SECONDS = 3.0
#: Seconds in which an orderly end may still deliver.
_CLOSE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to append."""

    partition: TopicPartition
    value: bytes
    headers: Headers
    key: bytes | None = None


class Producer:
    """Appends groups of records; in one partition they keep the order of the calls."""

    def __init__(
        self, address: KafkaAddress, topic: str, inner: KafkaProducer, thread: OneThread
    ) -> None:
        self._address, self._topic = address, topic
        self._inner, self._thread = inner, thread
        self._renewing: asyncio.Task[None] | None = None
        self._closed = False
        #: Seconds in which the client must have settled a record, one way or the other.
        self.patience_seconds = address.delivery_ms / 1_000 + GRACE_SECONDS
        #: Bytes that wait for the broker now.
        self.waiting_bytes = 0

    @classmethod
    async def open(cls, address: KafkaAddress, topic: str) -> "Producer":
        """Connect and learn where the topic's partitions are; ConnectionError if that fails."""
        thread = OneThread("kafka-producer")
        return cls(address, topic, await thread.run(_connected, address, topic), thread)

    def send(self, records: Sequence[Outgoing]) -> asyncio.Future[list[int]]:
        """Hand over a group; the future gives its offsets once all of it is durable.

        Nothing is awaited, so calls keep their order. When the future raises ConnectionError,
        nobody knows which of them the broker has.
        """
        loop = asyncio.get_running_loop()
        size = sum(len(one.value) + _RECORD_OVERHEAD for one in records)
        done: asyncio.Future[list[int]] = loop.create_future()
        # Its caller may have given up: then nobody needs to hear of the failure.
        done.add_done_callback(lambda one: one.cancelled() or one.exception())
        if self.waiting_bytes + size > BYTES_WAITING_MAX and self.waiting_bytes:
            done.set_exception(ConnectionError("the broker takes no more for now"))
            return done
        self.waiting_bytes += size
        inner = self._inner
        # The client fails what it cannot deliver in time, but not while it asks for a new epoch;
        # and a request for one that a broken connection swallowed is never made again.
        watch = loop.call_later(self.patience_seconds, self._give_up, inner, done)

        def finish(group: "_Group") -> None:
            watch.cancel()
            self._finish(group, inner, size, done)

        group = _Group(len(records), loop, finish)
        for number, one in enumerate(records):
            group.follow(number, self._hand_over(one))
        return done

    def _hand_over(self, one: Outgoing) -> Any:
        try:
            return self._inner.send(
                one.partition.topic,
                one.value,
                key=one.key,
                headers=one.headers,
                partition=one.partition.partition,
            )
        except (KafkaError, ValueError) as error:
            return error

    def _finish(
        self, group: "_Group", inner: KafkaProducer, size: int, done: asyncio.Future[list[int]]
    ) -> None:
        self.waiting_bytes -= size
        if group.error is not None:
            self._renew_after(group.error, inner)
        if done.done():
            return
        if group.error is not None:
            done.set_exception(ConnectionError(f"not confirmed: {group.error!r}"))
        elif min(group.offsets) < 0:
            # The broker has it from an earlier try and no longer knows where.
            done.set_exception(ConnectionError("confirmed, at an offset the broker forgot"))
        else:
            done.set_result(group.offsets)

    def _give_up(self, inner: KafkaProducer, done: asyncio.Future[list[int]]) -> None:
        """A producer that says nothing at all says nothing ever after: make another."""
        self._renew_after(KafkaError(f"no word in {self.patience_seconds:g} s"), inner)
        if not done.done():
            done.set_exception(ConnectionError("not confirmed: the producer is stuck"))

    def _renew_after(self, error: Exception, inner: KafkaProducer) -> None:
        """A producer that fails, but not by size, may be broken for good: make another.

        Also by time: one whose broker was frozen asks for a new epoch, loses the request with the
        connection, and delivers nothing ever after. What an earlier one leaves behind when it is
        closed says nothing of its successor.
        """
        if self._closed or inner is not self._inner or isinstance(error, _HARMLESS):
            return
        if self._renewing is None or self._renewing.done():
            _log.warning("producer failed: making another", error=repr(error))
            self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        old = self._inner
        # Until it is done: the next record that is sent must not wait for a stuck one to fail.
        while self._inner is old and not self._closed:
            try:
                self._inner = await self._thread.run(_connected, self._address, self._topic)
            except OSError as error:
                _log.warning("no other producer yet", error=str(error))
                await asyncio.sleep(_RENEW_SECONDS)
        if self._inner is not old:
            await self._end(old)

    async def close(self) -> None:
        """Deliver what waits, for a while, and disconnect."""
        self._closed = True
        if self._renewing is not None:
            await self._renewing
        await self._end(self._inner)
        self._thread.close()

    async def _end(self, inner: KafkaProducer) -> None:
        try:
            await self._thread.run(lambda: inner.close(timeout=_CLOSE_SECONDS))
        except OSError as error:
            # Whoever waits for what is left is told that nobody knows of it. The client leaves its
            # thread running here, with all that it holds.
            _log.warning("producer ended with records on their way", error=str(error))
            inner._sender.force_close()  # type: ignore[attr-defined]
            # Or its end as garbage would wait for the same again.
            inner._closed = True  # type: ignore[attr-defined]


def _connected(address: KafkaAddress, topic: str) -> KafkaProducer:
    producer = address.producer()
    # Asked for now, and never again: `send` runs in the event loop and must not wait there.
    if not producer.partitions_for(topic):
        producer.close(timeout=0)
        raise ConnectionError(f"topic {topic} does not exist: run `sijill topics apply`")
    producer.config["max_block_ms"] = 0
    return producer


class _Group:
    """Counts the confirmations of a group; they come in the client's thread."""

    def __init__(self, count: int, loop: asyncio.AbstractEventLoop, finish: Any) -> None:
        self.offsets = [-1] * count
        self.error: Exception | None = None
        self._left = count
        self._lock = threading.Lock()
        self._loop, self._finish = loop, finish

    def follow(self, number: int, future: Any) -> None:
        """Take the outcome of one record, or the error that kept it from being handed over."""
        if isinstance(future, Exception):
            self._done(number, None, future)
            return
        future.add_callback(lambda metadata: self._done(number, metadata.offset, None))
        future.add_errback(lambda error: self._done(number, None, error))

    def _done(self, number: int, offset: int | None, error: Exception | None) -> None:
        with self._lock:
            self._left -= 1
            self.error = self.error or error
            if offset is not None:
                self.offsets[number] = offset
            last = self._left == 0
        if last:
            self._loop.call_soon_threadsafe(self._finish, self)
