"""What is wrong about tasks, as the report of a submission and the status of an emitter tell it."""

from typing import Any

import msgspec
import pytest

from events.access import Role
from events.jose import b64, unb64
from tests.query_api.emitter_pages import broken, counts, report_of, status_of
from tests.query_api.query_world import Json, QueryWorld, approved, contract, done, event, work

AT = "2026-11-01T10:00:00+01:00"
DISAGREE, TWICE, NO_CONTRACT = "task-events-disagree", "task-event-twice", "work-without-contract"


@pytest.fixture
async def world(empty: QueryWorld) -> QueryWorld:
    """Contract c-1 is published, so that the usual work has one."""
    await empty.submit("atlas", "c", [contract("c-1-published", AT, "c-1")])
    return empty


def about(type_: str, id_: str, **stated: Any) -> Json:
    """An event about task t-1 that states a minute of w-a's, or what else it is told; None is
    left out."""
    data = work("t-1", "w-a", "11-01", seconds=60) | stated
    return event(type_, AT, id_, **{key: value for key, value in data.items() if value is not None})


def replaced(id_: str, corrects: str, by: Json) -> Json:
    replacement = {"type": by["type"], "data": by["data"]}
    return event("correction.replaced", AT, id_, event=corrects, replacement=replacement)


def cancelled(id_: str, corrects: str) -> Json:
    return event("correction.cancelled", AT, id_, event=corrects)


async def found(world: QueryWorld, *submissions: str) -> list[tuple[str, str, str]]:
    """What the reports say, one after the other."""
    return [one for name in submissions for one in broken(await report_of(world, name))]


# --- events that disagree -----------------------------------------------------------------------


async def test_events_of_a_task_that_disagree_are_named_until_corrected(world: QueryWorld) -> None:
    await world.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    assert await found(world, "s-1") == []
    await world.submit("atlas", "s-2", [approved("t-1", "w-b", "11-02", 60, "1.00")])
    assert await found(world, "s-1") == [
        ("t-1-completed", DISAGREE, "/data/submitted"),
        ("t-1-completed", DISAGREE, "/data/worker"),
    ]
    right = approved("t-1", "w-a", "11-01", 60, "1.00")
    await world.submit("atlas", "s-3", [replaced("fix", "t-1-approved", right)])
    for submission in ("s-1", "s-2", "s-3"):
        assert (await report_of(world, submission))["code"] == 0


async def test_each_thing_that_differs_is_named_at_each_event_in_order(world: QueryWorld) -> None:
    first = about("task.completed", "one")
    other = {"worker": "w-b", "contract": "c-2", "task_group": "surveys", "seconds": 61}
    second = about("task.returned", "two", submitted="2026-11-02T10:00:00+01:00", **other)
    extra = contract("c-2-published", AT, "c-2")
    await world.submit("atlas", "s-1", [second, extra, first])
    members = ("contract", "seconds", "submitted", "task_group", "worker")
    # By event number, whatever its id; of one event by pointer.
    assert await found(world, "s-1") == [
        (id_, DISAGREE, f"/data/{member}") for id_ in ("two", "one") for member in members
    ]
    assert counts(await status_of(world)) == {DISAGREE: 10}


async def test_what_is_not_stated_does_not_disagree(world: QueryWorld) -> None:
    unstated = about("task.approved", "two", task_group=None, seconds=None)
    third = about("task.returned", "three", seconds=90)
    await world.submit("atlas", "s-1", [about("task.completed", "one"), unstated])
    assert await found(world, "s-1") == []
    await world.submit("atlas", "s-2", [third])
    # Nor is what says nothing named when others disagree.
    assert await found(world, "s-1", "s-2") == [
        ("one", DISAGREE, "/data/seconds"),
        ("three", DISAGREE, "/data/seconds"),
    ]


