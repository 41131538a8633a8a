"""Corrections: what stands is taken back on the day of the correction (RULES 4)."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from events.jose import PrivateKey
from tests.projections.naive import Naive
from tests.projections.scripts import SCRIPTS, event_of
from tests.projections.telling import cancelled, completed, replaced, rules, sums, views, work
from tests.support.world import Platform, World


async def _worked(world: World) -> dict[tuple[str, int, int], tuple[int, int]]:
    """By worker, work day and recorded day: tasks and seconds."""
    return {
        (row["worker"], row["day"].day, row["recorded_day"].day): (
            row["completed"],
            row["worked_seconds"],
        )
        for row in await world.view("work_by_worker")
    }


async def test_a_cancelled_event_is_taken_back_on_the_day_of_the_correction(world: World) -> None:
    await world.tell(completed(world, "e1", seconds=60))
    world.clock.advance(days=2)

    await world.tell(cancelled(world, "e1"))

    assert await _worked(world) == {("w1", 4, 4): (1, 60), ("w1", 4, 6): (-1, -60)}


async def test_a_replacement_goes_to_its_own_worker_and_day(world: World) -> None:
    await world.tell(completed(world, "e1", seconds=60))
    world.clock.advance(days=1)

    new = work(worker="w2", seconds=50, submitted="2026-03-02T12:00:00Z")
    await world.tell(replaced(world, "e1", "task.completed", new))

    assert await _worked(world) == {
        ("w1", 4, 4): (1, 60),
        ("w1", 4, 5): (-1, -60),
        ("w2", 2, 5): (1, 50),
    }


async def test_a_replacement_in_another_currency_leaves_nothing_in_the_first(
    world: World,
) -> None:
    first = work(seconds=60, amount="2", currency="USD")
    await world.tell(world.alpha.event("task.approved", first, id="e1"))
    await world.tell(
        replaced(world, "e1", "task.approved", first | {"amount": "20", "currency": "MAD"})
    )

    rows = {row["currency"]: row for row in await world.view("work_by_platform")}

    assert [rows["USD"][n] for n in ("approved", "paid_seconds", "earned")] == [0, 0, 0]
    assert [rows["MAD"][n] for n in ("approved", "paid_seconds", "earned")] == [1, 60, 20_000_000]


@pytest.mark.parametrize("split", ["one batch", "own batches", "one submission"])
async def test_a_chain_of_corrections_takes_back_what_stands(world: World, split: str) -> None:
    chain = [
        completed(world, "e1", seconds=1),
        replaced(world, "e1", "task.completed", work(seconds=20)),
        replaced(world, "e1", "task.completed", work(seconds=300)),
        cancelled(world, "e1"),
        replaced(world, "e1", "task.completed", work(seconds=4_000, worker="w2")),
    ]
    if split == "one submission":
        await world.tell(*chain)
    for event in chain if split != "one submission" else []:
        await world.push(world.alpha, [event])
        await world.sequence()
        if split == "own batches":
            await world.fold()
    await world.fold()

    assert await _worked(world) == {("w1", 4, 4): (0, 0), ("w2", 4, 4): (1, 4_000)}
    assert await rules(world) == []
    versions = [
        (row["seconds"], row["version"])
        for row in await world.view("fact")
        if row["version"] is not None
    ]
    assert versions == [(-1, -1), (20, 1), (-20, -1), (300, 1), (-300, -1), (4_000, 1)]


async def test_what_cannot_be_corrected_adds_nothing_and_says_why(
    world: World, beta: Platform
) -> None:
    await world.tell(completed(world, "of-beta", seconds=1))
    await world.tell(cancelled(world, "e1"), completed(world, "e1", seconds=60))
    once = await sums(world)
    cancel = {"event": "adopted"}
    policy = {"country": "MA", "digest": "sha256:" + "0" * 64, "files": {}}
    await world.tell(
        replaced(world, "e1", "task.returned", work()),
        cancelled(world, "e1", id="c1"),
        cancelled(world, "c1"),
        cancelled(world, "e1"),
        cancelled(world, "itself", id="itself"),
        cancelled(world, "never"),
    )
    await world.tell(beta.event("correction.cancelled", {"event": "of-beta"}), platform=beta)
    await world.tell(
        world.authority.event("policy.adopted", policy, id="adopted"),
        world.authority.event("correction.cancelled", cancel),
        platform=world.authority,
    )

    assert await rules(world) == [
        # Its original comes after it: a correction looks back only.
        ("correction-unknown-event", "/data/event"),
        ("correction-other-type", "/data/event"),
        ("correction-of-correction", "/data/event"),
        ("correction-nothing-stands", "/data/event"),
        ("correction-unknown-event", "/data/event"),
        ("correction-unknown-event", "/data/event"),
        ("correction-unknown-event", "/data/event"),
        # It holds no files of its digest; that it is an act is what matters here.
        ("policy-not-readable", "/data"),
        ("correction-not-allowed", "/data/event"),
    ]
    after = await sums(world)
    (before_row,), (row,) = once["work_by_platform"], after["work_by_platform"]
    assert (before_row["completed"], row["completed"]) == (2, 1)
    assert (before_row["worked_seconds"], row["worked_seconds"]) == (61, 1)


async def test_a_correction_sent_twice_corrects_once(world: World) -> None:
    await world.tell(completed(world, "e1", seconds=60))
    correction = replaced(world, "e1", "task.completed", work(seconds=70), id="c1")

    await world.tell(correction, correction)
    await world.tell(correction)

    assert await _worked(world) == {("w1", 4, 4): (1, 70)}
    assert await rules(world) == []


async def test_a_corrections_id_with_other_content_changes_nothing(world: World) -> None:
    await world.tell(completed(world, "e1", seconds=60))
    await world.tell(replaced(world, "e1", "task.completed", work(seconds=70), id="c1"))

    await world.tell(
        replaced(world, "e1", "task.completed", work(seconds=80, worker="w9"), id="c1"),
        cancelled(world, "e1", id="c1"),
        completed(world, "c1", seconds=5),
    )

    assert await _worked(world) == {("w1", 4, 4): (1, 70)}
    assert await rules(world) == [("event-id-reused", "/id")] * 3


async def test_a_correction_of_a_repeated_event_corrects_it_once(world: World) -> None:
    event = completed(world, "e1", seconds=60)
    await world.tell(event, event)

    await world.tell(cancelled(world, "e1"), event)

    assert await _worked(world) == {("w1", 4, 4): (0, 0)}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("after", [True, False])
async def test_corrections_move_work_into_and_out_of_the_sandbox(
    world: World, before: bool, after: bool
) -> None:
    await world.tell(completed(world, "e1", seconds=60, sandbox=before))

    await world.tell(replaced(world, "e1", "task.completed", work(seconds=70, sandbox=after)))

    rows = await world.view("work_by_platform")
    assert sum(row["completed"] for row in rows) == (not after)
    assert sum(row["worked_seconds"] for row in rows) == (0 if after else 70)


async def test_a_payment_and_a_rejection_are_corrected_in_their_own_views(world: World) -> None:
    event = world.alpha.event
    paid = {"worker": "w1", "gross": "5", "currency": "MAD", "fee": "1"}
    refusal = work(seconds=60, pay_refused=True, reason_code="late", decided_by="rule")
    await world.tell(
        event("payment.made", paid, id="p1"), event("rejection.issued", refusal, id="r1")
    )
    await world.tell(
        replaced(world, "p1", "payment.made", paid | {"gross": "4", "rail": "bank"}),
        replaced(world, "r1", "rejection.issued", refusal | {"decided_by": "human"}),
    )

    pay = {row["rail"]: row for row in await world.view("pay_by_platform")}
    refusals = {row["decided_by"]: row for row in await world.view("refusal_by_platform")}

    assert [pay["unstated"][name] for name in ("payments", "gross", "fee")] == [0, 0, 0]
    assert [pay["bank"][name] for name in ("payments", "gross", "fee")] == [1, 4_000_000, 1_000_000]
    assert (refusals["rule"]["rejected"], refusals["rule"]["seconds"]) == (0, 0)
    assert (refusals["human"]["rejected"], refusals["human"]["seconds"]) == (1, 60)


async def test_corrected_contracts_and_rates_are_told_with_what_they_correct(
    world: World,
) -> None:
    rate = {"base": "USD", "quote": "MAD", "day": "2026-03-03", "rate": "9"}
    await world.tell(world.alpha.event("contract.published", {"contract": "c1"}, id="e1"))
    await world.tell(replaced(world, "e1", "contract.published", {"contract": "c1", "title": "T"}))
    await world.tell(
        world.authority.event("rate.published", rate, id="r1"), platform=world.authority
    )
    await world.tell(
        world.authority.event(
            "correction.replaced",
            {"event": "r1", "replacement": {"type": "rate.published.v1", "data": rate}},
        ),
        world.authority.event("correction.cancelled", {"event": "unknown"}),
        platform=world.authority,
    )

    told = [row for row in await world.view("told") if row["leaf_index"] > 1]

    numbers = {row["type"]: row["event_number"] for row in told if row["original"] is None}
    assert [(r["subject"], r["original"]) for r in told if r["type"].startswith("correction.")] == [
        ("e1", numbers["contract.published.v1"]),
        ("r1", numbers["rate.published.v1"]),
    ]


@given(script=SCRIPTS)
@settings(
    max_examples=25,
    # Each example is told to a real registry: a long one is soon found, shrinking takes minutes.
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_history_equals_a_naive_dictionary_of_what_stands(
    world: World, script: list[tuple[Any, ...]]
) -> None:
    platform = await _another_platform(world)
    naive, said, waiting = Naive(), list[Any](), list[Any]()

    async def submit() -> None:
        if waiting:
            await world.push(platform, waiting)
            await world.sequence()
        for event in waiting:
            naive.take(event, world.days.day_of(world.clock()))
        waiting.clear()

    for step in script:
        if step[0] in {"submit", "fold", "day"}:
            await submit()
            if step[0] == "fold":
                await world.fold()
            if step[0] == "day":
                world.clock.advance(days=1)
            continue
        event = event_of(platform.emitter, step, said)
        if event["id"] != "nothing":
            said.append(event)
            waiting.append(event)
    await submit()
    await world.fold()

    seen = await views(world, "work_by_worker", "pay_by_worker", "anomaly")
    work_key = ("worker", "day", "task_group", "currency", "residence", "recorded_day")
    pay_key = ("worker", "day", "currency", "rail", "residence", "recorded_day")
    assert _summed(seen["work_by_worker"], platform, work_key) == dict(naive.work)
    assert _summed(seen["pay_by_worker"], platform, pay_key) == dict(naive.pay)
    found = Counter(r["rule"] for r in seen["anomaly"] if r["emitter"] == platform.emitter)
    assert found == naive.anomalies


def _summed(
    rows: list[dict[str, Any]], platform: Platform, key: tuple[str, ...]
) -> dict[tuple[Any, ...], Counter[str]]:
    """A view's rows of one platform as counters by key. Counters that differ in zeros are equal."""
    return {
        tuple(row[name] for name in key): Counter(
            {name: int(value) for name, value in row.items() if name not in {*key, "emitter"}}
        )
        for row in rows
        if row["emitter"] == platform.emitter
    }


async def _another_platform(world: World) -> Platform:
    platform = Platform(f"p{len((await world.log.key_ring()).emitters)}", PrivateKey.generate())
    await world.register(platform)
    return platform
