"""The file: golden lines, and nothing that was cut, changed or put together wrongly is taken."""

import base64
import gzip
import hashlib
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from events.errors import Fatal
from services.transfer.files import reading, writing
from services.transfer.format import (
    LINE_BYTES_MAX,
    EndLine,
    HeadLine,
    IntakeLine,
    LeafLine,
    Line,
)
from tests.transfer.making import SENT, laid_down, lines_in, lines_of, read, sealed

LINES = lines_of(laid_down())
FILE = b"".join(sealed(LINES))
GOLDEN = Path(__file__).with_name("golden.jsonl")


def test_the_format_is_the_one_that_was_promised() -> None:
    """A file written years ago must be read: this one never changes."""
    assert GOLDEN.read_bytes() == FILE
    assert read(GOLDEN.read_bytes()) == LINES


def test_the_seals_are_what_the_docs_say() -> None:
    """Checked without our code, as somebody else's program would."""
    before = ""
    for line in FILE.decode().splitlines():
        content, seal = line[:-75], line[-66:-2]
        assert line == f'{content},"seal":"{seal}"}}'
        assert hashlib.sha256((before + content).encode()).hexdigest() == seal
        before = seal
        assert json.loads(line)["seal"] == seal


def test_what_lies_in_the_lines_is_what_was_sent() -> None:
    objects = [json.loads(line) for line in FILE.splitlines()]
    head, last = objects[0], objects[-1]
    bodies = {o["submission"]: base64.b64decode(o["body"]) for o in objects if "body" in o}
    assert bodies == {submission: body for _, submission, body in SENT}
    leaves = [base64.b64decode(o["leaf"]) for o in objects if o["kind"] == "leaf"]
    assert head["identity"] == hashlib.sha256(b"\0" + leaves[0]).hexdigest()
    assert last["last"] == hashlib.sha256(b"\0" + leaves[-1]).hexdigest()
    assert (head["leaves"], sum(head["intake"])) == (last["leaves"], last["intake"]) == (4, 5)


def test_a_file_that_was_cut_is_refused() -> None:
    for end in range(0, len(FILE), 3):
        with pytest.raises(Fatal, match="test, line"):
            read(FILE[:end])


def test_a_file_that_was_cut_between_two_lines_is_refused() -> None:
    lines = sealed(LINES)
    for count in range(len(lines)):
        with pytest.raises(Fatal, match="the last line is missing: the file was cut"):
            read(b"".join(lines[:count]))


def test_a_flipped_bit_is_refused_before_its_line_is_given() -> None:
    for place in range(0, len(FILE), 3):
        damaged = bytearray(FILE)
        damaged[place] ^= 1 << place % 8
        given = list[Line]()
        with pytest.raises(Fatal, match="test, line"):
            given.extend(lines_in(bytes(damaged)))
        assert given == LINES[: FILE[:place].count(b"\n")]


@pytest.mark.parametrize("change", ["a line away", "two exchanged", "one twice", "one behind"])
def test_lines_stay_in_their_places(change: str) -> None:
    lines = sealed(LINES)
    if change == "a line away":
        del lines[3]
    elif change == "two exchanged":
        lines[6], lines[7] = lines[7], lines[6]
    elif change == "one twice":
        lines.insert(3, lines[3])
    else:
        lines.append(lines[-1])
    with pytest.raises(Fatal):
        read(b"".join(lines))


def test_what_never_ends_is_not_read_into_memory() -> None:
    with pytest.raises(Fatal, match="test, line 1"):
        read(b"x" * (3 * LINE_BYTES_MAX))


@pytest.mark.parametrize("other", [b"", b"\n", b"{}\n", b"PK\x03\x04 no text", b"[" * 5_000])
def test_another_file_is_refused(other: bytes) -> None:
    with pytest.raises(Fatal, match="test, line 1"):
        read(other)


# --- sealed in order, and wrong all the same ----------------------------------------------------


def _at(place: int, **fields: Any) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        lines[place] = msgspec.structs.replace(lines[place], **fields)

    return change


def _body(lines: list[Line]) -> None:
    lines[5] = msgspec.structs.replace(_intake(lines[5]), body=b"[9]")


def _away(place: int) -> Callable[[list[Line]], None]:
    return lambda lines: lines.__delitem__(place)


def _intake(line: Line) -> IntakeLine:
    assert isinstance(line, IntakeLine)
    return line


def _elsewhere(lines: list[Line]) -> None:
    moved = replace(_intake(lines[6]).arrival, emitter="gamma")
    lines[6] = msgspec.structs.replace(_intake(lines[6]), emitter=moved.emitter)