async def test_a_report_tells_findings_of_its_own_events_alone(world: QueryWorld) -> None:
    await world.submit(
        "atlas", "s-1", [about("task.completed", "one"), done("t-2", "w-a", "11-01", 5)]
    )
    await world.submit("atlas", "s-2", [about("task.approved", "two", seconds=61)])
    assert await found(world, "s-1") == [("one", DISAGREE, "/data/seconds")]
    assert await found(world, "s-2") == [("two", DISAGREE, "/data/seconds")]
    report = await report_of(world, "s-1")
    assert report["counts"] == {"accepted": 1, "repeated": 0, "anomalous": 1, "not_counted": 0}


async def test_a_task_of_another_platform_is_another_task(world: QueryWorld) -> None:
    await world.submit("basma", "b", [contract("c", AT, "c-1"), about("task.completed", "one")])
    await world.submit("atlas", "s-1", [about("task.completed", "one", seconds=61, worker="w-b")])
    assert await found(world, "s-1") == []
    assert broken(await report_of(world, "b", of="basma")) == []


async def test_sandbox_work_contradicts_nobody(world: QueryWorld) -> None:
    play = about("task.completed", "play", sandbox=True, seconds=5, contract="c-none")
    await world.submit("atlas", "s-1", [about("task.completed", "one"), play])
    assert await found(world, "s-1") == []
    # A correction that moves it out of the sandbox makes it speak, and back again.
    await world.submit(
        "atlas", "s-2", [replaced("out", "play", about("task.completed", "", seconds=5))]
    )
    assert await found(world, "s-1", "s-2") == [
        ("one", TWICE, "/data/task"),
        ("one", DISAGREE, "/data/seconds"),
        ("out", TWICE, "/data/replacement/data/task"),
        ("out", DISAGREE, "/data/replacement/data/seconds"),
    ]


# --- events that stand twice --------------------------------------------------------------------


async def test_two_events_of_one_kind_for_a_task_are_named_until_one_is_cancelled(
    world: QueryWorld,
) -> None:
    twice = [about("task.completed", "one"), about("task.completed", "again")]
    await world.submit("atlas", "s-1", twice)
    assert await found(world, "s-1") == [
        ("one", TWICE, "/data/task"),
        ("again", TWICE, "/data/task"),
    ]
    await world.submit("atlas", "s-2", [cancelled("no", "again")])
    assert (await report_of(world, "s-1"))["code"] == 0


async def test_approvals_with_and_without_an_amount_say_the_same(world: QueryWorld) -> None:
    paid = about("task.approved", "two", amount="1.00", currency="USD")
    await world.submit("atlas", "s-1", [about("task.approved", "one"), paid])
    await world.submit("atlas", "s-2", [about("task.completed", "three")])
    assert await found(world, "s-1", "s-2") == [
        ("one", TWICE, "/data/task"),
        ("two", TWICE, "/data/task"),
    ]


async def test_a_rejection_that_was_withdrawn_leaves_room_for_another(world: QueryWorld) -> None:
    """What undoes a rejection repeats its seconds as a negative, which disagrees with nobody."""
    first = about("rejection.issued", "first", pay_refused=True)
    second = about("rejection.issued", "second", taken_back={"amount": "1.00", "currency": "USD"})
    paid = about("rejection.issued", "third", seconds=None)
    await world.submit("atlas", "s-1", [first])
    await world.submit("atlas", "s-2", [second])
    assert await found(world, "s-1", "s-2") == [
        ("first", TWICE, "/data/task"),
        ("second", TWICE, "/data/task"),
    ]
    await world.submit("atlas", "s-3", [about("rejection.withdrawn", "undone", pay_refused=True)])
    assert await found(world, "s-1", "s-2", "s-3") == []
    # One too many again, of the kind that refuses nothing. What takes back is not one of them.
    await world.submit("atlas", "s-4", [paid])
    assert await found(world, "s-1", "s-2", "s-3", "s-4") == [
        (id_, TWICE, "/data/task") for id_ in ("first", "second", "third")
    ]


# --- what corrections say -----------------------------------------------------------------------


