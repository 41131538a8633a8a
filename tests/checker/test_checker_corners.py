"""Corners where the fold, the sequencer and the checker could each mean something else."""

from typing import Any

from checker_world import World, event, public, registered, work

from events.jose import PrivateKey
from services.checker.history import Answer, Attempt
from services.checker.report import render


def replaced(target: str, kind: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    replacement = {"type": f"{kind}.v1", "data": data}
    return event("correction.replaced", {"event": target, "replacement": replacement}, **more)


async def holds(world: World) -> None:
    report = await world.check()
    assert report.clean, render(report)


async def test_a_replacement_without_submitted_takes_the_corrections_own_day(world: World) -> None:
    await world.establish("alpha")
    await world.say(
        "alpha",
        event("task.completed", work(seconds=1), id="a", time="2026-01-05T12:00:00Z"),
        replaced("a", "task.completed", work(seconds=2), time="2026-02-07T12:00:00Z"),
    )
    await holds(world)


async def test_a_worker_named_only_in_what_had_no_effect_is_unknown(world: World) -> None:
    await world.establish("alpha")
    await world.say(
        "alpha",
        event("task.completed", work(seconds=1), id="a"),
        event("task.completed", work(worker="reused"), id="a"),
        replaced("a", "task.approved", work(worker="other-type")),
        replaced("none", "task.approved", work(worker="unknown-event")),
    )
    await holds(world)


async def test_a_rate_is_published_once_whoever_says_it_and_whatever_became_of_it(
    world: World,
) -> None:
    await world.establish()
    world.keys["cnss"] = PrivateKey.generate()
    rate = {"base": "USD", "quote": "MAD", "day": "2026-03-01", "rate": "9.9"}
    fund = {"emitter": "cnss", "name": "CNSS", "schemes": ["s"], "key": public(world.keys["cnss"])}
    await world.send("authority", event("fund.registered", fund))
    await world.sequence()
    await world.send("authority", event("rate.published", rate, id="r"))
    await world.send("cnss", event("rate.published", {**rate, "scheme": "s"}))
    await world.send("authority", event("correction.cancelled", {"event": "r"}))
    await world.send("authority", event("rate.published", {**rate, "rate": "9.8"}))
    await world.send("authority", event("rate.published", {**rate, "rate": "9.7"}))
    moved = {**rate, "day": "2026-03-02"}
    await world.send("authority", replaced("r", "rate.published", moved))
    await world.send("authority", event("rate.published", moved))
    await world.settle()
    await holds(world)


async def test_a_replaced_contract_that_lacks_terms(world: World) -> None:
    await world.establish("alpha")
    await world.say(
        "alpha",
        event("contract.published", {"contract": "c"}, id="c"),
        replaced("c", "contract.published", {"contract": "c", "title": "T"}),
    )
    await holds(world)


async def test_acts_that_change_nothing(world: World) -> None:
    await world.establish("alpha", "beta")
    fund, fresh = PrivateKey.generate(), PrivateKey.generate()
    await world.say(
        "authority",
        event("platform.succeeded", {"emitter": "alpha", "successor": "nobody"}),
        event("platform.renamed", {"emitter": "registry", "name": "R"}),
        event("fund.registered", {"emitter": "f", "name": "F", "schemes": [], "key": public(fund)}),
        event("platform.succeeded", {"emitter": "f", "successor": "alpha"}),
        event("platform.succeeded", {"emitter": "alpha", "successor": "alpha"}),
        event("platform.renamed", {"emitter": "f", "name": "R"}),
        registered("gamma", world.keys["alpha"]),
        event("key.added", {"emitter": "f", "key": public(fresh)}, id="k"),
        event("key.added", {"emitter": "f", "key": public(fresh)}),
        event("key.revoked", {"kid": fresh.kid}),
        event("key.added", {"emitter": "alpha", "key": public(fresh)}),
    )
    await holds(world)


async def test_an_act_under_a_used_event_id(world: World) -> None:
    await world.establish()
    one, two = PrivateKey.generate(), PrivateKey.generate()
    await world.say("authority", {**registered("one", one), "id": "same"})
    await world.say("authority", {**registered("two", two), "id": "same"})
    await world.say("authority", event("platform.renamed", {"emitter": "two", "name": "Two"}))
    await holds(world)


async def test_conflicts_repeats_and_revoked_keys(world: World) -> None:
    await world.establish("alpha", "beta")
    old, new = world.keys["alpha"], PrivateKey.generate()
    first = await world.send("alpha", event("day.nil", {"day": "2026-01-01"}), submission="one")
    await world.intake.append(first, anyway=True)
    await world.send("alpha", event("day.nil", {"day": "2026-01-02"}), submission="one")
    await world.settle()
    await world.send("authority", event("key.added", {"emitter": "alpha", "key": public(new)}))
    await world.send("authority", event("key.revoked", {"kid": old.kid}))
    await world.sequence()
    await world.send("alpha", event("day.nil", {"day": "2026-01-03"}), key=old, submission="two")
    await world.sequence()
    await world.send("alpha", event("day.nil", {"day": "2026-01-04"}), key=new, submission="two")
    await world.send("alpha", event("day.nil", {"day": "2026-01-05"}), key=old, submission="one")
    await world.settle()
    await world.intake.append(first, anyway=True)
    report = await world.check()
    assert report.clean, render(report)
    rows = await world.pool.fetch("SELECT outcome FROM log.submission ORDER BY leaf_index")
    assert [row["outcome"] for row in rows][2:] == [
        "counted",
        "conflict",
        "counted",
        "counted",
        "key-revoked",
        "counted",
        "key-revoked",
    ]


async def test_a_quarantined_leaf_is_in_no_view(world: World) -> None:
    await world.establish("alpha")
    await world.send("alpha", event("task.completed", work(seconds=1), id="a"))
    await world.sequence()
    leaf = (await world.log.tail()).index
    act = {"leaf_index": leaf, "reason_code": "bad"}
    await world.send("authority", event("submission.quarantined", act))
    await world.sequence()
    await world.send("alpha", event("correction.cancelled", {"event": "a"}))
    await world.send("authority", event("submission.quarantined", act))
    await world.settle()
    await holds(world)


async def test_nanoseconds_are_rounded_alike(world: World) -> None:
    await world.establish("alpha")
    for digits in ("9999994", "9999995", "99999949999", "999999500", "123456499", "0000005"):
        moment = f"2026-02-27T23:59:59.{digits}Z"
        await world.send(
            "alpha",
            event("task.completed", work(submitted=moment)),
            event("dispute.decided", {"dispute": digits, "decided_at": moment}),
        )
    await world.settle()
    await holds(world)


async def test_contents_that_are_equal_or_nearly(world: World) -> None:
    await world.establish("alpha")
    base = event("day.nil", {"day": "2026-01-01"}, id="x", extra={"a": 1, "b": [1.5, None, "é"]})
    turned = dict(reversed(base.items()))
    turned["extra"] = {"b": [1.50, None, "\u00e9"], "a": 1}
    other = {**base, "extra": {"a": 1, "b": [1.5, None, "e"]}}
    whole = {**base, "extra": {"a": 1.0, "b": [1.5, None, "é"]}}
    await world.say("alpha", base, turned, other, whole)
    pairs = [(2**64, 2.0**64), (2**70, 2**70 + 1), (-0.0, 0), ("é", "e\u0301")]
    for first, second in pairs:
        made = event("day.nil", {"day": "2026-01-01"})
        await world.say("alpha", {**made, "x": first}, {**made, "x": second})
    await holds(world)


async def test_a_leaf_that_was_folded_before_it_was_quarantined_is_found(world: World) -> None:
    await world.establish("alpha")
    await world.say("alpha", event("task.completed", work(seconds=1)))
    act = {"leaf_index": 2, "reason_code": "bad"}
    await world.send("authority", event("submission.quarantined", act))
    await world.sequence()
    report = await world.check()
    assert report.findings[0].where == "view submission, leaf_index 2, emitter alpha"
    assert report.findings[0].expected == "no such row"
    assert report.notes == ("leaf 2 is quarantined: no view may hold it",)


async def test_what_waits_for_its_leaf_is_counted_and_no_fault(world: World) -> None:
    await world.establish("alpha")
    made = await world.send("alpha", event("day.nil", {"day": "2026-01-01"}))
    history = [Attempt("alpha", made.submission, made.body_sha256, Answer.ACKED)]
    report = await world.check(history=history)
    assert report.clean, render(report)
    assert report.waiting == 1
    lost = [*history, Attempt("alpha", "lost", bytes(32), Answer.ACKED)]
    (finding,) = (await world.check(history=lost)).findings
    assert finding.what == "acknowledged"
