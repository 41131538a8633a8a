"""What a platform is told of its submission, and what an inspector proves with."""

import httpx
import msgspec
import pytest

from events.access import Role
from events.jose import Verifier, unb64
from events.token import parse_token
from services.query_api.report import Broken, code_of, counts_of
from tests.query_api.emitter_pages import broken, report_of
from tests.query_api.query_world import QueryWorld, done, event


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


@pytest.mark.parametrize(
    ("events", "broken", "code"),
    [
        (2, Broken(events=0, left_out=0, reused=0, repeated=0), 0),
        (2, Broken(events=0, left_out=0, reused=0, repeated=2), 0),
        (2, Broken(events=1, left_out=0, reused=0, repeated=0), 1),
        (2, Broken(events=1, left_out=1, reused=0, repeated=0), 2),
        (2, Broken(events=1, left_out=1, reused=1, repeated=1), 2),
        (1, Broken(events=1, left_out=1, reused=1, repeated=1), 3),
        (2, Broken(events=2, left_out=2, reused=0, repeated=0), 3),
    ],
)
def test_the_code_follows_from_what_counts(events: int, broken: Broken, code: int) -> None:
    counts = counts_of(events, broken)
    assert code_of(counts) == code
    assert counts.accepted + counts.repeated + counts.anomalous + counts.not_counted == events