async def test_a_correction_speaks_for_the_event_that_it_names(world: QueryWorld) -> None:
    await world.submit("atlas", "s-1", [about("task.completed", "one")])
    await world.submit("atlas", "s-2", [about("task.approved", "two")])
    wrong = about("task.approved", "", seconds=61, contract="c-none")
    await world.submit("atlas", "s-3", [replaced("fix-1", "two", wrong)])
    place = "/data/replacement/data"
    assert await found(world, "s-2") == []
    assert await found(world, "s-1", "s-3") == [
        ("one", DISAGREE, "/data/contract"),
        ("one", DISAGREE, "/data/seconds"),
        ("fix-1", DISAGREE, f"{place}/contract"),
        ("fix-1", DISAGREE, f"{place}/seconds"),
        ("fix-1", NO_CONTRACT, f"{place}/contract"),
    ]
    (_, example) = (await status_of(world))["anomalies"]
    assert (example["rule"], example["example"]["event_id"]) == (NO_CONTRACT, "fix-1")
    assert example["example"]["pointer"] == f"{place}/contract"
    # Of several corrections of one event the last speaks, also after one that cancels.
    await world.submit("atlas", "s-4", [cancelled("fix-2", "two")])
    assert await found(world, "s-1", "s-2", "s-3", "s-4") == []
    twice = [about("task.approved", "three"), replaced("fix-3", "two", about("task.approved", ""))]
    await world.submit("atlas", "s-5", twice)
    assert await found(world, "s-1", "s-2", "s-3", "s-4", "s-5") == [
        ("three", TWICE, "/data/task"),
        ("fix-3", TWICE, f"{place}/task"),
    ]


async def test_a_replacement_may_speak_of_another_task(world: QueryWorld) -> None:
    await world.submit("atlas", "s-1", [about("task.completed", "one")])
    await world.submit("atlas", "s-2", [about("task.completed", "two")])
    await world.submit("atlas", "s-3", [done("t-2", "w-a", "11-01", 60)])
    moved = done("t-2", "w-a", "11-01", 60)
    await world.submit("atlas", "s-4", [replaced("move", "two", moved)])
    assert await found(world, "s-1", "s-2", "s-3", "s-4") == [
        ("t-2-completed", TWICE, "/data/task"),
        ("move", TWICE, "/data/replacement/data/task"),
    ]


# --- contracts ----------------------------------------------------------------------------------


async def test_work_needs_a_contract_that_its_own_platform_published_ever(
    world: QueryWorld,
) -> None:
    await world.submit("basma", "b", [contract("c-2-published", AT, "c-2")])
    lone = [
        about("task.completed", "none", contract=None),
        event("task.completed", AT, "foreign", **work("t-2", "w-a", "11-01", contract="c-2")),
        event("task.completed", AT, "amended", **work("t-3", "w-a", "11-01", contract="c-3")),
    ]
    await world.submit("atlas", "s-1", lone)
    assert await found(world, "s-1") == [
        (id_, NO_CONTRACT, "/data/contract") for id_ in ("none", "foreign", "amended")
    ]
    amended = {**contract("c-3-amended", AT, "c-3"), "type": "contract.amended.v1"}
    await world.submit("atlas", "s-2", [amended])
    assert [id_ for id_, _, _ in await found(world, "s-1")] == ["none", "foreign"]
    await world.submit("atlas", "s-3", [contract("c-2-ours", AT, "c-2")])
    assert [id_ for id_, _, _ in await found(world, "s-1")] == ["none"]


# --- pages --------------------------------------------------------------------------------------


async def test_pages_of_findings_are_the_whole(empty: QueryWorld) -> None:
    lone = [done(f"t-{i}", "w-a", "11-01", 60) for i in range(3)]
    lone += [{**approved("t-0", "w-b", "11-01", 60, "1.00"), "id": "other"}]
    await empty.submit("atlas", "s-1", lone)
    whole = await report_of(empty, "s-1")
    assert broken(whole)[:2] == [
        ("t-0-completed", DISAGREE, "/data/worker"),
        ("t-0-completed", NO_CONTRACT, "/data/contract"),
    ]
    for size in (1, 2, 3, 5):
        pages, query = [], f"?limit={size}"
        while query:
            page = await report_of(empty, "s-1", query)
            pages.append(page.pop("anomalies"))
            following = page.pop("next", None)
            # Every page tells of all that was found.
            assert page == {key: value for key, value in whole.items() if key != "anomalies"}
            query = f"?limit={size}&cursor={following}" if following else ""
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert [one for page in pages for one in page] == whole["anomalies"]
        assert whole["anomalies_total"] == 6


