"""Workbooks as people send them: real dates, numbers that were ids, a second sheet."""

import sys
from datetime import datetime
from pathlib import Path

import pytest
from kit_reading import PSEUDONYMS, all_events, events, file_of, read, reasons
from kit_tables import APPROVED, WEB
from kit_workbook import Cell, write_workbook
from sijill_client.importers.guess import guess_mapping
from sijill_client.importers.mapping import load_mapping

HEADER = ["Task", "Worker No", "Delivered", "Gain"]
MAPPING = """
columns: {task: Task, worker: Worker No, submitted: Delivered, amount: Gain}
values: {currency: MAD, status: approved}
times: {zone: Africa/Casablanca}
"""


def rows(*more: list[Cell]) -> list[list[Cell]]:
    at = datetime.fromisoformat("2025-04-07T10:02:30")
    return [[], list(HEADER), ["t1", 17.0, at, 0.05], *more]


def test_a_sheets_dates_need_no_order_and_its_numbers_stay_exact(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", rows())
    mapping = load_mapping(file_of(tmp_path / "m.yaml", MAPPING))
    data = events(read([path], mapping=mapping))["task.approved"]["data"]
    assert data == {
        "task": "t1",
        "worker": PSEUDONYMS.worker("17"),
        "submitted": "2025-04-07T09:02:30Z",
        "amount": "0.05",
        "currency": "MAD",
    }


def test_faults_are_placed_by_the_rows_of_the_sheet_and_other_sheets_are_told(
    tmp_path: Path,
) -> None:
    bad: list[Cell] = ["t2", 17.0, "soon", 0.05]
    path = write_workbook(tmp_path / "book.xlsx", [], rows([], bad), [["notes"]])
    reading = read([path], mapping=load_mapping(file_of(tmp_path / "m.yaml", MAPPING)))
    assert reasons(reading) == [
        "book.xlsx, line 5: Delivered: 'soon' is not a time that this format writes"
    ]
    assert reading.notes == ["book.xlsx: only its first sheet was read, not Sheet3"]


def test_a_known_export_saved_as_a_workbook_is_known(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "batch.xlsx", [WEB, [APPROVED.get(name, "") for name in WEB]])
    reading = read([path])
    assert reading.by_status() == {"approved": 1}
    assert events(reading)["task.approved"]["data"]["amount"] == "0.05"


def test_a_first_mapping_of_a_workbook_can_be_read_back(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", rows())
    text = guess_mapping(path)
    assert "submitted: Delivered  # 2025-04-07 10:02:30" in text
    (event, *_) = all_events(
        read([path], mapping=load_mapping(file_of(tmp_path / "m.yaml", text.replace("???", "MAD"))))
    )
    assert event["data"]["worker"] == PSEUDONYMS.worker("17")


def test_an_empty_workbook_a_broken_one_and_a_missing_library_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_workbook(tmp_path / "a.xlsx", [])
    (tmp_path / "b.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    found = [fault.reason for fault in read(sorted(tmp_path.iterdir())).bad_files]
    assert found[0] == "the workbook is empty"
    assert found[1].startswith("not a whole workbook")
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    (fault,) = read([tmp_path / "b.xls"]).bad_files
    assert "pip install 'sijill-client[sheets]', or save it as .xlsx or CSV" in fault.reason
