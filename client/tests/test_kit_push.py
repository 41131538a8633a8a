"""The whole job against a registry that loses answers, is busy, and refuses."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kit_registry import (
    FakeRegistry,
    Fault,
    answering,
    lost_answer,
    lost_request,
)
from kit_tables import APPROVED, NOW, OVERTURNED, REJECTED, SUBMITTED, write
from sijill_client.batches import BODY_BYTES_MAX, ReadyEvent, batches
from sijill_client.emitter import Emitter
from sijill_client.errors import SijillError, Unreachable
from sijill_client.keys import make_key
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.push import PushResult, push_files

URL = "https://registry.example"
NIL = {
    "id": "nil-1",
    "type": "day.nil.v1",
    "time": "2026-02-28T23:00:00Z",
    "data": {"day": "2026-02-28"},
}


class Job:
    """Pushes to a fake registry, and remembers how long it was told to sleep."""

    def __init__(self, registry: FakeRegistry, pseudonyms: Pseudonyms) -> None:
        self.registry, self.pseudonyms = registry, pseudonyms
        self.slept: list[float] = []

    def push(self, *files: Path, **options: Any) -> PushResult:
        with self.registry.client() as client:
            return push_files(
                files,
                self.registry.key,
                URL,
                client=client,
                pseudonyms=self.pseudonyms,
                options=PushOptions(**options),
                clock=lambda: NOW,
                sleep=self.slept.append,
            )

    def emitter(self, client: httpx.Client, **options: Any) -> Emitter:
        settings = {"clock": lambda: NOW, "sleep": self.slept.append} | options
        return Emitter(self.registry.key, URL, client, **settings)


@pytest.fixture
def job(registry: FakeRegistry, pseudonyms: Pseudonyms) -> Job:
    return Job(registry, pseudonyms)


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    rows = [
        APPROVED,
        SUBMITTED | {"AssignmentId": "3B"},
        REJECTED | {"AssignmentId": "3C"},
        OVERTURNED | {"AssignmentId": "3D"},
    ]
    return write(tmp_path / "batch.csv", rows)


def many_events(path: Path, count: int) -> Path:
    lines = (json.dumps(NIL | {"id": f"nil-{number}"}) for number in range(count))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_push_reads_sends_and_reads_back(job: Job, batch: Path) -> None:
    result = job.push(batch)
    assert result.complete
    assert result.by_status == {"approved": 2, "submitted": 1, "rejected": 1}
    assert result.events == {
        "contract.published.v1": 1,
        "task.completed.v1": 4,
        "task.approved.v1": 2,
        "rejection.issued.v1": 2,
        "rejection.withdrawn.v1": 1,
    }
    assert (result.submissions, len(result.accepted)) == (1, 1)
    assert result.event_counts["accepted"] == len(job.registry.events) == 10


def test_a_second_push_is_all_repeats(job: Job, batch: Path) -> None:
    job.push(batch)
    again = job.push(batch)
    assert again.complete
    assert (len(again.accepted), len(again.repeated)) == (0, 1)
    assert len(job.registry.leaves) == 1


def test_a_newer_download_adds_the_decision_and_repeats_the_rest(job: Job, tmp_path: Path) -> None:
    job.push(write(tmp_path / "monday.csv", [SUBMITTED]))
    result = job.push(write(tmp_path / "friday.csv", [APPROVED]))
    assert result.anomalies_total == 0
    assert result.event_counts["repeated"] == 2
    assert result.event_counts["accepted"] == 1


def test_what_differs_from_an_earlier_push_is_told_with_an_example(
    job: Job, tmp_path: Path
) -> None:
    job.push(write(tmp_path / "monday.csv", [APPROVED]))
    result = job.push(write(tmp_path / "friday.csv", [APPROVED | {"WorkTimeInSeconds": "9"}]))
    assert result.anomalies_total == 2
    kind = result.anomalies["event-id-reused"]
    assert (kind.count, kind.example.event_id) == (2, "task.completed:3ASSIGNMENT1")


@pytest.mark.parametrize(
    "faults",
    [
        [lost_answer],
        [lost_request, lost_answer, lost_answer],
        [answering(503, {"Retry-After": "1"}), lost_answer],
        [answering(502), answering(504), answering(429)],
    ],
)
def test_nothing_is_counted_twice_or_lost_when_answers_are(
    job: Job, batch: Path, faults: list[Fault]
) -> None:
    job.registry.faults.extend(faults)
    result = job.push(batch)
    assert result.complete
    assert len(job.registry.leaves) == 1
    assert len({request.content for request in job.registry.posts}) == 1
    assert result.event_counts["accepted"] == 10
    assert len(job.slept) == len(faults)


def test_a_retry_after_is_kept_to(job: Job, batch: Path) -> None:
    date = (NOW + timedelta(seconds=40)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    job.registry.faults.append(answering(429, {"Retry-After": "17"}))
    job.registry.faults.append(answering(503, {"Retry-After": date}))
    assert job.push(batch).complete
    assert job.slept == [17, 40]


def test_waits_grow_within_their_bounds_and_the_tries_end(job: Job) -> None:
    job.registry.faults.extend([lost_request] * 8)
    with (
        job.registry.client() as client,
        pytest.raises(Unreachable, match=r"after 8 tries.*no route"),
    ):
        job.emitter(client).submit([NIL])
    assert len(job.registry.posts) == 8
    bounds = [min(30, 0.5 * 2**tried) for tried in range(7)]
    assert len(job.slept) == 7
    assert all(full / 2 <= wait <= full for wait, full in zip(job.slept, bounds, strict=True))


def test_a_registry_that_is_away_for_hours_is_not_waited_for(job: Job, batch: Path) -> None:
    job.registry.faults.append(answering(503, {"Retry-After": "7200"}))
    result = job.push(batch)
    assert result.stopped is not None
    assert "come back in 7200 s" in result.stopped
    assert job.slept == []
    assert not result.complete


def test_a_push_that_stopped_half_way_is_finished_by_the_next(job: Job, tmp_path: Path) -> None:
    file = many_events(tmp_path / "events.jsonl", 2500)
    job.registry.faults.extend([lambda request, honest: honest(), *[lost_answer] * 8])
    first = job.push(file)
    assert first.stopped is not None
    assert (first.submissions, first.sent) == (3, 1)
    second = job.push(file)
    assert second.complete
    # The second submission arrived although its answer never did.
    assert (len(second.repeated), len(second.accepted)) == (2, 1)
    assert len(job.registry.events) == 2500


def test_a_refused_submission_is_shown_with_its_faults_and_the_others_are_sent(
    job: Job, tmp_path: Path
) -> None:
    file = many_events(tmp_path / "events.jsonl", 1001)
    faults = [{"pointer": "/0/data/day", "detail": "not a date"}] * 5
    job.registry.faults.append(answering(422, title="schema", detail="5 faults", errors=faults))
    result = job.push(file)
    assert (len(result.refused), len(result.accepted)) == (1, 1)
    assert not result.complete
    assert job.slept == []
    assert str(result.refused[0].problem) == (
        "422 schema: 5 faults; " + "/0/data/day not a date; " * 3 + "and 2 more faults"
    )


def test_a_clock_that_is_ahead_is_told_with_both_times_and_stops_the_push(
    job: Job, tmp_path: Path
) -> None:
    job.registry.now = NOW - timedelta(minutes=7)
    result = job.push(many_events(tmp_path / "events.jsonl", 1001))
    assert result.stopped is not None
    assert "2026-03-01 12:00:00+0000" in result.stopped
    assert "2026-03-01 11:53:00+0000" in result.stopped
    assert len(job.registry.posts) == 1


def test_an_unknown_key_stops_the_push_in_the_registrys_words(job: Job, batch: Path) -> None:
    job.registry.faults.append(answering(401, title="key-unknown", detail="no such key"))
    assert job.push(batch).stopped == "401 key-unknown: no such key"


def test_an_answer_that_is_no_problem_document_is_quoted(job: Job, batch: Path) -> None:
    page = lambda request, honest: httpx.Response(413, text="<h1>too large</h1>")  # noqa: E731
    job.registry.faults.append(page)
    assert "413 Request Entity Too Large: <h1>too large</h1>" in str(
        job.push(batch).refused[0].problem
    )


@pytest.mark.parametrize(
    ("outcome", "remedy"), [("key-revoked", "a key that stands"), ("conflict", "under this id")]
)
def test_a_receipt_that_does_not_count_is_a_refusal(
    job: Job, batch: Path, outcome: str, remedy: str
) -> None:
    receipt = {"receipt": "signed", "outcome": outcome, "leaf_index": 7}
    job.registry.faults.append(lambda request, honest: httpx.Response(201, json=receipt))
    (refused,) = job.push(batch).refused
    assert refused.leaf_index == 7
    assert remedy in str(refused.problem)


def test_a_key_speaks_to_its_own_registry_only(
    job: Job, batch: Path, pseudonyms: Pseudonyms
) -> None:
    other = make_key("alpha", "cd" * 32)
    with job.registry.client() as client, pytest.raises(SijillError, match="nothing was sent"):
        push_files([batch], other, URL, client=client, pseudonyms=pseudonyms)
    assert not job.registry.posts


def test_a_submission_not_sequenced_in_time_is_asked_for_until_it_is(job: Job) -> None:
    job.registry.slow = 3
    with job.registry.client() as client:
        result = job.emitter(client).submit([NIL], wait=99)
    assert (result.state, result.leaf_index) == ("accepted", 0)
    assert [post.headers["Prefer"] for post in job.registry.posts] == ["wait=30"] * 4
    assert len(job.registry.leaves) == 1


def test_without_a_wait_the_acknowledgement_is_taken(job: Job) -> None:
    job.registry.slow = 1
    with job.registry.client() as client:
        result = job.emitter(client).submit([NIL], wait=0)
    assert result.state == "acknowledged"
    assert json.loads(result.answer) == {"acknowledgement": "signed"}
    assert "Prefer" not in job.registry.posts[0].headers


def test_an_emitter_fills_the_envelope_in_and_the_same_events_are_one_submission(job: Job) -> None:
    with job.registry.client() as client:
        emitter = job.emitter(client)
        states = [emitter.submit([NIL]).state for _ in range(2)]
    assert states == ["accepted", "repeated"]
    assert job.registry.events["nil-1"]["source"] == "/emitters/alpha"
    assert job.registry.events["nil-1"]["specversion"] == "1.0"


def test_a_report_is_asked_for_until_the_views_have_read_it(job: Job, batch: Path) -> None:
    job.registry.unfolded = 3
    result = job.push(batch)
    assert result.reports_missing == 0
    assert job.slept == [0.05, 0.1, 0.2]


def test_a_late_report_is_counted_and_does_not_hold_the_push_for_ever(
    job: Job, tmp_path: Path
) -> None:
    job.registry.unfolded = 10**6
    result = job.push(many_events(tmp_path / "events.jsonl", 2001))
    assert result.reports_missing == result.submissions == 3
    assert result.complete
    assert sum(job.slept) < 120


def test_refused_reports_are_told_and_the_submissions_stand_all_the_same(
    job: Job, batch: Path
) -> None:
    job.registry.now = NOW + timedelta(minutes=10)
    job.registry.report_faults.append(answering(401, title="token expired"))
    result = job.push(batch)
    assert result.complete
    assert result.reports_missing == 1
    assert result.reports_refused is not None
    assert result.reports_refused.startswith("401 token expired: this machine's clock says")


def test_a_registry_that_goes_away_before_the_reports_has_still_taken_everything(
    job: Job, tmp_path: Path
) -> None:
    job.registry.report_faults.extend([lambda request, honest: honest(), *[lost_request] * 8])
    result = job.push(many_events(tmp_path / "events.jsonl", 2001))
    assert result.complete
    assert result.event_counts["accepted"] == 1000
    assert result.reports_missing == 2
    assert "no answer after 8 tries" in str(result.reports_refused)


@pytest.mark.parametrize("array", [True, False])
def test_ready_events_are_sent_in_their_order_with_the_bytes_that_they_have(
    job: Job, tmp_path: Path, array: bool
) -> None:
    whole = '{"data": {"day":"2026-02-28", "x": 1.50}, "id":"b", "type":"day.nil.v1", ' + (
        '"time":"2026-02-28T23:00:00Z", "source":"/emitters/alpha", "specversion":"1.0"}'
    )
    texts = [whole, json.dumps(NIL)]
    (tmp_path / "events").write_text(f"[{','.join(texts)}]" if array else "\n".join(texts))
    assert job.push(tmp_path / "events").complete
    assert whole.encode() in job.registry.posts[0].content
    assert list(job.registry.events) == ["b", "nil-1"]


def test_a_ready_event_that_cannot_be_sent_is_shown_with_its_line(job: Job, tmp_path: Path) -> None:
    lines = [
        json.dumps(NIL),
        "not json",
        "",
        json.dumps(NIL | {"source": "/emitters/beta"}),
        json.dumps({"id": "x"}),
        json.dumps(NIL | {"type": "day nil"}),
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    result = job.push(tmp_path / "events.jsonl", format="events")
    assert [fault.line for fault in result.unreadable] == [2, 4, 5, 6]
    assert "this key signs for '/emitters/alpha'" in result.unreadable[1].reason
    assert "lacks type, time, data" in result.unreadable[2].reason
    assert len(job.registry.events) == 1
    assert not result.complete


def test_a_file_that_cannot_be_read_does_not_keep_the_others_back(
    job: Job, batch: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    result = job.push(batch, tmp_path / "notes.txt", tmp_path / "gone.csv")
    assert [str(fault) for fault in result.bad_files] == [
        f"{tmp_path / 'gone.csv'}: cannot be opened: No such file or directory",
        "notes.txt: not an export of a known format (crowdflower, mturk-api, mturk-clt, "
        "mturk-hitresults, mturk-web, prolific, toloka, events); `sijill map FILE` writes a first "
        "mapping for --map",
    ]
    assert len(result.accepted) == 1
    assert not result.complete


def test_batches_keep_to_four_mebibytes() -> None:
    events = [ReadyEvent("day.nil.v1", str(n), b"x" * 1_500_000) for n in range(5)]
    cut = list(batches(events))
    assert [batch.events for batch in cut] == [2, 2, 1]
    assert all(len(batch.body) <= BODY_BYTES_MAX for batch in cut)
    assert list(batches([])) == []
