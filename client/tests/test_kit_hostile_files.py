"""Whatever bytes a file holds: they are read, or a clear word says why not."""

import contextlib
import gzip
import io
import json
import zipfile
from pathlib import Path

import pyarrow as arrow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from kit_reading import all_events, read
from kit_tables import APPROVED, CLT, CLT_APPROVED, OVERTURNED, csv_text
from kit_workbook import write_workbook
from pyarrow import parquet
from sijill_client.errors import SijillError
from sijill_client.importers.guess import guess_mapping


def _whole() -> list[bytes]:
    """One small file of each kind."""
    table = csv_text([APPROVED, OVERTURNED | {"AssignmentId": "3B"}]).encode()
    archive, columns, workbook = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.csv", table)
    parquet.write_table(arrow.Table.from_pylist([{"user": "u1", "date": "2025-04-13"}]), columns)
    write_workbook(workbook, [["user", "date"], ["u1", "2025-04-13 10:02"]])
    return [
        table,
        csv_text([CLT_APPROVED], CLT, separator="\t").encode("utf-16"),
        json.dumps(APPROVED, indent=1).encode(),
        b'{"id":"1","type":"day.nil.v1","time":"2026-02-28T23:00:00Z","data":{}}\n' * 2,
        gzip.compress(table),
        archive.getvalue(),
        columns.getvalue(),
        workbook.getvalue(),
    ]


_FILES = _whole()
_ODD = (
    *(b'"', b",", b"\0", b"\r", b"\n", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"sep=;\n", b"NA"),
    *(b"9999-12-31T23:59:59+14:00", b"0001-01-01 00:00:00Z", b"99/99/9999 99:99", b"1e999"),
    *(b"{", b"[", b"}", b"\xed\xa0\x80", b"99999999999999999999", b"\x1f\x8b", b"PK\x03\x04"),
)
_CHANGES = some.lists(
    some.tuples(
        some.floats(0, 1), some.integers(0, 40), some.sampled_from(_ODD) | some.binary(max_size=4)
    ),
    max_size=6,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(some.sampled_from(_FILES), _CHANGES)
def test_a_file_of_any_bytes_is_read_or_refused_in_words(
    tmp_path: Path, whole: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    body = bytearray(whole)
    for where, length, text in changes:
        start = int(where * len(body))
        body[start : start + length] = text
    path = tmp_path / "any"
    path.write_bytes(body)
    reading = read([path])
    rows = sum(reading.by_status().values()) + reading.repeated_rows + reading.idle_rows
    ready = sum(1 for _ in reading.spool.ready())
    # Each row is somewhere: an assignment, a repeat, a HIT nobody did, an event or a fault.
    assert rows + ready + reading.faults.total == reading.rows
    made = all_events(reading)
    assert len({one["id"] for one in made}) == len(made)
    reading.spool.close()
    with contextlib.suppress(SijillError):
        assert guess_mapping(path).startswith("# How to read any.")
