"""Each peculiarity of export files, made small."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from kit_reading import PSEUDONYMS, SOURCE, events, read
from kit_tables import (
    APPROVED,
    CLT,
    CLT_APPROVED,
    OVERTURNED,
    REJECTED,
    SUBMITTED,
    WEB,
    csv_text,
    write,
)
from sijill_client.importers.merge import Reading
from sijill_client.importers.money import read_money
from sijill_client.importers.times import read_time
from sijill_client.options import PushOptions
from sijill_client.work_events import event_id, events_of


def only(tmp_path: Path, row: dict[str, str], columns: list[str] = WEB) -> Reading:
    return read([write(tmp_path / "batch.csv", [row], columns)])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encoding_separator_and_line_end_do_not_change_what_is_read(
    tmp_path: Path, encoding: str, separator: str, line_end: str
) -> None:
    row = APPROVED | {"Title": "Boîtes, à dessiner; vite"}
    text = csv_text([row], separator=separator, line_end=line_end)
    (tmp_path / "batch.csv").write_bytes(text.encode(encoding))
    made = events(read([tmp_path / "batch.csv"]))
    assert made["contract.published"]["data"]["title"] == "Boîtes, à dessiner; vite"
    assert made["task.approved"]["data"]["amount"] == "0.05"


def test_rows_without_the_two_marks_at_the_end_are_whole(tmp_path: Path) -> None:
    (tmp_path / "batch.csv").write_text(csv_text([APPROVED], drop=2))
    reading = read([tmp_path / "batch.csv"])
    assert reading.by_status() == {"approved": 1}
    assert not reading.faults


@pytest.mark.parametrize(("drop", "column"), [(9, "AssignmentStatus"), (11, "AssignmentId")])
def test_a_row_cut_off_in_the_middle_is_shown_with_its_line(
    tmp_path: Path, drop: int, column: str
) -> None:
    (tmp_path / "batch.csv").write_text(csv_text([APPROVED], drop=drop))
    reading = read([tmp_path / "batch.csv"])
    assert [str(fault) for fault in reading.faults] == [
        f"batch.csv, line 2: the row ends before {column}"
    ]
    assert reading.idle_rows == 0


def test_a_quoted_line_break_neither_splits_a_row_nor_moves_the_line_numbers(
    tmp_path: Path,
) -> None:
    first = REJECTED | {"RequesterFeedback": "wrong\r\nand late"}
    second = APPROVED | {"AssignmentId": "3B", "AssignmentStatus": "Lost"}
    reading = read([write(tmp_path / "batch.csv", [first, second])])
    assert reading.by_status() == {"rejected": 1}
    assert [(fault.line, fault.reason) for fault in reading.faults] == [
        (4, "AssignmentStatus 'Lost' is not a known status")
    ]


def test_an_unclosed_quote_does_not_swallow_the_rest_of_a_file_silently(tmp_path: Path) -> None:
    rows = [
        APPROVED,
        APPROVED | {"AssignmentId": "3B", "RequesterFeedback": "OPEN thanks"},
        APPROVED | {"AssignmentId": "3C"},
    ]
    text = csv_text(rows).replace('"', "").replace("OPEN", '"')
    (tmp_path / "batch.csv").write_text(text)
    reading = read([tmp_path / "batch.csv"])
    assert list(reading.assignments) == ["3ASSIGNMENT1"]
    assert [fault.line for fault in reading.faults] == [3]
    assert "a quote is opened here and never closed" in reading.faults[0].reason


def test_more_cells_than_the_header_names_means_shifted_columns(tmp_path: Path) -> None:
    text = csv_text([APPROVED]).rstrip("\n") + ',"x"\n'
    (tmp_path / "batch.csv").write_text(text)
    assert "19 cells, but the header names 18" in read([tmp_path / "batch.csv"]).faults[0].reason


def test_r_writes_a_nameless_first_column_and_na(tmp_path: Path) -> None:
    row = CLT_APPROVED | {"": "1", "assignmentapprovaltime": "NA", "assignmentrejecttime": "NA"}
    reading = only(tmp_path, row, ["", *CLT])
    made = events(reading)
    assert "decided_at" not in made["task.approved"]["data"]
    assert made["task.approved"]["time"] == "2015-01-08T19:26:03Z"
    assert made["task.completed"]["data"]["seconds"] == 163
    assert "rejection.issued" not in made


def test_a_completion_holds_nothing_that_a_later_download_changes(tmp_path: Path) -> None:
    before = events(only(tmp_path, SUBMITTED))["task.completed"]
    for later in (APPROVED, REJECTED, OVERTURNED):
        assert events(only(tmp_path, later))["task.completed"] == before
    assert before == {
        "id": "task.completed:3ASSIGNMENT1",
        "source": SOURCE,
        "specversion": "1.0",
        "type": "task.completed.v1",
        "time": "2018-03-04T00:24:32Z",
        "data": {
            "task": "3ASSIGNMENT1",
            "worker": PSEUDONYMS.worker("A1B2C3D4E5F6G7", b""),
            "contract": "3HIT1",
            "submitted": "2018-03-04T00:24:32Z",
            "started": "2018-03-04T00:20:00Z",
            "seconds": 272,
        },
    }


def test_an_approval_states_what_was_earned_and_no_payment_is_invented(tmp_path: Path) -> None:
    made = events(only(tmp_path, APPROVED))
    assert set(made) == {"contract.published", "task.completed", "task.approved"}
    data = made["task.approved"]["data"]
    assert (data["amount"], data["currency"]) == ("0.05", "USD")
    assert data["decided_at"] == made["task.approved"]["time"] == "2018-03-07T17:27:37Z"
    assert "decided_by" not in data


def test_a_rejection_sends_no_word_of_the_feedback(tmp_path: Path) -> None:
    event = events(only(tmp_path, REJECTED))["rejection.issued"]
    assert event["data"]["pay_refused"] is True
    assert event["data"]["feedback"] == PSEUDONYMS.digest("Jane, these boxes are wrong")
    assert event["time"] == "2018-03-05T17:00:00Z"
    assert "Jane" not in str(event)


def test_an_overturned_rejection_is_issued_withdrawn_and_then_approved(tmp_path: Path) -> None:
    reading = only(tmp_path, OVERTURNED)
    made = events(reading)
    assert list(made) == [
        "contract.published",
        "task.completed",
        "rejection.issued",
        "rejection.withdrawn",
        "task.approved",
    ]
    assert made["rejection.withdrawn"]["data"] == made["rejection.issued"]["data"]
    assert made["rejection.withdrawn"]["time"] == "2018-03-07T17:27:37Z"
    assert reading.overturned() == 1


def test_one_contract_for_all_the_work_of_a_hit(tmp_path: Path) -> None:
    rows = [APPROVED, SUBMITTED | {"AssignmentId": "3B"}]
    made = list(events_of(read([write(tmp_path / "a.csv", rows)]), PushOptions(), SOURCE))
    contracts = [msgspec.json.decode(one.body) for one in made if "contract" in one.type]
    assert [(one["time"], one["data"]) for one in contracts] == [
        (
            "2018-03-03T18:00:00Z",
            {
                "contract": "3HIT1",
                "title": "Draw boxes",
                "unit_pay": {"amount": "0.05", "currency": "USD"},
                "max_duration_seconds": 600,
            },
        )
    ]


def test_contracts_come_before_all_work_and_work_before_all_decisions(tmp_path: Path) -> None:
    later = APPROVED | {
        "HITId": "3HIT2",
        "AssignmentId": "3B",
        "CreationTime": "Sat Mar 10 10:00:00 PST 2018",
        "SubmitTime": "Sat Mar 10 16:24:32 PST 2018",
        "ApprovalTime": "",
    }
    made = events_of(read([write(tmp_path / "a.csv", [later, APPROVED])]), PushOptions(), SOURCE)
    assert [event.id for event in made] == [
        "contract.published:3HIT1",
        "contract.published:3HIT2",
        "task.completed:3ASSIGNMENT1",
        "task.completed:3B",
        "task.approved:3ASSIGNMENT1",
        "task.approved:3B",
    ]


def test_without_a_creation_time_no_contract_is_invented(tmp_path: Path) -> None:
    header = "HitId HitTitle Annotation AssignmentId WorkerId Status AcceptTime SubmitTime"
    columns = header.split(" ")
    row = {"HitId": "3HIT1", "HitTitle": "Talk", "Status": "Approved"} | {
        name: SUBMITTED[name] for name in ("AssignmentId", "WorkerId", "AcceptTime", "SubmitTime")
    }
    made = events(only(tmp_path, row, columns))
    assert set(made) == {"task.completed", "task.approved"}
    assert made["task.completed"]["data"]["contract"] == "3HIT1"
    assert "amount" not in made["task.approved"]["data"]
    stated = events(only(tmp_path, row, columns), unit_pay="0.5", currency="EUR")
    assert stated["task.approved"]["data"]["amount"] == "0.50"
    assert stated["task.approved"]["data"]["currency"] == "EUR"


def test_a_bad_reward_is_shown_left_unstated_and_not_replaced_by_the_option(
    tmp_path: Path,
) -> None:
    reading = only(tmp_path, APPROVED | {"Reward": "five cents"})
    assert [fault.reason for fault in reading.bad_cells] == [
        "Reward: 'five cents' is not an amount"
    ]
    made = events(reading, unit_pay="0.10", currency="USD")
    assert "amount" not in made["task.approved"]["data"]
    assert "unit_pay" not in made["contract.published"]["data"]


@pytest.mark.parametrize(("batch", "sandbox"), [("123456", True), ("1234567", None)])
def test_six_digits_of_batch_are_the_sandbox(
    tmp_path: Path, batch: str, sandbox: bool | None
) -> None:
    note = {"RequesterAnnotation": f"BatchId:{batch};OriginalHitTemplateId:;"}
    for event in events(only(tmp_path, APPROVED | note)).values():
        assert event["data"].get("sandbox") is sandbox


def test_hits_that_nobody_did_are_counted_as_rows_and_nothing_else(tmp_path: Path) -> None:
    reading = only(tmp_path, {"HITId": "3HIT9", "CreationTime": SUBMITTED["CreationTime"]})
    assert (reading.rows, reading.idle_rows) == (1, 1)
    assert not reading.faults
    assert not events(reading)


def test_rows_of_one_assignment_merge_by_file_name_whatever_the_order_given(
    tmp_path: Path,
) -> None:
    files = [
        write(tmp_path / "b.csv", [APPROVED | {"Reward": "$9.00", "WorkTimeInSeconds": "1"}]),
        write(tmp_path / "a.csv", [SUBMITTED]),
        write(tmp_path / "c.csv", [SUBMITTED]),
    ]
    for order in (files, files[::-1]):
        reading = read(order)
        assert (reading.rows, reading.repeated_rows) == (3, 2)
        assert reading.by_status() == {"approved": 1}
        data = events(reading)["task.approved"]["data"]
        assert (data["amount"], data["seconds"]) == ("0.05", 272)
        assert data["decided_at"] == "2018-03-07T17:27:37Z"


def test_an_overturned_rejection_outweighs_an_earlier_download_of_the_rejection(
    tmp_path: Path,
) -> None:
    rows = {"a.csv": [REJECTED], "b.csv": [OVERTURNED]}
    reading = read([write(tmp_path / name, some) for name, some in rows.items()])
    assert reading.by_status() == {"approved": 1}
    assert reading.overturned() == 1


def test_two_rows_that_contradict_each_other_are_shown_and_the_first_stands(
    tmp_path: Path,
) -> None:
    reading = read([write(tmp_path / "a.csv", [REJECTED, APPROVED])])
    assert reading.by_status() == {"rejected": 1}
    assert [str(fault) for fault in reading.bad_cells] == [
        "a.csv, line 3: the status of 3ASSIGNMENT1: says approved, an earlier row rejected, "
        "which stands"
    ]


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "batch.csv", [APPROVED | {"SubmitTime": folder}])
    reading = read([tmp_path / "may" / "batch.csv", tmp_path / "june" / "batch.csv"])
    assert {fault.file for fault in reading.faults} == {
        str(tmp_path / folder / "batch.csv") for folder in ("may", "june")
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SubmitTime": ""}, "SubmitTime is empty"),
        ({"SubmitTime": "soon"}, "is not a time that this format writes"),
        ({"AcceptTime": "Sat Mar 03 16:24:32 MST 2018"}, "the zone MST is not known"),
        ({"ApprovalTime": "Sat Feb 30 16:24:32 PST 2018"}, "is not a time: day is out of range"),
        ({"RejectionTime": "Sat Mar 03 16:24:32 PST 1998"}, "1998-03-04 is before 2000"),
        ({"SubmitTime": "Sat Mar 03 16:24:32 PST 2040"}, "is in the future"),
        ({"AssignmentStatus": "Pending"}, "'Pending' is not a known status"),
        ({"WorkerId": ""}, "WorkerId is empty"),
        ({"HITId": "3" * 129}, "HITId is not an id"),
    ],
)
def test_a_row_that_cannot_be_read_is_shown_and_yields_nothing(
    tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    reading = only(tmp_path, APPROVED | change)
    assert [fault.line for fault in reading.faults] == [2]
    assert reason in reading.faults[0].reason
    assert reading.rows == 1
    assert not events(reading)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"WorkTimeInSeconds": "-5"}, "seconds"),
        ({"WorkTimeInSeconds": "4.5e9"}, "seconds"),
        ({"WorkTimeInSeconds": "99999999"}, "seconds"),
        ({"Reward": "$0.0000001"}, "amount"),
        ({"Reward": "$1000000001"}, "amount"),
    ],
)
def test_a_bad_cell_costs_the_cell_and_not_the_row(
    tmp_path: Path, change: dict[str, str], lost: str
) -> None:
    reading = only(tmp_path, APPROVED | change)
    assert len(reading.bad_cells) == 1
    assert lost not in events(reading)["task.approved"]["data"]


def test_a_file_of_no_known_format_says_which_columns_the_nearest_format_wants(
    tmp_path: Path,
) -> None:
    columns = [name for name in WEB if name != "SubmitTime"]
    reading = only(tmp_path, APPROVED, columns)
    assert [fault.reason for fault in reading.bad_files] == [
        "not a known export: as mturk-web it lacks the columns SubmitTime"
    ]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "batch.csv").touch()
    assert [str(one) for one in read([tmp_path / "batch.csv"]).bad_files] == [
        "batch.csv: the file is empty"
    ]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Sat Mar 03 16:24:32 PST 2018", 24),
        ("Sat Mar 03 16:24:32 PDT 2018", 23),
        ("Sat Mar 03 16:24:32 EST 2018", 21),
        ("Sat Mar 03 16:24:32 EDT 2018", 20),
        ("Sat Mar 03 16:24:32 CET 2018", 15),
        ("Sat Mar 03 16:24:32 CEST 2018", 14),
        ("Sat Mar 3 16:24:32 GMT 2018", 16),
        ("2018-03-03 16:24:32 UTC", 16),
        ("2018-03-03T16:24:32Z", 16),
        ("2018-03-03T16:24:32.000+01:00", 15),
        ("2018-03-03T16:24:32-0330", 19.5),
    ],
)
def test_a_zone_is_read_by_its_abbreviation(text: str, hour: float) -> None:
    at = datetime(2018, 3, 3, tzinfo=UTC) + timedelta(hours=hour, minutes=24, seconds=32)
    assert read_time(text) == (at, True)


def test_a_time_without_a_zone_is_utc_and_the_assumption_is_counted(tmp_path: Path) -> None:
    row = SUBMITTED | {"SubmitTime": "2018-03-04 00:24:32.5", "AcceptTime": "2018-03-04T00:20:00"}
    reading = only(tmp_path, row)
    assert reading.zoneless == 2
    assert events(reading)["task.completed"]["data"]["started"] == "2018-03-04T00:20:00Z"


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("$0.05", "0.05"), ("$0.05 ", "0.05"), ("$1,250", "1250.00"), ("$.5", "0.50"),
     ("0.1234560", "0.123456"), ("$1000000000.00", "1000000000.00"), ("007", "7.00")],
)  # fmt: skip
def test_one_amount_has_one_text(cell: str, amount: str) -> None:
    assert read_money(cell) == amount


@pytest.mark.parametrize("cell", ["€0.05", "-1", "1e3", "0.05 USD", "$", ".", "٣"])
def test_what_is_no_amount_is_a_bad_cell(cell: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        read_money(cell)


def test_event_ids_are_short_distinct_and_never_mix_plain_with_hashed() -> None:
    long, odd = "3" * 128, "a~b"
    ids = [event_id("rejection.withdrawn", one) for one in ("3ASSIGNMENT", long, odd)]
    assert ids[0] == "rejection.withdrawn:3ASSIGNMENT"
    assert all(len(one) <= 64 for one in ids)
    assert [":~" in one for one in ids] == [False, True, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit_pay": "0.05"}, "go together"),
        ({"unit_pay": "cheap", "currency": "USD"}, "not an amount"),
        ({"unit_pay": "1", "currency": "usd"}, "ISO 4217"),
        ({"residence": "Morocco"}, "country"),
        ({"task_group": "drawing"}, "must be one of"),
        ({"format": "excel"}, "must be one of"),
    ],
)
def test_wrong_options_are_named(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PushOptions(**options)
