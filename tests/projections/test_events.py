"""Event ids, anomalies, and what is no sum: counted, told, and its gaps named (RULES 3.2, 3.3)."""

import json
import random
from typing import Any

import msgspec
import pytest

from events import vocabulary
from events.jose import PrivateKey
from events.limits import EVENTS_MAX
from services.projections.anomalies import LEGAL_TERMS, RULES
from tests.projections.telling import completed, rules, sums, work
from tests.support.world import Platform, World, body_of

# --- event ids ----------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False], ids=["one submission", "another submission"])
async def test_the_same_event_again_is_a_repeat(world: World, together: bool) -> None:
    event = completed(world, "e1", seconds=60, task_group="surveys")
    await world.tell(event)
    once = await sums(world)

    if together:
        await world.tell(event, event)
    else:
        await world.tell(event)
        await world.tell(event)

    assert await sums(world) == once
    assert await world.view("anomaly") == []
    repeated = [row["repeated"] for row in await world.view("submission") if row["leaf_index"] > 1]
    assert repeated == ([0, 2] if together else [0, 1, 1])


async def test_key_order_white_space_and_escapes_make_no_other_content(world: World) -> None:
    event = completed(world, "e1", seconds=60, note={"b": "é", "a": [1, None, "/"]})
    await world.tell(event)
    turned = dict(reversed(event.items())) | {"data": dict(reversed(event["data"].items()))}
    turned["data"]["note"] = {"a": [1, None, "/"], "b": "é"}
    body = json.dumps([turned], indent=3).replace("/emitters/", r"\/emitters\/").encode()

    await world.append(world.alpha, body, "again", 1)
    await world.sequence()
    await world.fold()

    assert await world.view("anomaly") == []
    assert (await world.view("submission"))[-1]["repeated"] == 1


async def test_an_id_with_other_content_is_an_anomaly_and_the_first_stands(world: World) -> None:
    changes: list[dict[str, Any]] = [
        {"data": work(seconds=61)},
        {"data": work(seconds=60, unknown="now here")},
        {"data": work(seconds=60, residence="MA")},
        {"time": "2026-03-04T10:00:01+01:00"},
        {"time": "2026-03-04T09:00:00Z"},
        {"extension": "an unknown attribute"},
        {"type": "task.returned.v1"},
    ]
    events = [completed(world, f"e{number}", seconds=60) for number in range(len(changes))]
    await world.tell(*events)
    once = await sums(world)

    await world.tell(*(event | change for event, change in zip(events, changes, strict=True)))
    await world.tell(*events)

    assert await sums(world) == once
    assert await rules(world) == [("event-id-reused", "/id")] * len(changes)


async def test_a_reused_id_within_one_batch_keeps_its_first_use(world: World) -> None:
    await world.tell(
        completed(world, "e1", seconds=1),
        completed(world, "e1", seconds=2, worker="w2"),
        completed(world, "e1", seconds=1),
    )

    (row,) = await world.view("work_by_worker")
    (worker,) = await world.view("worker")
    assert (row["worker"], row["worked_seconds"], worker["worker"]) == ("w1", 1, "w1")
    assert await rules(world) == [("event-id-reused", "/id")]


async def test_uses_in_one_batch_of_an_id_that_stood_before_are_held_to_its_first(
    world: World,
) -> None:
    await world.tell(completed(world, "e1", seconds=1))

    await world.tell(
        *(completed(world, "e1", seconds=2) for _ in range(2)),
        *(completed(world, "e2", seconds=seconds) for seconds in (4, 8)),
    )

    (row,) = await world.view("work_by_worker")
    assert row["worked_seconds"] == 5
    assert await rules(world) == [("event-id-reused", "/id")] * 3
    assert (await world.view("submission"))[-1]["repeated"] == 3


