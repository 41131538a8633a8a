"""Prolific, Toloka, CrowdFlower and the MTurk API: counting rules and peculiarities, made small."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from kit_reading import PSEUDONYMS, all_events, events, file_of, read, reasons
from kit_tables import SUBMITTED, WEB, write
from sijill_client.importers.merge import Reading

PROLIFIC = (
    "session_id,participant_id,status,started_datetime,completed_date_time,time_taken,"
    "num_approvals,num_rejections,prolific_score,reviewed_at_datetime,entered_code"
)
WORKER = "7d8329b20c873c5434a20b48"
FORM = re.compile(r"[0-9a-f]{24}\Z")
STARTED, COMPLETED = "2020-12-06 23:31:23.379000", "2020-12-06 23:40:11.399000"
REVIEWED = "2020-12-07 02:59:09.890000"
API = {
    "AssignmentId": "3ASSIGNMENT1",
    "WorkerId": "A1B2C3D4E5F6G7",
    "HITId": "3HIT1",
    "AssignmentStatus": "Approved",
    "AutoApprovalTime": "2018-03-10T16:24:32-08:00",
    "AcceptTime": "2018-03-03T16:20:00-08:00",
    "SubmitTime": "2018-03-03T16:24:32-08:00",
    "ApprovalTime": "2018-03-07T17:27:37+00:00",
    "Answer": "<?xml ...",
}
HIT = {
    "HITId": "3HIT1",
    "CreationTime": "2018-03-03T10:00:00-08:00",
    "Title": "Draw boxes",
    "Reward": "0.05",
    "AssignmentDurationInSeconds": 600,
    "QualificationRequirements": [],
    "MaxAssignments": 2,
}


def prolific(status: str, completed: str = "", reviewed: str = "", taken: str = "528.02") -> str:
    code = "NH2T3EDB" if completed else ""
    cells = ("49df113d8b68cd9d52d2cda5", WORKER, status, STARTED, completed, taken)
    return ",".join((*cells, "1", "0", "100", reviewed, code))


def prolific_events(path: Path, *rows: str) -> dict[str, dict[str, Any]]:
    return events(read([file_of(path, "\r\n".join((PROLIFIC, *rows)))]))


def test_a_prolific_approval_is_a_completion_and_an_approval_without_an_amount(
    tmp_path: Path,
) -> None:
    made = prolific_events(tmp_path / "p.csv", prolific("APPROVED", COMPLETED, REVIEWED))
    assert list(made) == ["task.completed", "task.approved"]
    assert made["task.completed"]["data"] == {
        "task": "49df113d8b68cd9d52d2cda5",
        "worker": PSEUDONYMS.worker(WORKER, form=FORM),
        "submitted": "2020-12-06T23:40:11.399000Z",
        "seconds": 528,
        "utc_assumed": True,
        "started": "2020-12-06T23:31:23.379000Z",
    }
    assert "amount" not in made["task.approved"]["data"]
    assert made["task.approved"]["data"]["decided_at"] == "2020-12-07T02:59:09.890000Z"


def test_a_prolific_review_time_is_that_of_the_rejection_where_it_was_rejected(
    tmp_path: Path,
) -> None:
    made = prolific_events(tmp_path / "p.csv", prolific("REJECTED", COMPLETED, REVIEWED))
    assert list(made) == ["task.completed", "rejection.issued"]
    assert made["rejection.issued"]["time"] == "2020-12-07T02:59:09.890000Z"


@pytest.mark.parametrize(
    ("status", "kind"), [("RETURNED", "task.returned"), ("TIMED-OUT", "task.expired")]
)
def test_time_that_runs_on_until_the_export_is_not_working_time(
    tmp_path: Path, status: str, kind: str
) -> None:
    made = prolific_events(tmp_path / "p.csv", prolific(status, taken="3028573.099623"))
    assert list(made) == [kind]
    assert made[kind]["time"] == made[kind]["data"]["started"] == "2020-12-06T23:31:23.379000Z"
    assert made[kind]["data"].keys().isdisjoint({"seconds", "submitted"})


@pytest.mark.parametrize("status", ["TIMED-OUT", "Timed out", "timed_out"])
def test_a_status_is_known_however_its_words_are_joined(tmp_path: Path, status: str) -> None:
    reading = read([file_of(tmp_path / "p.csv", f"{PROLIFIC}\n{prolific(status)}\n")])
    assert reading.by_status() == {status.lower(): 1}
    assert list(events(reading)) == ["task.expired"]


@pytest.mark.parametrize("status", ["SCREENED OUT", "PARTIALLY APPROVED", "Screened-out"])
def test_prolific_work_that_was_paid_another_amount_never_takes_the_usual_one(
    tmp_path: Path, status: str
) -> None:
    waiting = prolific("AWAITING REVIEW", COMPLETED)
    rows = (PROLIFIC, waiting, prolific(status, COMPLETED, REVIEWED))
    reading = read([file_of(tmp_path / "p.csv", "\n".join(rows))])
    assert reading.by_status() == {status.lower(): 1}
    assert reading.spool.counts().approved_unreadable == 1
    made = events(reading, unit_pay="1.50", currency="GBP")
    assert list(made) == ["task.completed", "task.approved"]
    assert made["task.approved"]["data"].keys().isdisjoint({"amount", "currency"})
    assert made["task.approved"]["data"]["decided_at"] == "2020-12-07T02:59:09.890000Z"


def test_what_was_handed_in_and_then_returned_is_both(tmp_path: Path) -> None:
    """So that a download before the return and one after it never contradict each other."""
    before = prolific_events(tmp_path / "a.csv", prolific("AWAITING REVIEW", COMPLETED))
    after = prolific_events(tmp_path / "b.csv", prolific("RETURNED", COMPLETED))
    assert list(before) == ["task.completed"]
    assert list(after) == ["task.completed", "task.returned"]
    assert after["task.completed"] == before["task.completed"]


def test_a_newer_header_of_prolific_is_the_same_format(tmp_path: Path) -> None:
    header = (
        "Submission id,Participant id,Status,Custom study tncs accepted at,Started at,Completed at,"
        "Reviewed at,Archived at,Time taken,Completion code,Total approvals"
    )
    times = "2023-05-01T10:00:00.1Z,2023-05-01T10:10:00.2Z,2023-05-02T08:00:00Z"
    row = f"65f0a1b2c3d4e5f6a7b8c9d0,{WORKER},APPROVED,,{times},2023-05-02T08:00:00Z,600,C1,12"
    reading = read([file_of(tmp_path / "new.csv", f"{header}\n{row}\n")])
    made = events(reading)
    assert made["task.approved"]["data"]["seconds"] == 600
    assert made["task.approved"]["data"]["decided_at"] == "2023-05-02T08:00:00Z"
    assert "utc_assumed" not in made["task.completed"]["data"]


def test_work_not_handed_in_yet_makes_no_event_and_counts_under_its_status(tmp_path: Path) -> None:
    text = f"{PROLIFIC}\n{prolific('ACTIVE', taken='')}\n"
    reading = read([file_of(tmp_path / "p.csv", text)])
    assert reading.by_status() == {"active": 1}
    assert not all_events(reading)


@pytest.mark.parametrize("order", [("a.csv", "b.csv"), ("b.csv", "a.csv")])
def test_of_an_active_and_an_approved_download_the_approved_one_gives_the_times(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    rows = (prolific("ACTIVE", taken="9"), prolific("APPROVED", COMPLETED, REVIEWED))
    for name, row in zip(order, rows, strict=True):
        file_of(tmp_path / name, f"{PROLIFIC}\n{row}\n")
    reading = read([tmp_path / "a.csv", tmp_path / "b.csv"])
    made = events(reading)
    assert reading.by_status() == {"approved": 1}
    assert made["task.completed"]["data"]["submitted"] == "2020-12-06T23:40:11.399000Z"
    assert made["task.completed"]["data"]["seconds"] == 528


def test_an_unknown_status_is_shown_with_its_line_and_a_blank_one_counts_as_none(
    tmp_path: Path,
) -> None:
    rows = (prolific("PARTLY PAID", COMPLETED), prolific("", COMPLETED), prolific("NA", COMPLETED))
    reading = read([file_of(tmp_path / "p.csv", "\n".join((PROLIFIC, *rows)))])
    assert reasons(reading) == ["p.csv, line 2: status 'PARTLY PAID' is not a known status"]
    assert reading.by_status() == {"none": 1}
    assert [one["type"] for one in all_events(reading)] == ["task.completed.v1"]


TOLOKA = (
    "ASSIGNMENT:link\tASSIGNMENT:task_id\tASSIGNMENT:assignment_id\tASSIGNMENT:worker_id\t"
    "ASSIGNMENT:status\tASSIGNMENT:started"
)


def toloka(status: str, task: int, started: str = "2024-02-04T19:13:23.631") -> str:
    assignment = "75677546ae--7fad3c60d7a35d612c4ae7e4"
    link = f"https://platform.toloka.ai/task/10944075/{assignment}"
    worker = "07b7d028b1676dba746823b613368b65"
    return "\t".join((link, f"t{task}", assignment, worker, status, started))


def test_rows_of_a_toloka_page_are_one_assignment(tmp_path: Path) -> None:
    rows = [toloka("APPROVED", task) for task in range(5)]
    reading = read([file_of(tmp_path / "t.tsv", "\r\n".join((TOLOKA, *rows)))])
    assert (reading.rows, reading.repeated_rows) == (5, 4)
    assert reading.by_status() == {"approved": 1}
    made = events(reading)
    assert list(made) == ["task.completed", "task.approved"]
    assert made["task.completed"]["data"]["started"] == "2024-02-04T19:13:23.631000Z"
    assert made["task.completed"]["data"].keys().isdisjoint({"submitted", "seconds", "contract"})


def test_an_expired_toloka_assignment_is_no_work_handed_in(tmp_path: Path) -> None:
    text = f"{TOLOKA}\r\n{toloka('EXPIRED', 1, '2024-02-04T19:13:23')}\r\n"
    assert list(events(read([file_of(tmp_path / "t.tsv", text)]))) == ["task.expired"]


def test_toloka_columns_that_the_set_lacks_are_used_where_they_are(tmp_path: Path) -> None:
    header = f"{TOLOKA}\tASSIGNMENT:submitted\tASSIGNMENT:accepted\tASSIGNMENT:reward"
    more = "2024-02-04T19:14:23.731\t2024-02-05T08:00:00\t0.02"
    text = f"{header}\n{toloka('APPROVED', 1)}\t{more}\n"
    data = events(read([file_of(tmp_path / "t.tsv", text)]))["task.approved"]["data"]
    assert (data["seconds"], data["decided_at"]) == (60, "2024-02-05T08:00:00Z")
    assert (data["amount"], data["currency"]) == ("0.02", "USD")


CROWDFLOWER = (
    "_unit_id,_created_at,_golden,_id,_missed,_started_at,_tainted,_channel,_trust,_worker_id,"
    "_country"
)


def judgment(key: int, worker: str = "27810075", created: str = "8/24/2013 20:28:31") -> str:
    return f"957241943,{created},true,{key},,8/24/2013 20:27:15,false,clixsense,0.92,{worker},USA"


def crowdflower(path: Path, *rows: str) -> Reading:
    return read([file_of(path, "\n".join((CROWDFLOWER, *rows)))])


@pytest.mark.parametrize("keys", [(11, 12, 13), (13, 11, 12)])
def test_judgments_of_a_page_carry_its_working_time_once_whatever_their_order(
    tmp_path: Path, keys: tuple[int, ...]
) -> None:
    other = judgment(21, created="8/24/2013 20:30:00")
    reading = crowdflower(tmp_path / "c.csv", *map(judgment, keys), other)
    assert reading.by_status() == {"none": 4}
    data = [one["data"] for one in all_events(reading)]
    assert {one["task"]: one.get("seconds") for one in data} == {
        "11": 76,
        "12": None,
        "13": None,
        "21": 165,
    }


def test_the_country_of_an_address_is_no_residence_and_trust_no_decision(tmp_path: Path) -> None:
    (event,) = all_events(crowdflower(tmp_path / "c.csv", judgment(11)))
    assert event["type"] == "task.completed.v1"
    assert "USA" not in str(event)
    assert event["time"] == "2013-08-24T20:28:31Z"


@pytest.mark.parametrize(("worker", "same"), [("27810075", True), ("17", False)])
def test_a_contributor_is_one_in_all_files_and_a_running_number_in_its_own(
    tmp_path: Path, worker: str, same: bool
) -> None:
    names = set()
    for key in (11, 12):
        reading = crowdflower(tmp_path / f"{key}.csv", judgment(key, worker))
        names.add(all_events(reading)[0]["data"]["worker"])
    assert (len(names) == 1) is same


def test_api_answers_as_json_lines_find_their_hit_whatever_the_order(tmp_path: Path) -> None:
    answers = [
        {"NumResults": 1, "Assignments": [API], "ResponseMetadata": {"RequestId": "x"}},
        {"HIT": HIT},
    ]
    made = []
    for order in (answers, answers[::-1]):
        text = "\n".join(json.dumps(one) for one in order)
        reading = read([file_of(tmp_path / "api.jsonl", text)])
        assert reading.by_status() == {"approved": 1}
        made.append(events(reading))
    assert made[0] == made[1]
    assert made[0]["contract.published"]["data"]["unit_pay"]["amount"] == "0.05"
    data = made[0]["task.approved"]["data"]
    assert (data["amount"], data["currency"], data["seconds"]) == ("0.05", "USD", 272)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(API),
        json.dumps(API, indent=2),
        json.dumps([API]),
        json.dumps({"Assignment": API, "HIT": HIT}),
        json.dumps({"Assignments": [API]}, indent=4),
        json.dumps(API | {"AcceptTime": 1520122800.0, "SubmitTime": 1520123072}),
        json.dumps(HIT | API),
    ],
)
def test_every_shape_of_the_api_is_the_same_assignment(tmp_path: Path, text: str) -> None:
    data = events(read([file_of(tmp_path / "api.json", text)]))["task.completed"]["data"]
    assert (data["task"], data["contract"], data["seconds"]) == ("3ASSIGNMENT1", "3HIT1", 272)
    assert data["submitted"] == "2018-03-04T00:24:32Z"


def test_a_csv_of_the_api_is_told_from_the_web_sites_by_its_columns(tmp_path: Path) -> None:
    columns = [name for name in API if name != "Answer"] + ["Reward", "CreationTime"]
    row = {name: str(one) for name, one in (HIT | API).items()}
    made = events(read([write(tmp_path / "api.csv", [row], columns)]))
    assert made["task.approved"]["data"]["seconds"] == 272
    assert made["task.approved"]["data"]["amount"] == "0.05"
    # The web site states the seconds itself; they are not worked out where its cell is empty.
    web = write(tmp_path / "web.csv", [SUBMITTED | {"WorkTimeInSeconds": ""}], WEB)
    assert "seconds" not in events(read([web]))["task.completed"]["data"]


def test_api_and_web_download_of_one_assignment_are_one(tmp_path: Path) -> None:
    web = write(tmp_path / "a.csv", [SUBMITTED])
    reading = read([web, file_of(tmp_path / "b.jsonl", json.dumps(API))])
    assert (reading.rows, reading.repeated_rows) == (2, 1)
    assert reading.by_status() == {"approved": 1}


def test_a_hit_that_nobody_did_is_a_row_and_no_contract(tmp_path: Path) -> None:
    reading = read([file_of(tmp_path / "api.jsonl", json.dumps({"HIT": HIT}))])
    assert (reading.rows, reading.idle_rows) == (1, 1)
    assert not all_events(reading)


def test_columns_in_another_order_and_a_subset_of_them_are_enough(tmp_path: Path) -> None:
    columns = ["SubmitTime", "WorkerId", "AssignmentId", "WorkTimeInSeconds"]
    reading = read([write(tmp_path / "some.csv", [SUBMITTED], columns)])
    (event,) = all_events(reading)
    assert reading.by_status() == {"none": 1}
    assert event["id"] == "task.completed:3ASSIGNMENT1"
    assert event["data"]["seconds"] == 272


def test_without_a_key_column_each_row_is_an_assignment_and_stays_the_same(tmp_path: Path) -> None:
    columns = [name for name in WEB if name != "AssignmentId"]
    later = SUBMITTED | {"SubmitTime": "Sat Mar 03 17:24:32 PST 2018"}
    first = read([write(tmp_path / "a.csv", [SUBMITTED, later, SUBMITTED], columns)])
    assert first.by_status() == {"submitted": 3}
    approved = {"AssignmentStatus": "Approved"}
    again = [one | approved for one in (later, SUBMITTED, SUBMITTED)]
    second = read([write(tmp_path / "b.csv", again, columns)])
    works = [
        {e["id"] for e in all_events(one) if "completed" in e["id"]} for one in (first, second)
    ]
    assert works[0] == works[1]
    assert len(works[0]) == 3


def test_a_decision_without_a_zone_marks_its_own_event_and_changes_no_other(tmp_path: Path) -> None:
    rejected = SUBMITTED | {"AssignmentStatus": "Rejected", "RejectionTime": "2018-03-05 17:00 UTC"}
    later = rejected | {"AssignmentStatus": "Approved", "ApprovalTime": "3/7/2018 17:27"}
    before = events(read([write(tmp_path / "a.csv", [rejected])]))
    after = events(read([write(tmp_path / "b.csv", [later])]))
    for kind in ("task.completed", "rejection.issued"):
        assert after[kind] == before[kind]
    assert after["rejection.withdrawn"]["data"] == before["rejection.issued"]["data"]
    assert after["task.approved"]["data"]["utc_assumed"] is True


def test_the_first_file_by_name_gives_reward_and_times_and_decided_wins_over_submitted(
    tmp_path: Path,
) -> None:
    changed = {"Reward": "$0.09", "WorkTimeInSeconds": "1", "AssignmentStatus": "Approved"}
    files = [
        write(tmp_path / "a.csv", [SUBMITTED]),
        write(tmp_path / "b.csv", [SUBMITTED | changed]),
    ]
    data = events(read(files))["task.approved"]["data"]
    assert (data["amount"], data["seconds"]) == ("0.05", 272)


def test_marks_not_uploaded_yet_decide_nothing(tmp_path: Path) -> None:
    reading = read([write(tmp_path / "a.csv", [SUBMITTED | {"Approve": "x"}])])
    assert reading.by_status() == {"submitted": 1}
