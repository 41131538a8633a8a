"""Files as they come: packed, pasted, cut, huge, of another platform. Each with its clear word."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from kit_reading import PSEUDONYMS, all_events, events, file_of, read, reasons
from kit_tables import APPROVED, NOW, SUBMITTED, WEB, csv_text, write
from sijill_client.batches import Batch, Cut
from sijill_client.errors import SijillError
from sijill_client.importers.merge import Reading
from sijill_client.importers.records import FAULTS_KEPT
from sijill_client.reader import Reader

#: Bytes; what a push may hold however large its files are is 300 MB.
MEMORY_MAX = 150 * 1024 * 1024
WORKER_NUMBER = APPROVED | {"WorkerId": "17"}


def bad(reading: Reading) -> list[str]:
    return [str(fault) for fault in reading.bad_files]


def test_gzip_and_zip_are_the_files_in_them(tmp_path: Path) -> None:
    plain = write(tmp_path / "batch.csv", [WORKER_NUMBER])
    body = plain.read_bytes()
    packed = tmp_path / "batch.csv.gz"
    packed.write_bytes(gzip.compress(body))
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("may/", b"")
        archive.writestr("may/batch.csv", body)
        archive.writestr("__MACOSX/may/._batch.csv", b"\0\1\2")
    # A worker's running number belongs to the file's content, however it is packed.
    found = [all_events(read([path])) for path in (plain, packed, tmp_path / "all.zip")]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 3


def test_faults_in_an_archive_are_placed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("one.csv", csv_text([APPROVED, APPROVED | {"SubmitTime": "soon"}]))
    (fault,) = reasons(read([tmp_path / "all.zip"]))
    assert fault.startswith("all.zip/one.csv, line 3: SubmitTime")


@pytest.mark.parametrize("name", ["cut.csv.gz", "cut.zip", "wrong.zip"])
def test_a_damaged_archive_gives_nothing_and_says_to_fetch_it_again(
    tmp_path: Path, name: str
) -> None:
    text = csv_text([APPROVED | {"AssignmentId": f"3A{n}"} for n in range(500)]).encode()
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text)[:-300])
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("batch.csv", text)
        body = path.read_bytes()
        path.write_bytes(body[:-100] if name == "cut.zip" else body.replace(b"3A77", b"3A78", 1))
    good = write(tmp_path / "good.csv", [SUBMITTED])
    reading = read([path, good])
    assert ["damaged or cut off, fetch it again" in one for one in bad(reading)] == [True]
    assert reading.by_status() == {"submitted": 1}


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" * 50, "not a text file"),
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b"\xef\xbb\xbf\r\n\r\n", "the file is empty"),
        ("cut.json", b'{"Assignments": [\n{"AssignmentId": "3A"', "not JSON, or cut off"),
        ("half.parquet", b"PAR1" + b"\0" * 64, "not a whole Parquet file"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, name: str, body: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(body)
    (reason,) = bad(read([tmp_path / name]))
    assert words in reason


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_old_mac_line_ends_and_other_separators(
    tmp_path: Path, line_end: str, separator: str
) -> None:
    text = csv_text([APPROVED, SUBMITTED | {"AssignmentId": "3B"}], WEB, separator=separator)
    path = file_of(tmp_path / "mac.csv", text.replace("\n", line_end))
    assert read([path]).by_status() == {"approved": 1, "submitted": 1}


def test_excels_own_word_on_the_separator_and_blank_lines_are_no_header(tmp_path: Path) -> None:
    path = file_of(tmp_path / "excel.csv", "sep=;\r\n\r\n" + csv_text([APPROVED], separator=";"))
    assert read([path]).by_status() == {"approved": 1}


def test_two_encodings_in_one_file_are_both_read(tmp_path: Path) -> None:
    one = csv_text([APPROVED | {"Title": "Été"}]).encode("utf-8")
    other = csv_text([APPROVED | {"Title": "Été", "AssignmentId": "3B", "HITId": "3HIT2"}])
    (tmp_path / "pasted.csv").write_bytes(one + other.partition("\n")[2].encode("cp1252"))
    made = all_events(read([tmp_path / "pasted.csv"]))
    titles = [one["data"]["title"] for one in made if "contract" in one["type"]]
    assert titles == ["Été", "Été"]


def test_utf_16_without_a_mark_and_nul_bytes_do_not_stop_the_reader(tmp_path: Path) -> None:
    text = csv_text([APPROVED, APPROVED | {"AssignmentId": "3B", "RequesterFeedback": "a\0b"}])
    (tmp_path / "wide.csv").write_bytes(text.encode("utf-16-be"))
    file_of(tmp_path / "nul.csv", text)
    for name in ("wide.csv", "nul.csv"):
        assert read([tmp_path / name]).by_status() == {"approved": 2}


def test_a_file_that_breaks_off_gives_its_whole_rows_and_shows_the_last(tmp_path: Path) -> None:
    text = csv_text([APPROVED, APPROVED | {"AssignmentId": "3B"}], drop=2).replace('"', "")
    cut = text[: text.rindex("Sat Mar 03 16:24:32") + len("Sat Mar 03 16:24:32 PST 2018")]
    reading = read([file_of(tmp_path / "cut.csv", cut)])
    assert reasons(reading) == ["cut.csv, line 3: the file breaks off in this row: fetch it again"]
    assert reading.by_status() == {"approved": 1}


def test_a_header_alone_is_told(tmp_path: Path) -> None:
    reading = read([write(tmp_path / "header.csv", [])])
    assert (reading.files, reading.rows) == (1, 0)
    assert reading.notes == ["header.csv holds no rows"]


def test_the_same_file_twice_counts_once_and_is_told(tmp_path: Path) -> None:
    rows = [APPROVED, SUBMITTED | {"AssignmentId": "3B"}]
    path, copy = write(tmp_path / "a.csv", rows), write(tmp_path / "b.csv", rows)
    once = all_events(read([path]))
    reading = read([path, copy, path])
    assert (reading.rows, reading.repeated_rows) == (6, 4)
    assert all_events(reading) == once
    assert reading.notes == [
        "a.csv is named twice: its rows count once",
        "b.csv holds the same bytes as a.csv: its rows count once",
    ]


def test_a_wrong_format_names_the_right_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [APPROVED])
    assert bad(read([path], "prolific")) == [
        "a.csv: not an export of prolific: it lacks the columns participant_id, started_datetime; "
        "it looks like mturk-web: say --format mturk-web, or leave it out"
    ]
    lines = file_of(tmp_path / "b.jsonl", json.dumps({"id": "1"}))
    assert bad(read([lines], "toloka")) == [
        "b.jsonl: JSON, which toloka never is: leave --format out"
    ]
    assert bad(read([path], "events")) == [
        "a.csv: not ready events: they are a JSON array, or one object a line. For a table leave "
        "--format out"
    ]


def test_titles_and_notes_may_stand_above_the_header(tmp_path: Path) -> None:
    text = 'Batch of March,,,\n,,\n\nWritten on,"4 March, by hand",,\n' + csv_text([APPROVED])
    reading = read([file_of(tmp_path / "a.csv", text)])
    assert (reading.by_status(), bad(reading)) == ({"approved": 1}, [])
    assert reading.notes == ["a.csv: its header is line 5; the lines above it were not read"]


def test_a_table_that_breaks_off_within_quotes_and_what_is_no_text_are_named(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.csv", [APPROVED, SUBMITTED | {"AssignmentId": "3B"}])
    path.write_bytes(path.read_bytes().rstrip()[:-12] + b',"2')
    reading = read([path])
    (reason,) = reasons(reading)
    assert reason.endswith("never closed: where the file breaks off, fetch it again")
    assert len(reading.assignments) == 1
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(1, 256)) * 9)
    assert bad(read([tmp_path / "b.pdf"])) == ["b.pdf: not a text file"]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("4/13/2015 10:02", "2015-04-13T10:02:00Z"),
        ("4/13/15 10:02:33", "2015-04-13T10:02:33Z"),
        ("4/13/2015 12:02:33 AM", "2015-04-13T00:02:33Z"),
        ("4/13/2015, 1:02 pm", "2015-04-13T13:02:00Z"),
        ("4/13/2015 10:02 CET", "2015-04-13T09:02:00Z"),
        ("13.4.2015 10:02", "2015-04-13T10:02:00Z"),
        ("Mon Apr 13 10:02:33 CEST 2015", "2015-04-13T08:02:33Z"),
        ("Mon Apr 13 10:02:33 GMT 2015", "2015-04-13T10:02:33Z"),
        ("Mon Apr 13 10:02:33 2015", "2015-04-13T10:02:33Z"),
        ("Mon, 13 Apr 2015 10:02:33 GMT", "2015-04-13T10:02:33Z"),
        ("2015-04-13 10:02", "2015-04-13T10:02:00Z"),
        ("2015-04-13T10:02:33.123456789Z", "2015-04-13T10:02:33.123456Z"),
        ("2015-04-13 10:02:33 GMT+01:00", "2015-04-13T09:02:33Z"),
    ],
)
def test_other_forms_of_dates_are_read(tmp_path: Path, text: str, utc: str) -> None:
    row = SUBMITTED | {"SubmitTime": text, "AcceptTime": ""}
    made = events(read([write(tmp_path / "a.csv", [row])]))
    assert made["task.completed"]["data"]["submitted"] == utc


def test_an_unknown_date_is_shown_with_its_line_and_never_guessed(tmp_path: Path) -> None:
    rows = [
        SUBMITTED,
        SUBMITTED | {"AssignmentId": "3B", "SubmitTime": "yesterday"},
        SUBMITTED | {"AssignmentId": "3C", "SubmitTime": "13/31/2015 10:02"},
        SUBMITTED | {"AssignmentId": "3D", "SubmitTime": "13/4/2015 10:02"},
        SUBMITTED | {"AssignmentId": "3E", "SubmitTime": "2015-04-13 10:02 IST"},
    ]
    reading = read([write(tmp_path / "a.csv", rows)])
    assert [fault.line for fault in reading.faults] == [3, 4, 5, 6]
    assert reading.by_status() == {"submitted": 1}


def test_dates_that_read_either_way_are_not_read_where_one_shows_the_other_order(
    tmp_path: Path,
) -> None:
    rows = [
        SUBMITTED | {"SubmitTime": "3/4/2015 10:02", "AcceptTime": ""},
        SUBMITTED | {"AssignmentId": "3B", "SubmitTime": "13/4/2015 10:02", "AcceptTime": ""},
    ]
    reading = read([write(tmp_path / "a.csv", rows), write(tmp_path / "b.csv", [APPROVED])])
    (reason,) = bad(reading)
    assert "a.csv: line 3: '13/4/2015 10:02' has no month 13" in reason
    assert "name their order in a mapping" in reason
    assert (reading.rows, reading.by_status()) == (1, {"approved": 1})
    assert not reading.faults


def test_a_decimal_comma_is_not_five_dollars(tmp_path: Path) -> None:
    reading = read([write(tmp_path / "a.csv", [APPROVED | {"Reward": "$0,05"}])])
    assert "amount" not in events(reading)["task.approved"]["data"]
    (fault,) = reading.bad_cells
    assert "a decimal comma?" in fault.reason


def test_an_unclosed_quote_says_how_many_lines_went_with_it(tmp_path: Path) -> None:
    rows = [APPROVED | {"AssignmentId": f"3A{n}"} for n in range(5)]
    lines = csv_text(rows).replace('"', "").splitlines()
    lines[3] = lines[3].replace("Draw boxes", '"Draw boxes')
    reading = read([file_of(tmp_path / "a.csv", "\n".join(lines) + "\n")])
    assert reading.by_status() == {"approved": 2}
    (fault,) = reasons(reading)
    assert fault.endswith("a quote is opened here and never closed; lines 4 to 6 were not read")


def test_of_thousands_of_bad_rows_all_are_counted_and_the_first_are_kept(tmp_path: Path) -> None:
    rows = [SUBMITTED | {"AssignmentId": f"3{n}", "SubmitTime": "soon"} for n in range(1_500)]
    reading = read([write(tmp_path / "a.csv", rows)])
    assert (reading.faults.total, len(reading.faults)) == (1_500, FAULTS_KEPT)


def test_the_bar_moves_within_a_file(tmp_path: Path) -> None:
    row = SUBMITTED | {"RequesterFeedback": "x" * 100_000}
    rows = [row | {"AssignmentId": f"3{n}"} for n in range(200)]
    told: list[tuple[int, int]] = []
    reader = Reader("auto", "/emitters/alpha", PSEUDONYMS, NOW)
    reader.read(
        [write(tmp_path / "a.csv", rows)], lambda _, done, total: told.append((done, total))
    )
    reader.close()
    assert len({done for done, _ in told}) > 5
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


_MEASURED = """
import re, sys
from datetime import UTC, datetime
from pathlib import Path
from sijill_client.batches import Cut, batches
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.reader import Reader
from sijill_client.work_events import events_of