async def test_the_first_use_is_kept_wherever_the_server_puts_its_row(world: World) -> None:
    """A short row fills up a page that had no room for a long one, and then lies before it."""
    chance = random.Random(7)
    ids = [f"e{block}-{n}" for block in range(100) for _ in range(2) for n in range(40)]
    events = [
        completed(world, one, seconds=number, contract="c" * chance.randint(1, 128))
        for number, one in enumerate(ids)
    ]
    for start in range(0, len(events), EVENTS_MAX):
        body = body_of(events[start : start + EVENTS_MAX])
        await world.append(world.alpha, body, f"s{start}", EVENTS_MAX)
    await world.sequence()

    await world.fold()

    kept = {row["event_id"]: row["seconds"] for row in await world.view("fact")}
    assert {one: kept[one] for one in ids} == {one: ids.index(one) for one in ids}


async def test_a_worker_counts_from_the_first_event_that_counts(world: World) -> None:
    await world.tell(completed(world, "e1"), completed(world, "e1", worker="w2"))
    world.clock.advance(days=1)
    await world.tell(completed(world, "e2", worker="w2"))

    first = {row["worker"]: row["first_recorded_day"].day for row in await world.view("worker")}

    assert first == {"w1": 4, "w2": 5}


# --- what is no sum -----------------------------------------------------------------------

OTHERS: dict[str, tuple[dict[str, Any], str | None]] = {
    "contract.published": ({"contract": "c1"}, "c1"),
    "contract.amended": ({"contract": "c1"}, "c1"),
    "contract.withdrawn": ({"contract": "c1"}, "c1"),
    "contract.accepted": ({"contract": "c1", "worker": "w1"}, "c1"),
    "dispute.opened": ({"dispute": "d1", "contested": "payment", "subject": "p1"}, "d1"),
    "dispute.answered": ({"dispute": "d1"}, "d1"),
    "dispute.decided": ({"dispute": "d1"}, "d1"),
    "review.given": ({"worker": "w1", "client": "k1", "pay": 3}, "k1"),
    "account.opened": ({"worker": "w1"}, "w1"),
    "account.suspended": ({"worker": "w1"}, "w1"),
    "account.closed": ({"worker": "w1"}, "w1"),
    "day.nil": ({"day": "2026-03-01"}, "2026-03-01"),
}


async def test_other_families_are_counted_told_and_in_no_sum(world: World) -> None:
    await world.tell(*(world.alpha.event(name, data) for name, (data, _) in OTHERS.items()))

    counts = {r["type"]: r["n"] for r in await world.view("event_count") if r["emitter"] == "alpha"}
    assert counts == {f"{name}.v1": 1 for name in OTHERS}
    told = {r["type"]: r for r in await world.view("told") if r["emitter"] == "alpha"}
    for name, (data, subject) in OTHERS.items():
        assert told[f"{name}.v1"]["subject"] == subject
        assert json.loads(told[f"{name}.v1"]["data"]) == data
    for name in ("work_by_worker", "work_by_platform", "pay_by_worker", "pay_by_platform"):
        assert await world.view(name) == []


def test_every_platform_event_is_in_the_table_or_among_the_others() -> None:
    in_sums = {"task", "time", "rejection", "payment"}
    names = {vocabulary.type_of(event).removesuffix(".v1") for event in vocabulary.PLATFORM_EVENTS}
    assert {name for name in names if name.split(".")[0] not in in_sums} == set(OTHERS)


async def test_fields_left_out_are_counted_by_type_in_the_order_of_the_schema(
    world: World,
) -> None:
    event = world.alpha.event
    await world.tell(
        event("task.completed", work()),
        event("task.completed", work(sandbox=True)),
        event("task.completed", work(seconds=0, residence="MA")),
        event("account.opened", {"worker": "w1", "residence": "MA", "reason_code": "new"}),
    )

    rows = [r for r in await world.view("unstated") if r["emitter"] == "alpha"]

    # Zero seconds are stated; sandbox is never missed; an event that states all is not here.
    assert [(row["fields"], row["n"]) for row in rows] == [
        ("contract task_group residence submitted seconds started", 2),
        ("contract task_group submitted started", 1),
    ]


FULL_CONTRACT = {
    "contract": "c1",
    "task_group": "surveys",
    "unit_pay": {"amount": "1", "currency": "MAD"},
    "total_rule": "per unit",
    "final_client": "client",
    "max_duration_seconds": 60,
    "recourse": "write to us",
    "processing_platform": "alpha",
    "data_purpose": "research",
}


