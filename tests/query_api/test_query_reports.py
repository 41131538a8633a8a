"""What a platform is told of its submission, and what an inspector proves with."""

from typing import Any

import httpx
import msgspec
import pytest

from events.access import Role
from events.jose import Verifier, unb64
from events.token import parse_token
from services.query_api.report import Finding, code_of, counts_of, standing, task_findings
from tests.query_api.query_world import QueryWorld, approved, contract, done, event, work

AT = "2026-11-01T10:00:00+01:00"


async def report_of(told: QueryWorld, submission: str, query: str = "") -> Any:
    async with told.client() as client:
        path = f"/v1/emitters/atlas/submissions/{submission}{query}"
        answer = await client.get(path, headers=told.bearer(Role.PLATFORM, platform="atlas"))
    assert answer.status_code == 200, answer.text
    return answer.json()


def broken(report: Any) -> list[tuple[str, str, str]]:
    return [(one["event_id"], one["rule"], one["pointer"]) for one in report["anomalies"]]


async def test_a_clean_submission_is_code_0_in_the_agreed_shape(told: QueryWorld) -> None:
    report = await report_of(told, "s-5")
    assert report.pop("received_at") == report.pop("sequenced_at")
    assert report == {
        "emitter": "atlas",
        "submission": "s-5",
        "leaf_index": 9,
        "outcome": "counted",
        "events": 1,
        "first_event": 18,
        "folded": True,
        "code": 0,
        "counts": {"accepted": 0, "repeated": 1, "anomalous": 0, "not_counted": 0},
        "anomalies": [],
        "anomalies_total": 0,
        "position": 10,
    }


async def test_a_reused_id_is_partly_counted_and_says_how_to_correct_it(told: QueryWorld) -> None:
    report = await report_of(told, "s-3")
    assert report["code"] == 2
    assert report["counts"] == {"accepted": 2, "repeated": 1, "anomalous": 0, "not_counted": 1}
    (one,) = report["anomalies"]
    assert (one["event_id"], one["rule"], one["pointer"]) == (
        "t-2-completed",
        "event-id-reused",
        "/id",
    )
    assert one["text"]
    assert "correction.replaced" in one["remedy"]


async def test_work_without_a_contract_counts_and_is_named(told: QueryWorld) -> None:
    report = await report_of(told, "s-6")
    assert report["code"] == 1
    assert broken(report) == [("t-5-completed", "work-without-contract", "/data/contract")]


async def test_a_conflict_is_code_3_and_can_be_asked_for_by_its_leaf(told: QueryWorld) -> None:
    assert (await report_of(told, "s-4"))["outcome"] == "counted"
    report = await report_of(told, "s-4", "?leaf=8")
    assert (report["outcome"], report["code"], report["first_event"]) == ("conflict", 3, None)
    assert report["counts"]["not_counted"] == 1