reader = Reader("auto", "/emitters/alpha", Pseudonyms(bytes(32)), datetime.now(UTC))
reader.read([Path(sys.argv[1])], lambda phase, done, total: None)
cut = Cut(batches(events_of(reader.reading, PushOptions(), "/emitters/alpha")))
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(reader.reading.rows, len(cut), int(peak[1]) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured as Linux counts it")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file of 160 MB; read whole, as text and rows, it would take a multiple of that."""
    path, count = tmp_path / "large.csv", 16_000
    columns = [*WEB, "Answer.text"]
    header, row, _ = csv_text([APPROVED | {"Answer.text": "x" * 9_600}], columns).split("\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        for number in range(count):
            file.write(row.replace("3ASSIGNMENT1", f"3A{number}").replace("3HIT1", f"3H{number}"))
            file.write("\n")
    assert path.stat().st_size > MEMORY_MAX
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    rows, submissions, peak = map(int, done.stdout.split())
    assert (rows, submissions) == (count, 48)
    assert peak < MEMORY_MAX


def test_a_full_temporary_folder_is_told_and_another_is_asked_for(tmp_path: Path) -> None:
    reader = Reader("auto", "/emitters/alpha", PSEUDONYMS, NOW)
    reader.reading.spool.keep_below(pages=20)
    rows = [SUBMITTED | {"AssignmentId": f"3{n}", "HITId": f"3H{n}"} for n in range(2_000)]
    with pytest.raises(SijillError, match=r"temporary folder .* full.* TMPDIR"):
        reader.read([write(tmp_path / "a.csv", rows)], lambda phase, done, total: None)
    reader.close()


def test_submissions_that_do_not_fit_into_the_temporary_folder_are_told() -> None:
    def full() -> Iterator[Batch]:
        yield Batch(b"[]", 0)
        raise OSError(28, "No space left on device")

    with pytest.raises(SijillError, match=r"No space left on device.* TMPDIR"):
        Cut(full())


def test_work_of_the_last_hour_under_a_slow_clock_names_that_clock(tmp_path: Path) -> None:
    later = (NOW + timedelta(minutes=40)).strftime("%Y-%m-%d %H:%M:%S UTC")
    (fault,) = reasons(read([write(tmp_path / "a.csv", [SUBMITTED | {"SubmitTime": later}])]))
    assert fault.endswith(
        "2026-03-01T12:40:00Z is in the future (this machine's clock says 2026-03-01 12:00)"
    )
