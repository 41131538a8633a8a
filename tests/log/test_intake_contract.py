"""The intake: durable, in order, without holes, byte for byte."""

import asyncio

import pytest

from events.limits import BODY_BYTES_MAX
from events.log.protocol import Arrival, IntakeRecord, Place
from tests.log.kits import LogKit
from tests.log.reading import by_partition, read_all
from tests.log.writing import START, arrival


async def test_what_was_appended_is_there_as_it_was(kit: LogKit) -> None:
    sent = arrival("alpha", body='[{"é":1}]\n \x00'.encode())
    place = await kit.intake.append(sent)
    (record,) = await kit.log.intake(START, 10)
    assert record == IntakeRecord(
        place,
        sent.emitter,
        sent.submission,
        sent.body_sha256,
        len(sent.body),
        sent.token,
        sent.events,
        sent.received_at,
    )
    assert await kit.log.bodies([place]) == [sent.body]


async def test_appends_one_after_another_keep_their_order(kit: LogKit) -> None:
    places = [await kit.intake.append(arrival("alpha")) for _ in range(5)]
    assert [place.offset for place in places] == [0, 1, 2, 3, 4]
    assert len({place.partition for place in places}) == 1


async def test_appends_at_once_through_two_doors_leave_no_hole(kit: LogKit) -> None:
    doors = [kit.intake, await kit.another_intake()]
    sent = [arrival(f"platform-{number % 20}") for number in range(120)]
    places = await asyncio.gather(
        *(doors[number % 2].append(one) for number, one in enumerate(sent))
    )
    records = await read_all(kit)
    assert {r.place: r.submission for r in records} == {
        place: one.submission for place, one in zip(places, sent, strict=True)
    }
    for partition in by_partition(records).values():
        assert [record.place.offset for record in partition] == list(range(len(partition)))
    bodies = await kit.log.bodies([record.place for record in records])
    assert dict(zip((r.submission for r in records), bodies, strict=True)) == {
        one.submission: one.body for one in sent
    }


async def test_an_emitter_sent_at_once_through_one_door_keeps_its_order(kit: LogKit) -> None:
    sent = [arrival("alpha") for _ in range(300)]
    places = await asyncio.gather(*(kit.intake.append(one) for one in sent))
    assert [place.offset for place in places] == list(range(300))


async def test_reading_goes_on_from_any_positions(kit: LogKit) -> None:
    for number in range(30):
        await kit.intake.append(arrival(f"platform-{number % 7}"))
    every = await read_all(kit)
    assert by_partition(await read_all(kit, 2)) == by_partition(every)
    assert len(every) == 30


async def test_what_is_not_confirmed_is_counted(kit: LogKit) -> None:
    sent = [arrival("alpha", body=bytes(1_000)) for _ in range(3)]
    appending = [asyncio.create_task(kit.intake.append(one)) for one in sent]
    await asyncio.sleep(0)
    assert kit.intake.waiting_bytes >= 3_000
    await asyncio.gather(*appending)
    assert kit.intake.waiting_bytes == 0


async def test_there_is_nothing_past_the_end(kit: LogKit) -> None:
    place = await kit.intake.append(arrival("alpha"))
    after = [*START]
    after[place.partition] = place.offset + 1
    assert await kit.log.intake(tuple(after), 10) == []


async def test_one_submission_twice_is_two_records(kit: LogKit) -> None:
    sent = arrival("alpha")
    first, second = await kit.intake.append(sent), await kit.intake.append(sent)
    assert second == Place(first.partition, first.offset + 1)


async def test_bodies_come_in_the_order_asked_and_as_often(kit: LogKit) -> None:
    big = arrival("gamma", body=bytes(range(256)) * (BODY_BYTES_MAX // 256))
    sent = [arrival("alpha"), arrival("beta"), big]
    places = [await kit.intake.append(one) for one in sent]
    order = [2, 0, 0, 1, 2, 0]
    for reader in (kit.log, kit.leaves):
        bodies = await reader.bodies([places[number] for number in order])
        assert bodies == [sent[number].body for number in order]
    assert await kit.leaves.bodies([]) == []


@pytest.mark.parametrize("offset", [1, 2**40])
async def test_a_body_that_is_missing_is_said(kit: LogKit, offset: int) -> None:
    place = await kit.intake.append(arrival("alpha"))
    with pytest.raises(LookupError):
        await kit.log.bodies([place, Place(place.partition, offset)])


async def test_a_caller_that_gave_up_changes_nothing_for_the_others(kit: LogKit) -> None:
    """A door's request may be cancelled while its append shares a commit with others."""
    sent = [arrival("alpha") for _ in range(6)]
    tasks = [asyncio.create_task(kit.intake.append(one)) for one in sent]
    await asyncio.sleep(0)  # Every append stands in the queue now.
    tasks[2].cancel()
    places = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(places[2], asyncio.CancelledError)
    kept: dict[str, Place] = {record.submission: record.place for record in await read_all(kit)}
    others = [(one, place) for one, place in zip(sent, places, strict=True) if one is not sent[2]]
    assert all(kept[one.submission] == place for one, place in others)
    assert sorted(place.offset for place in kept.values()) == list(range(len(kept)))


def _identity(one: Arrival | IntakeRecord) -> tuple[str, str, bytes]:
    return (one.emitter, one.submission, one.body_sha256)


async def test_appends_of_many_sizes_are_all_kept(kit: LogKit) -> None:
    """More bytes than one group may hold: the group is cut, nothing else."""
    sent = [arrival("alpha", body=bytes([number]) * BODY_BYTES_MAX) for number in range(1, 7)]
    await asyncio.gather(*(kit.intake.append(one) for one in sent))
    records = await read_all(kit)
    assert [_identity(record) for record in records] == [_identity(one) for one in sent]
    assert {record.body_bytes for record in records} == {BODY_BYTES_MAX}