WRONG: dict[str, tuple[Callable[[list[Line]], None], str]] = {
    "no head": (_away(0), "its first line is missing"),
    "two heads": (lambda lines: lines.insert(1, lines[0]), "a second first line"),
    "another version": (_at(0, version=2), "version 2"),
    "another registry": (_at(0, identity="00" * 32), "leaf 0 is not that of the registry"),
    "fewer partitions": (_at(0, intake=(5,)), "1 intake partitions, not 12"),
    "no leaves": (_at(0, leaves=0), "the log is empty"),
    "fewer leaves than promised": (_away(4), "behind 3 of 4 leaves"),
    "a leaf's index": (_at(2, index=7), "leaf 7 does not continue the chain"),
    "a leaf's link": (_at(2, previous=bytes(32)), "leaf 1 does not continue the chain"),
    "a leaf's bytes": (_at(2, leaf=b"{}"), "leaf 2 does not continue the chain"),
    "a body's place": (_at(2, offset=99), "leaf 1 names places"),
    "a body's partition": (_at(2, partition=-1), "leaf 1 names places"),
    "a position": (_at(4, positions=(99,) * 12), "leaf 3 names places"),
    "fewer positions": (_at(4, positions=()), "leaf 3 names places"),
    "a body": (_body, "the body has another SHA-256"),
    "an emitter": (_elsewhere, "belongs into another partition"),
    "a hole": (_away(6), "stands where partition"),
    "an offset": (_at(6, offset=5), "stands where partition"),
    "a record too few": (_away(9), "the end says"),
    "an end of another": (_at(10, last="00" * 32), "the end says"),
    "no end": (_away(10), "the last line is missing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_log_that_is_not_whole_is_refused(name: str) -> None:
    change, why = WRONG[name]
    lines = list(LINES)
    change(lines)
    with pytest.raises(Fatal, match=why):
        read(b"".join(sealed(lines)))


def test_a_field_that_nobody_knows_is_refused() -> None:
    class Newer(msgspec.Struct, tag="end", tag_field="kind"):
        leaves: int
        intake: int
        last: str
        more: int

    line: Any = Newer(4, 5, "", 1)
    with pytest.raises(Fatal, match="not a line of this format"):
        read(b"".join(sealed([*LINES[:-1], line])))


# --- on disk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["log", "log.gz"])
def test_a_file_bears_its_name_once_it_is_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with writing(str(path)) as write:
        for line in sealed(LINES):
            write(line)
        assert not path.exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [name]
    with reading(str(path)) as lines:
        assert list(lines) == LINES
    assert (path.read_bytes() != FILE) == (name == "log.gz")


@pytest.mark.parametrize("name", ["log", "log.gz"])
def test_a_file_that_was_not_finished_is_not_there(tmp_path: Path, name: str) -> None:
    def broken() -> Iterator[bytes]:
        yield FILE
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError), writing(str(tmp_path / name)) as write:
        list(map(write, broken()))
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_exists_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("another")
    with pytest.raises(ValueError, match="exists already"), writing(str(path)):
        pytest.fail("opened")
    assert path.read_text() == "another"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "no" / "log")
    with pytest.raises(ValueError, match="cannot make"), writing(missing):
        pytest.fail("opened")
    with pytest.raises(ValueError, match="cannot read"), reading(missing):
        pytest.fail("opened")


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=full))
        with pytest.raises(Fatal, match="cannot write -: No space left"), writing("-") as write:
            write(FILE)


def test_the_same_log_gives_the_same_packed_bytes(tmp_path: Path) -> None:
    for name in ("one.gz", "two.gz"):
        with writing(str(tmp_path / name)) as write:
            write(FILE)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_a_packed_file_that_was_cut_or_changed_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(FILE)
    path = tmp_path / "log.gz"
    for size in range(0, len(packed), 31):
        path.write_bytes(packed[:size])
        with pytest.raises(Fatal, match="line"), reading(str(path)) as lines:
            list(lines)
    # From the end of the header on: time and name in it are nobody's concern.
    for place in range(10, len(packed), 31):
        path.write_bytes(packed[:place] + bytes([packed[place] ^ 16]) + packed[place + 1 :])
        with pytest.raises(Fatal, match="line"), reading(str(path)) as lines:
            list(lines)
    path.write_bytes(FILE)
    with pytest.raises(Fatal, match="line"), reading(str(path)) as lines:
        list(lines)


def test_the_lines_are_of_every_kind() -> None:
    kinds = [type(line) for line in LINES]
    assert kinds == [HeadLine, *[LeafLine] * 4, *[IntakeLine] * 5, EndLine]
