"""The real sequencer and the real views against the checker."""

from typing import Any

import asyncpg
from checker_world import World, event, public, registered, work

from events.jose import PrivateKey
from services.checker.report import render


async def test_every_family_agrees_with_the_views(world: World) -> None:
    await world.establish("alpha", "beta")
    for name in ("alpha", "beta"):
        await world.send(name, *platform_events())
    await world.send("authority", *acts())
    await world.settle()
    world.pass_days(3)
    await world.say("alpha", *corrections())
    report = await world.check()
    assert report.clean, render(report)
    assert report.leaves == 6
    assert report.position == 5


async def test_a_log_without_views_is_checked_and_says_so(world: World) -> None:
    await world.establish()
    report = await world.check()
    assert report.clean, render(report)
    assert report.notes == ("no generation of views is active: none was compared",)


async def test_views_that_another_version_made_are_not_compared(world: World) -> None:
    await world.establish("alpha")
    await world.settle()
    connection = await asyncpg.connect(world.dsn)
    await connection.execute("UPDATE projection.generation SET shape = 'older'")
    await connection.execute("ALTER TABLE view_1.fact DROP COLUMN digest")
    await connection.close()
    report = await world.check()
    assert report.clean, render(report)
    (note,) = report.notes
    assert note.endswith("none was compared; run `sijill rebuild`")


async def test_an_empty_registry_holds(world: World) -> None:
    report = await world.check()
    assert report.clean
    assert report.leaves == 0


def platform_events() -> list[dict[str, Any]]:
    full = work(
        contract="c1",
        task_group="surveys",
        residence="MA-01",
        seconds=60,
        submitted="2026-02-28T23:30:00Z",
        started="2026-02-28T23:00:00Z",
    )
    plain = {k: v for k, v in full.items() if k != "started"}
    money = {"amount": "0.50", "currency": "USD"}
    rejection = {**plain, "reason_code": "quality", "decided_by": "model"}
    pay = {
        "worker": "w3",
        "gross": "10",
        "currency": "MAD",
        "fee": "0.5",
        "taxes": "1",
        "contribution_withheld": "0.25",
        "net": "8.25",
        "rail": "bank",
        "paid_at": "2026-02-27T10:00:00+05:00",
        "tasks": ["t1", "t2"],
    }
    terms = {"contract": "c1", "unit_pay": money, "task_group": "surveys", "x-unknown": 1.5}
    return [
        event("contract.published", terms),
        event("contract.published", {"contract": "c2", "sandbox": True, "title": None}),
        event("contract.amended", {"contract": "c1", "total_rule": "per item", "recourse": "mail"}),
        event("contract.withdrawn", {"contract": "c2", "sandbox": True}),
        event("contract.accepted", {"contract": "c1", "worker": "w9", "residence": "FR"}),
        event("task.completed", full, id="done"),
        event("task.completed", full, id="done"),
        event("task.completed", {**full, "seconds": 61}, id="done"),
        event("task.completed", work()),
        event("task.completed", work(worker="w-sandbox", sandbox=True, seconds=5)),
        event("task.approved", {**plain, **money, "decided_by": "rule"}, id="ok"),
        event("task.approved", plain, id="ok-unstated"),
        event("task.returned", full),
        event("task.expired", work(seconds=0)),
        event("task.aborted", {**full, "cause": "network"}),
        event("rejection.issued", {**rejection, "pay_refused": True}, id="no"),
        event("rejection.issued", {**rejection, "pay_refused": False}),
        event("rejection.issued", work()),
        event("rejection.issued", {**rejection, "taken_back": money, "pay_refused": True}, id="tb"),
        event("rejection.withdrawn", {**rejection, "pay_refused": True}),
        event("rejection.withdrawn", {**rejection, "taken_back": money}, id="tbw"),
        event(
            "time.reported",
            {
                "worker": "w2",
                "day": "2026-02-01",
                "kind": "search",
                "seconds": 30,
                "residence": "MA",
            },
        ),
        event(
            "time.reported",
            {"worker": "w2", "day": "2026-02-01", "kind": "waiting", "seconds": 0, "sandbox": True},
        ),
        event("payment.made", pay, id="paid"),
        event("payment.made", {"worker": "w3", "gross": "1", "currency": "MAD"}),
        event("payment.reversed", pay),
        event(
            "dispute.opened",
            {
                "dispute": "d1",
                "contested": "payment",
                "subject": "t1",
                "worker": "w11",
                "sandbox": True,
            },
        ),
        event("dispute.answered", {"dispute": "d1", "by": "client"}),
        event(
            "dispute.decided",
            {"dispute": "d1", "decided_at": "2026-02-27T10:00:00.5+05:00", "decided_by": "human"},
        ),
        event("review.given", {"worker": "w12", "client": "k", "pay": 4, "task": "t1"}, id="rev"),
        event("account.opened", {"worker": "w13", "residence": "ES"}),
        event("account.suspended", {"worker": "w13", "reason_code": "fraud"}),
        event("account.closed", {"worker": "w14"}),
        event("day.nil", {"day": "2026-01-01"}),
        event("correction.cancelled", {"event": "tbw", "reason_code": "typo"}, id="cor"),
        event("correction.cancelled", {"event": "later"}),
        event("task.completed", work(seconds=9), id="later"),
    ]


