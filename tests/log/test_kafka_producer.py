"""The producer: what waits is bounded, what fails is unknown, what is broken is replaced."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from events.log.kafka import producer as module
from events.log.kafka.client import KafkaAddress
from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.reader import RecordReader
from tests.fault.waiting import until


@pytest.fixture
async def producer(made: KafkaAddress) -> AsyncIterator[Producer]:
    """One of the leaves' topic."""
    opened = await Producer.open(made, made.leaves)
    yield opened
    await opened.close()


def _group(address: KafkaAddress, *values: bytes) -> list[Outgoing]:
    return [Outgoing(address.leaves_partition, value, []) for value in values]


async def test_groups_keep_the_order_of_the_calls(made: KafkaAddress, producer: Producer) -> None:
    groups = [[b"%d-%d" % (number, one) for one in range(number % 4 + 1)] for number in range(40)]
    sent = [producer.send(_group(made, *group)) for group in groups]
    offsets = [offset for future in sent for offset in await future]
    assert offsets == list(range(len(offsets)))
    reader = await RecordReader.open(made)
    found = await reader.read((made.leaves_partition, offset) for offset in offsets)
    assert [found[made.leaves_partition, offset].value for offset in offsets] == [
        value for group in groups for value in group
    ]
    await reader.close()


async def test_what_waits_is_bounded_and_freed(
    made: KafkaAddress, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_WAITING_MAX", 10_000)
    # Nothing is confirmed before the loop turns: all of these wait.
    taken = [producer.send(_group(made, bytes(3_000))) for _ in range(2)]
    refused = producer.send(_group(made, bytes(3_000)))
    assert refused.done()
    assert isinstance(refused.exception(), ConnectionError)
    assert 6_000 < producer.waiting_bytes <= 10_000
    assert [await one for one in taken] == [[0], [1]]
    assert producer.waiting_bytes == 0
    # What is larger than the bound goes alone: it would never go otherwise.
    assert await producer.send(_group(made, bytes(20_000))) == [2]


async def test_a_caller_that_gives_up_frees_its_bytes_once_the_broker_has_them(
    made: KafkaAddress, producer: Producer
) -> None:
    given_up, kept = producer.send(_group(made, b"1")), producer.send(_group(made, b"2"))
    given_up.cancel()
    assert await kept == [1]
    assert producer.waiting_bytes == 0


async def test_a_record_that_is_too_large_is_refused_and_harms_no_other(
    made: KafkaAddress, producer: Producer
) -> None:
    first = producer.send(_group(made, b"small"))
    with pytest.raises(ConnectionError, match="MessageSizeTooLarge"):
        await producer.send(_group(made, bytes(6 * 1024 * 1024)))
    assert await first == [0]
    assert producer.waiting_bytes == 0
    assert await producer.send(_group(made, b"next")) == [1]
    assert producer._renewing is None


async def test_a_producer_that_is_broken_for_good_is_made_anew_once(
    made: KafkaAddress, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected, made_anew = module._connected, list[KafkaProducer]()

    def counted(address: KafkaAddress, topic: str) -> KafkaProducer:
        made_anew.append(connected(address, topic))
        return made_anew[-1]

    monkeypatch.setattr(module, "_connected", counted)
    old: Any = producer._inner
    old._transaction_manager.transition_to_fatal_error(KafkaError("broken"))
    failed = [producer.send(_group(made, b"lost")) for _ in range(50)]
    outcomes = await asyncio.gather(*failed, return_exceptions=True)
    assert {type(one) for one in outcomes} == {ConnectionError}
    assert producer.waiting_bytes == 0
    later = list[asyncio.Future[list[int]]]()

    async def sends() -> bool:
        later.append(producer.send(_group(made, b"kept")))
        return not isinstance((await asyncio.gather(later[-1], return_exceptions=True))[0], OSError)

    await until(sends, "a producer that sends")
    assert await producer.send(_group(made, b"kept")) == [1]
    assert made_anew == [producer._inner]

    async def ended() -> bool:
        return bool(old._closed and not old._sender.is_alive())

    await until(ended, "the end of the old one")


async def test_a_producer_whose_request_for_a_new_epoch_was_lost_is_made_anew(
    made: KafkaAddress, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It held every record for ever, failed none, and the door said that it was ready."""
    monkeypatch.setattr(producer, "patience_seconds", 0.3)
    monkeypatch.setattr(module, "_CLOSE_SECONDS", 0.1)
    old: Any = producer._inner
    monkeypatch.setattr(old._transaction_manager, "_enqueue_request", lambda _: None)
    old._transaction_manager.bump_producer_id_and_epoch()
    stuck, given_up = (producer.send(_group(made, name)) for name in (b"stuck", b"given up"))
    # As the door does, whose patience is shorter.
    given_up.cancel()
    with pytest.raises(ConnectionError, match="stuck"):
        await stuck

    async def renewed() -> bool:
        return producer._inner is not old and producer.waiting_bytes == 0

    await until(renewed, "another producer, and an end of what waited")
    monkeypatch.undo()
    assert await producer.send(_group(made, b"kept")) == [0]


async def test_what_an_earlier_producer_gives_up_is_no_fault_of_its_successor(
    made: KafkaAddress, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, old = _Late(), producer._inner
    monkeypatch.setattr(old, "send", lambda *_, **__: late)
    given_up = producer.send(_group(made, b"given up"))
    producer._inner = made.producer()
    late.fail(KafkaError("closed"))
    with pytest.raises(ConnectionError, match="closed"):
        await given_up
    assert producer._renewing is None
    old.close()


class _Late:
    """A future of the client's that fails when it is told to."""

    def add_callback(self, call: Any) -> None:
        """It will not succeed."""

    def add_errback(self, call: Any) -> None:
        self.fail = call


class _Answered:
    """A future of the client's that was answered before anybody asked."""

    def __init__(self, offset: int | None, error: Exception | None = None) -> None:
        self._offset, self._error = offset, error

    def add_callback(self, call: Any) -> None:
        if self._error is None:
            call(SimpleNamespace(offset=self._offset))

    def add_errback(self, call: Any) -> None:
        if self._error is not None:
            call(self._error)


async def test_an_offset_that_the_broker_forgot_is_an_unknown_outcome(
    made: KafkaAddress, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a batch that was sent twice and came to lie long ago."""
    answers = iter([_Answered(4), _Answered(-1), _Answered(5)])
    monkeypatch.setattr(producer._inner, "send", lambda *_, **__: next(answers))
    with pytest.raises(ConnectionError, match="forgot"):
        await producer.send(_group(made, b"1", b"2", b"3"))
    assert producer.waiting_bytes == 0


async def test_one_failure_makes_its_group_unknown_and_no_other(
    made: KafkaAddress, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = KafkaTimeoutError("not in time")
    answers = iter([_Answered(0), _Answered(None, late), _Answered(2), _Answered(3)])
    monkeypatch.setattr(producer._inner, "send", lambda *_, **__: next(answers))
    failed = producer.send(_group(made, b"1", b"2", b"3"))
    assert await producer.send(_group(made, b"4")) == [3]
    with pytest.raises(ConnectionError, match="not in time"):
        await failed


async def test_a_topic_that_is_missing_is_said_at_the_start(address: KafkaAddress) -> None:
    with pytest.raises(ConnectionError):
        await Producer.open(address, address.leaves)


async def test_nothing_waits_in_the_event_loop_for_a_topic_that_is_gone(
    made: KafkaAddress, producer: Producer
) -> None:
    """It stood still for three seconds at every record, and all else in the process with it."""
    gone = [Outgoing(made.leaves_partition._replace(topic="gone"), b"1", []) for _ in range(2)]
    sent = producer.send(gone)
    kept = producer.send(_group(made, b"kept"))
    with pytest.raises(ConnectionError):
        await sent
    assert await kept == [0]
    assert producer._inner.config["max_block_ms"] == 0
