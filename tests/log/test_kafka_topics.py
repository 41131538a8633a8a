"""Topics as the law needs them: made so, and anything weaker refused by name."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from events.errors import Fatal
from events.log.kafka.client import RECORD_BYTES_MAX, KafkaAddress
from events.log.kafka.topics import (
    SETTINGS,
    Topic,
    TopicInspector,
    apply_topics,
    check_topics,
    faults_of,
    remember_topics,
)
from migrations.roles import INGEST, PROJECTION, QUERY, SEQUENCER
from tests.fault.waiting import until
from tests.log.kits import KafkaKit
from tests.log.raw import Raw, put
from tests.log.remaking import cut, remake

_SETTINGS = {**SETTINGS, "max.message.bytes": str(RECORD_BYTES_MAX), "min.insync.replicas": "2"}
SOUND = Topic("sijill.intake", "id", 12, 3, MappingProxyType(_SETTINGS))


def _with(**settings: str | None) -> Topic:
    """`min_insync_replicas="1"`: the sound topic with this in place of its own; None: without."""
    changed = {name.replace("_", "."): value for name, value in settings.items()}
    kept = {**SOUND.settings, **changed}
    return replace(
        SOUND, settings={name: value for name, value in kept.items() if value is not None}
    )


@pytest.mark.parametrize(
    ("topic", "brokers"),
    [
        (SOUND, 3),
        (SOUND, 5),
        # One broker of three is away.
        (SOUND, 2),
        (replace(_with(min_insync_replicas="1"), replicas=2), 2),
        (replace(_with(min_insync_replicas="1"), replicas=1), 1),
        # Stronger than it need be.
        (replace(_with(min_insync_replicas="3"), replicas=5), 5),
        (_with(max_message_bytes=str(2 * RECORD_BYTES_MAX), compression_type="zstd"), 3),
    ],
)
def test_a_sound_topic_has_no_fault(topic: Topic, brokers: int) -> None:
    assert list(faults_of(topic, 12, brokers)) == []


_WEAKER: Mapping[str, tuple[Topic, int]] = {
    "11 partitions, not 12: the count never changes": (replace(SOUND, partitions=11), 3),
    "24 partitions, not 12: the count never changes": (replace(SOUND, partitions=24), 3),
    "0 partitions, not 12: the count never changes": (replace(SOUND, partitions=0), 3),
    "2 replicas where 3 brokers allow 3": (
        replace(_with(min_insync_replicas="1"), replicas=2),
        3,
    ),
    "1 replicas where 2 brokers allow 2": (
        replace(_with(min_insync_replicas="1"), replicas=1),
        2,
    ),
    "min.insync.replicas=1, at least 2 is needed": (_with(min_insync_replicas="1"), 3),
    "min.insync.replicas=None, at least 2 is needed": (_with(min_insync_replicas=None), 3),
    "min.insync.replicas=?, at least 2 is needed": (_with(min_insync_replicas="?"), 3),
    "max.message.bytes=1048588, at least 5242880": (_with(max_message_bytes="1048588"), 3),
    "max.message.bytes=-1, at least 5242880": (_with(max_message_bytes="-1"), 3),
    "max.message.bytes=None, at least 5242880": (_with(max_message_bytes=None), 3),
    "cleanup.policy=compact, not delete": (_with(cleanup_policy="compact"), 3),
    "cleanup.policy=compact,delete, not delete": (_with(cleanup_policy="compact,delete"), 3),
    "retention.ms=604800000, not -1": (_with(retention_ms="604800000"), 3),
    "retention.bytes=1073741824, not -1": (_with(retention_bytes="1073741824"), 3),
    "unclean.leader.election.enable=true, not false": (
        _with(unclean_leader_election_enable="true"),
        3,
    ),
    "message.timestamp.type=CreateTime, not LogAppendTime": (
        _with(message_timestamp_type="CreateTime"),
        3,
    ),
    **{f"{name}=None, not {value}": (_with(**{name: None}), 3) for name, value in SETTINGS.items()},
}


@pytest.mark.parametrize("fault", _WEAKER)
def test_whatever_is_weaker_is_one_fault(fault: str) -> None:
    topic, brokers = _WEAKER[fault]
    assert list(faults_of(topic, 12, brokers)) == [fault]


def test_every_fault_of_a_topic_is_named() -> None:
    """As of one that a broker makes by itself."""
    settings = {"cleanup.policy": "delete", "retention.ms": "604800000", "min.insync.replicas": "1"}
    found = list(faults_of(Topic("t", "id", 1, 1, settings), 12, 3))
    assert len(found) == 7
    assert {one.partition("=")[0] for one in found} >= {"retention.ms", "max.message.bytes"}


# --- on a real broker -----------------------------------------------------------------------------


async def test_what_was_made_is_sound_and_is_made_once(address: KafkaAddress) -> None:
    with pytest.raises(
        Fatal, match=r"intake is missing.*leaves is missing: run `sijill topics app"
    ):
        await check_topics(address)
    assert sorted(await apply_topics(address)) == [address.intake, address.leaves]
    await check_topics(address)
    assert await apply_topics(address) == []
    made = await _described(address)
    assert [len(one["partitions"]) for one in made] == [12, 1]
    # A topic that is missing is named, and made again without touching the other.
    kept = made[0]["topic_id"]
    await _delete(address, address.leaves)

    async def gone() -> bool:
        return (await _described(address))[1]["error_code"] != 0

    await until(gone, "a topic deleted")
    with pytest.raises(Fatal) as told:
        await check_topics(address)
    assert str(told.value) == f"topic {address.leaves} is missing: run `sijill topics apply`"
    assert await apply_topics(address) == [address.leaves]
    assert (await _described(address))[0]["topic_id"] == kept


async def test_many_that_make_the_topics_at_once_do_not_hinder_each_other(
    address: KafkaAddress,
) -> None:
    made = await asyncio.gather(*(apply_topics(address) for _ in range(3)))
    assert {name for names in made for name in names} == {address.intake, address.leaves}
    await check_topics(address)


async def test_more_replicas_than_brokers_are_refused(address: KafkaAddress) -> None:
    with pytest.raises(ConnectionError, match="InvalidReplicationFactor"):
        await apply_topics(address, replicas=3)
    assert await apply_topics(address, replicas=1) == [address.intake, address.leaves]


_WEAKENED = {
    "cleanup.policy": "compact,delete",
    "retention.ms": "604800000",
    "retention.bytes": "1073741824",
    "unclean.leader.election.enable": "true",
    "message.timestamp.type": "CreateTime",
    "max.message.bytes": "1048588",
}


async def test_every_setting_that_was_weakened_is_named_with_its_topic(made: KafkaAddress) -> None:
    """By whoever starts, by whoever looks again and again, and by whoever makes topics."""
    inspector = TopicInspector(made)
    for number, (name, value) in enumerate(_WEAKENED.items()):
        topic = (made.intake, made.leaves)[number % 2]
        await _alter(made, topic, name, value)
        told = f"topic {topic}: {name}={value}"
        for looking in (check_topics(made), inspector.check(), apply_topics(made)):
            with pytest.raises(Fatal, match=told):
                await looking
        await _alter(made, topic, name, {**_SETTINGS, "min.insync.replicas": "1"}[name])
        await inspector.check()
    await inspector.close()


async def test_all_faults_are_told_at_once(made: KafkaAddress) -> None:
    await _alter(made, made.intake, "retention.ms", "1000")
    await _alter(made, made.leaves, "retention.bytes", "1000")
    await _add_partition(made)
    with pytest.raises(Fatal) as told:
        await check_topics(made)
    assert sorted(str(told.value).split("; ")) == [
        f"topic {made.intake}: retention.ms=1000, not -1",
        f"topic {made.leaves}: 2 partitions, not 1: the count never changes",
        f"topic {made.leaves}: retention.bytes=1000, not -1",
    ]


async def test_a_service_set_to_another_count_of_partitions_is_refused(made: KafkaAddress) -> None:
    with pytest.raises(Fatal, match=f"{made.intake}: 12 partitions, not 24"):
        await check_topics(replace(made, partitions=24))


async def test_a_topic_that_lost_its_beginning_is_refused(made: KafkaAddress) -> None:
    third = made.intake_partitions[3]
    await put(made, third, [Raw(b"1", []), Raw(b"2", [])])
    await check_topics(made)
    await cut(made, third, 1)
    with pytest.raises(Fatal, match=f"partition 3 of {made.intake} begins at offset 1: what lay"):
        await check_topics(made)


async def test_topics_that_were_made_anew_are_not_those_that_the_index_was_made_from(
    on_kafka: KafkaKit,
) -> None:
    """With any role that runs a service; to a service that has no index they are like any."""
    address, writing = on_kafka.address, await on_kafka.pool(SEQUENCER)
    before = await _described(address)
    await check_topics(address, writing)
    await remember_topics(address, writing)
    await check_topics(address, writing)
    await remake(address)
    # Whoever writes the index meets them again and changes nothing.
    await remember_topics(address, writing)
    for role in (INGEST, SEQUENCER, PROJECTION, QUERY):
        with pytest.raises(Fatal, match="deleted and made anew") as told:
            await check_topics(address, await on_kafka.pool(role))
        assert all(str(one["topic_id"]) in str(told.value) for one in before)
    await check_topics(address)


async def _add_partition(address: KafkaAddress) -> None:
    """A second one, of the leaves."""
    admin = address.admin()
    await asyncio.to_thread(admin.create_partitions, {address.leaves: 2})
    admin.close()

    async def heard() -> bool:
        return len((await _described(address))[1]["partitions"]) == 2

    await until(heard, "a second partition of the leaves")


async def _described(address: KafkaAddress) -> list[dict[str, Any]]:
    """Intake, then leaves."""
    admin = address.admin()
    found: list[dict[str, Any]] = await asyncio.to_thread(
        admin.describe_topics, [address.intake, address.leaves]
    )
    admin.close()
    return sorted(found, key=lambda one: str(one["name"]))


async def _delete(address: KafkaAddress, topic: str) -> None:
    admin = address.admin()
    await asyncio.to_thread(admin.delete_topics, [topic])
    admin.close()


async def _alter(address: KafkaAddress, topic: str, name: str, value: str) -> None:
    """Return once the broker goes by it: it hears of it from the controller."""
    admin = address.admin()
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})
    answer = await asyncio.to_thread(admin.alter_configs, [resource])
    assert answer == {"topic": {topic: "OK"}}

    async def heard() -> bool:
        asked = ConfigResource(ConfigResourceType.TOPIC, topic)
        found = await asyncio.to_thread(admin.describe_configs, [asked], config_filter="all")
        return bool(found["topic"][topic][name]["value"] == value)

    await until(heard, f"{name}={value}")
    admin.close()
