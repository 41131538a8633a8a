"""A pull that is cut anywhere goes on where it ended, and believes nothing that does not fit."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.asking import Asking
from deploy.keyfiles import KeyFile
from deploy.pulling import NotProven, pull, read_copy
from events.jose import PrivateKey

_NAMES = (
    *("scheme", "number", "period", "about", "account", "branch", "currency", "debit", "credit"),
    *("platform", "worker", "person", "previous_basis", "basis", "policy", "event_number"),
)


def _line(number: int) -> bytes:
    entry: dict[str, Any] = dict.fromkeys(_NAMES) | {"scheme": "cnss", "number": number}
    entry |= {"period": "2026-03", "account": "a", "basis": 1, "event_number": 1, "leaf_index": 1}
    return json.dumps(entry | {"currency": "MAD", "debit": "1"}).encode() + b"\n"


class _Cut(httpx.SyncByteStream):
    """A body whose connection breaks behind some bytes."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body, self._size = body, size

    def __iter__(self) -> Any:
        yield self._body[: self._size]
        if self._size < len(self._body):
            raise httpx.ReadError("connection reset")


def _asking(entries: int, size: int, skip: int = 0) -> Asking:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/registry":
            now = {"identity": "r", "time": "2026-03-04T10:00:00Z"}
            return httpx.Response(200, json=now)
        after = int(request.url.params["after"])
        body = b"".join(_line(n) for n in range(after + 1, entries + 1) if n != skip)
        headers = {"Registry-Last-Entry": str(entries)}
        return httpx.Response(200, headers=headers, stream=_Cut(body, size))

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Asking("http://fund", KeyFile("cnss", PrivateKey.generate(), "r"), client)


@pytest.mark.parametrize("size", [310, 400, 1000, 10**6])
def test_a_stream_cut_anywhere_is_taken_up_again(tmp_path: Path, size: int) -> None:
    path = tmp_path / "deep" / "cnss.ndjson"
    assert pull(_asking(9, size), "cnss", read_copy(path), 0, lambda number: None) == 9
    assert path.read_bytes() == b"".join(map(_line, range(1, 10)))


def test_a_gap_is_refused_and_what_stood_before_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "cnss.ndjson"
    with pytest.raises(NotProven, match="entry 5 follows entry 3"):
        pull(_asking(9, 10**6, skip=4), "cnss", read_copy(path), 0, lambda number: None)
    assert read_copy(path).last == 3


def test_entries_that_are_kept_back_are_missed(tmp_path: Path) -> None:
    copy = read_copy(tmp_path / "cnss.ndjson")
    with pytest.raises(NotProven, match="behind entry 8"):
        pull(_asking(9, 10**6, skip=9), "cnss", copy, 0, lambda number: None)


def test_a_copy_may_begin_behind_a_number_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "cnss.ndjson"
    pull(_asking(9, 10**6), "cnss", read_copy(path), 6, lambda number: None)
    assert (read_copy(path).first, read_copy(path).last) == (7, 9)
    with pytest.raises(NotProven, match="begins with entry 7"):
        pull(_asking(9, 10**6), "cnss", read_copy(path), 3, lambda number: None)