def acts() -> list[dict[str, Any]]:
    other, fund = PrivateKey.generate(), PrivateKey.generate()
    rate = {"base": "USD", "quote": "MAD", "day": "2026-03-01", "rate": "9.9"}
    link = {"person": "p1", "platform": "alpha", "worker": "w1"}
    return [
        registered("alpha", other),
        event("platform.renamed", {"emitter": "alpha", "name": "Alpha Two"}),
        event("platform.renamed", {"emitter": "nobody", "name": "Alpha Two"}),
        event("platform.succeeded", {"emitter": "alpha", "successor": "beta"}),
        event("platform.succeeded", {"emitter": "nobody", "successor": "beta"}),
        event("platform.observed", {"name": "Ghost"}),
        event(
            "fund.registered",
            {"emitter": "cnss", "name": "CNSS", "schemes": ["ma-cnss"], "key": public(fund)},
        ),
        event("key.added", {"emitter": "alpha", "key": public(other)}),
        event("key.added", {"emitter": "beta", "key": public(other)}),
        event("key.added", {"emitter": "nobody", "key": public(PrivateKey.generate())}),
        event(
            "key.added",
            {"emitter": "beta", "key": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}},
        ),
        event("key.revoked", {"kid": other.kid}),
        event("key.revoked", {"kid": other.kid}),
        event("key.revoked", {"kid": "A" * 43}),
        event(
            "policy.adopted", {"country": "MA", "digest": "sha256:" + "0" * 64, "files": {"a": "b"}}
        ),
        event("rate.published", rate, id="rate"),
        event("rate.published", {**rate, "rate": "9.8"}),
        event("rate.published", {**rate, "quote": "EUR"}),
        event("identity.linked", link),
        event("identity.unlinked", link),
        event("scheme.assigned", {"scheme": "ma-cnss", "day_from": "2026-01-01", "person": "p1"}),
        event(
            "remittance.received",
            {
                "scheme": "ma-cnss",
                "platform": "alpha",
                "amount": "1",
                "period": "2026-02",
                "currency": "MAD",
                "received_on": "2026-03-01",
            },
        ),
        event(
            "correction.replaced",
            {
                "event": "rate",
                "replacement": {"type": "rate.published.v1", "data": {**rate, "rate": "10"}},
            },
        ),
        event("correction.cancelled", {"event": "rate"}),
        event("submission.quarantined", {"leaf_index": 999, "reason_code": "bad"}),
    ]


def corrections() -> list[dict[str, Any]]:
    def replaced(target: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        replacement = {"type": f"{kind}.v1", "data": data}
        return event("correction.replaced", {"event": target, "replacement": replacement})

    return [
        event("correction.cancelled", {"event": "done"}),
        event("correction.cancelled", {"event": "done"}),
        replaced("done", "task.completed", work(worker="w-new", seconds=7)),
        replaced("done", "task.completed", work(worker="w-new", seconds=8, sandbox=True)),
        event("correction.cancelled", {"event": "done"}),
        replaced("ok", "task.approved", work(seconds=7)),
        replaced("ok", "task.completed", work(seconds=7)),
        event("correction.cancelled", {"event": "no"}),
        event("correction.cancelled", {"event": "tb"}),
        event("correction.cancelled", {"event": "rev"}),
        event("correction.cancelled", {"event": "rev"}),
        event("correction.cancelled", {"event": "cor"}),
        event("correction.cancelled", {"event": "nothing"}),
        replaced("paid", "payment.made", {"worker": "w4", "gross": "3", "currency": "EUR"}),
        event("correction.cancelled", {"event": "self"}, id="self"),
    ]