async def test_before_the_fold_a_report_says_so(empty: QueryWorld) -> None:
    await empty.push("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    path = "/v1/emitters/atlas/submissions/s-1"
    headers = empty.bearer(Role.PLATFORM, platform="atlas")
    async with empty.client() as client:
        waiting = await client.get(path, headers=headers)
        assert waiting.status_code == 404
        assert "waits to be sequenced" in waiting.json()["detail"]
    await empty.sequence()
    report = await report_of(empty, "s-1")
    assert (report["folded"], report["code"]) == (False, None)
    await empty.fold()
    assert (await report_of(empty, "s-1"))["code"] == 1


async def test_events_of_a_task_that_disagree_are_named_until_corrected(empty: QueryWorld) -> None:
    await empty.submit("atlas", "c", [contract("c-1-published", AT, "c-1")])
    await empty.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    assert (await report_of(empty, "s-1"))["code"] == 0
    await empty.submit("atlas", "s-2", [approved("t-1", "w-b", "11-02", 60, "1.00")])
    assert broken(await report_of(empty, "s-1")) == [
        ("t-1-completed", "task-events-disagree", "/data/submitted"),
        ("t-1-completed", "task-events-disagree", "/data/worker"),
    ]
    right = work("t-1", "w-a", "11-01", seconds=60, amount="1.00", currency="USD")
    replacement = {"type": "task.approved.v1", "data": right}
    mend = event("correction.replaced", AT, "fix", event="t-1-approved", replacement=replacement)
    await empty.submit("atlas", "s-3", [mend])
    for submission in ("s-1", "s-2", "s-3"):
        assert (await report_of(empty, submission))["code"] == 0


async def test_two_events_of_one_kind_for_a_task_are_named_until_one_is_cancelled(
    empty: QueryWorld,
) -> None:
    await empty.submit("atlas", "c", [contract("c-1-published", AT, "c-1")])
    twice = [done("t-1", "w-a", "11-01", 60), {**done("t-1", "w-a", "11-01", 60), "id": "again"}]
    await empty.submit("atlas", "s-1", twice)
    assert broken(await report_of(empty, "s-1")) == [
        ("t-1-completed", "task-event-twice", "/data/task"),
        ("again", "task-event-twice", "/data/task"),
    ]
    cancel = event("correction.cancelled", AT, "no", event="again")
    await empty.submit("atlas", "s-2", [cancel])
    assert (await report_of(empty, "s-1"))["code"] == 0


async def test_pages_of_anomalies_are_the_whole(empty: QueryWorld) -> None:
    lone = [done(f"t-{i}", "w-a", "11-01", 60) for i in range(5)]
    await empty.submit("atlas", "s-1", lone)
    whole = await report_of(empty, "s-1")
    assert whole["anomalies_total"] == 5
    found, query = [], "?limit=2"
    while True:
        page = await report_of(empty, "s-1", query)
        found += page["anomalies"]
        if "next" not in page:
            break
        query = f"?limit=2&cursor={page['next']}"
    assert found == whole["anomalies"]


async def test_a_quarantined_submission_counts_nothing(empty: QueryWorld) -> None:
    await empty.push("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    await empty.sequence()
    at = empty.now.isoformat()
    act = event("submission.quarantined", at, "q-2", leaf_index=3, reason_code="undigestible")
    await empty.push("authority", "act-2", [act])
    await empty.sequence()
    await empty.fold()
    report = await report_of(empty, "s-1")
    assert (report["folded"], report["code"]) == (True, 3)


async def test_the_receipt_is_the_same_bytes_and_verifies(told: QueryWorld) -> None:
    async with told.client() as client:
        path = "/v1/emitters/atlas/submissions/s-1/receipt"
        headers = told.bearer(Role.PLATFORM, platform="atlas")
        first = await client.get(path, headers=headers)
        assert (await client.get(path, headers=headers)).content == first.content
    receipt = first.json()
    message, _, signature = receipt["receipt"].rpartition(".")
    verifier = Verifier(told.inner.registry_key.jwk)
    assert verifier.verify("Ed25519", unb64(signature), message.encode())
    claims = msgspec.json.decode(unb64(message.partition(".")[2]))
    assert (claims["leaf_index"], claims["registry"]) == (3, told.identity)


# --- events -----------------------------------------------------------------------------------


async def test_signed_bytes_lead_back_to_the_platforms_key(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = await client.get("/v1/events/7/bytes", headers=told.bearer(Role.INSPECTOR))
    assert answer.headers["content-type"] == "application/cloudevents-batch+json"
    token = parse_token(answer.headers["submission-signature"])
    verifier = Verifier(told.speakers["atlas"].key.jwk)
    signed = token.signing_input(answer.content)
    assert verifier.verify(token.header.alg, token.signature, signed)
    assert answer.headers["registry-leaf"] == "3"
    index = int(answer.headers["event-index"])
    assert msgspec.json.decode(answer.content)[index]["id"] == "t-1-approved"


async def test_an_event_shows_what_it_added_and_what_corrected_it(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = (await client.get("/v1/events/7", headers=told.bearer(Role.INSPECTOR))).json()
    assert answer["event"]["data"]["amount"] == "2.00"
    assert answer["corrected_by"] == [14]
    amounts = [(fact["version"], fact["amount"]) for fact in answer["facts"]]
    assert amounts == [(None, "2"), (-1, "-2"), (1, "3")]


async def test_every_event_number_leads_to_its_own_event(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    """Repeats and reused ids have a number and no fact; conflicts have neither."""
    for number in range(20):
        answer = await client.get(f"/v1/events/{number}", headers=told.bearer(Role.INSPECTOR))
        found = answer.json()
        assert found["event_number"] == number
        body = await client.get(f"/v1/events/{number}/bytes", headers=told.bearer(Role.INSPECTOR))
        sent = msgspec.json.decode(body.content)[found["event_index"]]
        assert sent == found["event"]
    missing = await client.get("/v1/events/20", headers=told.bearer(Role.INSPECTOR))
    assert missing.status_code == 404


async def test_a_worker_gets_signed_bytes_that_are_hers_alone(empty: QueryWorld) -> None:
    await empty.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    headers = empty.bearer(Role.WORKER, platform="atlas", worker="w-a")
    async with empty.client() as client:
        assert (await client.get("/v1/events/5/bytes", headers=headers)).status_code == 200


# --- the pure part ------------------------------------------------------------------------------


def statement(number: int, kind: str = "completed", n: int = 1, **more: Any) -> dict[str, Any]:
    plain = {
        "event_number": number, "original": None, "version": None, "task": "t", "worker_code": 1,
        "contract": "c", "task_group": None, "day": None, "kind": kind, "n": n, "seconds": None,
    }  # fmt: skip
    return {**plain, **more}


def test_a_rejection_that_was_withdrawn_leaves_room_for_another() -> None:
    said = [
        statement(1, "rejected", seconds=60),
        statement(2, "rejected-paid", -1, seconds=-60),
        statement(3, "rejected-taken-back", seconds=60),
    ]
    assert task_findings(said, {"c"}, range(10)) == []
    assert task_findings([said[0], said[2]], {"c"}, range(3, 4)) == [
        Finding(3, "task-event-twice", "/data/task")
    ]


def test_what_is_not_stated_does_not_disagree() -> None:
    said = [statement(1, task_group="surveys", seconds=5), statement(2, "approved")]
    assert task_findings(said, {"c"}, range(10)) == []


def test_a_correction_speaks_for_the_event_it_names() -> None:
    taken = statement(5, n=-1, original=1, version=-1)
    put = statement(5, original=1, version=1, worker_code=2)
    assert standing([statement(1), taken, put]) == [put]
    assert standing([statement(1), taken]) == []


@pytest.mark.parametrize(
    ("events", "repeated", "findings", "code"),
    [
        (2, 0, [], 0),
        (2, 2, [], 0),
        (2, 0, [Finding(0, "work-without-contract", "/x")], 1),
        (2, 0, [Finding(0, "correction-unknown-event", "/x")], 2),
        (2, 1, [Finding(0, "event-id-reused", "/id")], 2),
        (1, 1, [Finding(0, "event-id-reused", "/id")], 3),
        (2, 0, [Finding(n, "correction-of-correction", "/x") for n in (0, 1)], 3),
    ],
)
def test_the_code_follows_from_what_counts(
    events: int, repeated: int, findings: list[Finding], code: int
) -> None:
    counts = counts_of(events, repeated, findings)
    assert code_of(counts) == code
    assert counts.accepted + counts.repeated + counts.anomalous + counts.not_counted == events