async def test_a_contract_that_lacks_a_legal_term_is_told_and_flagged(world: World) -> None:
    type_ = "contract.published"
    without = {term: {k: v for k, v in FULL_CONTRACT.items() if k != term} for term in LEGAL_TERMS}
    await world.tell(
        world.alpha.event(type_, FULL_CONTRACT),
        *(world.alpha.event(type_, data) for data in without.values()),
        world.alpha.event("contract.amended", {"contract": "bare"}),
    )

    found = await rules(world)

    each = [("contract-term-missing", f"/data/{term}") for term in LEGAL_TERMS]
    assert found == each + sorted(each)
    told = [row for row in await world.view("told") if row["type"].startswith("contract.")]
    assert len(told) == len(LEGAL_TERMS) + 2
    assert RULES["contract-term-missing"].counted


async def test_acts_that_change_nothing_are_flagged(world: World) -> None:
    event = world.authority.event
    key = msgspec.to_builtins(PrivateKey.generate().jwk)
    beta = {"emitter": "beta", "name": "Beta", "key": key}
    await world.tell(
        event("platform.registered", beta),
        event("platform.registered", beta | {"name": "Beta again"}),
        event("platform.renamed", {"emitter": "nobody", "name": "N"}),
        event("key.revoked", {"kid": "A" * 43}),
        event("key.added", {"emitter": "beta", "key": key}),
        event("platform.succeeded", {"emitter": "alpha", "successor": "beta"}),
        event("platform.succeeded", {"emitter": "alpha", "successor": "nobody"}),
        platform=world.authority,
    )

    rows = await world.view("anomaly")

    first = rows[0]["event_number"] - 1
    assert [row["event_number"] - first for row in rows] == [1, 2, 3, 4, 6]
    assert {(row["rule"], row["pointer"]) for row in rows} == {("act-without-effect", "/data")}


async def test_a_repeated_act_is_not_flagged(world: World) -> None:
    platform = Platform("beta", PrivateKey.generate())
    data = {"emitter": "beta", "name": "B", "key": msgspec.to_builtins(platform.key.jwk)}
    act = world.authority.event("platform.registered", data)

    await world.tell(act, act, platform=world.authority)
    await world.tell(act, platform=world.authority)

    assert await world.view("anomaly") == []


async def test_a_second_rate_of_a_pair_and_day_is_flagged_and_the_first_stands(
    world: World,
) -> None:
    def rate(value: str, day: str = "2026-03-03") -> dict[str, Any]:
        return world.authority.event(
            "rate.published", {"base": "USD", "quote": "MAD", "day": day, "rate": value}
        )

    await world.tell(rate("9.1"), rate("9.2"), platform=world.authority)
    await world.tell(rate("9.3"), rate("9.4", "2026-03-02"), platform=world.authority)

    rows = await world.view("anomaly")

    assert [row["rule"] for row in rows] == ["rate-published-twice"] * 2
    told = {
        r["event_number"]: json.loads(r["data"])["rate"] for r in (await world.view("told"))[-4:]
    }
    assert [told[row["event_number"]] for row in rows] == ["9.2", "9.3"]


async def test_conflicting_submissions_reach_no_view(world: World) -> None:
    await world.push(world.alpha, [completed(world, "e1", seconds=1)], "same")
    await world.push(world.alpha, [completed(world, "e2", seconds=2)], "same")
    await world.sequence()
    await world.fold()

    (row,) = await world.view("work_by_worker")
    assert row["worked_seconds"] == 1
    assert len([r for r in await world.view("submission") if r["emitter"] == "alpha"]) == 1


async def test_the_same_bytes_under_another_submission_id_are_all_repeats(world: World) -> None:
    body = body_of([completed(world, "e1", seconds=1), completed(world, "e2", seconds=2)])
    for submission in ("s-a", "s-b"):
        await world.append(world.alpha, body, submission, 2)
    await world.sequence()
    await world.fold()

    rows = [r for r in await world.view("submission") if r["emitter"] == "alpha"]
    assert [(row["events"], row["repeated"]) for row in rows] == [(2, 0), (2, 2)]