async def test_the_next_page_is_as_of_the_position_of_the_first(empty: QueryWorld) -> None:
    lone = [done(f"t-{i}", "w-a", "11-01", 60) for i in range(3)]
    await empty.submit("atlas", "s-1", lone)
    whole, first = await report_of(empty, "s-1"), await report_of(empty, "s-1", "?limit=1")
    later = approved("t-2", "w-b", "11-01", 60, "1.00")
    await empty.submit("atlas", "s-2", [contract("c-1-published", AT, "c-1"), later])
    rest = await report_of(empty, "s-1", f"?cursor={first['next']}")
    assert rest["position"] == whole["position"]
    assert first["anomalies"] + rest["anomalies"] == whole["anomalies"]
    assert rest["counts"] == whole["counts"]
    assert await found(empty, "s-1") == [("t-2-completed", DISAGREE, "/data/worker")]


@pytest.mark.parametrize("after", [[0, "a\0", ""], [0, "", "\0"], [2**63, "", ""], [0, ""]])
async def test_a_cursor_that_nobody_gave_out_is_refused(empty: QueryWorld, after: Any) -> None:
    await empty.submit("atlas", "s-1", [done(f"t-{i}", "w-a", "11-01", 60) for i in range(2)])
    given = (await report_of(empty, "s-1", "?limit=1"))["next"]
    forged = b64(msgspec.json.encode([after, *msgspec.json.decode(unb64(given))[1:]]))
    async with empty.client() as client:
        path = f"/v1/emitters/atlas/submissions/s-1?cursor={forged}"
        answer = await client.get(path, headers=empty.bearer(Role.PLATFORM, platform="atlas"))
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:sijill:problem:bad-cursor")


# --- the status ---------------------------------------------------------------------------------


async def test_a_status_tells_findings_of_events_of_its_days_as_reports_do(
    world: QueryWorld,
) -> None:
    world.later(days=1)
    await world.submit(
        "atlas", "s-1", [about("task.completed", "one"), about("task.approved", "two")]
    )
    world.later(days=1)
    await world.submit("atlas", "s-2", [about("task.completed", "again", contract=None)])
    await world.submit("atlas", "s-3", [about("task.returned", "back", seconds=90)])
    second, third = ("?from=2026-11-03&to=2026-11-03", "?from=2026-11-04&to=2026-11-04")
    assert counts(await status_of(world, query=second)) == {DISAGREE: 2, TWICE: 1}
    assert counts(await status_of(world, query=third)) == {DISAGREE: 2, TWICE: 1, NO_CONTRACT: 1}
    assert counts(await status_of(world)) == {DISAGREE: 4, TWICE: 2, NO_CONTRACT: 1}
    assert await found(world, "s-1", "s-2", "s-3") == [
        ("one", TWICE, "/data/task"),
        ("one", DISAGREE, "/data/seconds"),
        ("two", DISAGREE, "/data/seconds"),
        ("again", TWICE, "/data/task"),
        ("again", DISAGREE, "/data/seconds"),
        ("again", NO_CONTRACT, "/data/contract"),
        ("back", DISAGREE, "/data/seconds"),
    ]
    newest = {one["rule"]: one["example"] for one in (await status_of(world))["anomalies"]}
    assert {rule: one["event_id"] for rule, one in newest.items()} == {
        DISAGREE: "back",
        TWICE: "again",
        NO_CONTRACT: "again",
    }
    # What is mended on a later day is gone from the days before.
    world.later(days=1)
    await world.submit("atlas", "s-4", [cancelled("no-1", "again"), cancelled("no-2", "back")])
    for query in ("", second, third):
        assert counts(await status_of(world, query=query)) == {}
