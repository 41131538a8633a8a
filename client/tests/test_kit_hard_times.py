"""A registry that is away, slow or somebody else; Ctrl-C; a full disk; a clock an hour off."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from kit_outbox import nil, outbox
from kit_registry import FakeRegistry, answering
from kit_tables import APPROVED, IDENTITY, NOW, write
from sijill_client import Emitter, PlatformKey, SijillError, Unreachable, save_key
from sijill_client.http import Patience
from sijill_client.pseudonyms import open_pseudonyms

URL = "https://registry.example"
QUICK = Patience(tries=2, first=0.0)


class Mute(BaseHTTPRequestHandler):
    """Says which registry it is, hears submissions, and never answers them."""

    heard: threading.Event
    done: threading.Event

    def do_GET(self) -> None:
        said = json.dumps({"identity": IDENTITY, "time": NOW.isoformat()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.heard.set()
        self.done.wait()

    def log_message(self, *told: Any) -> None:
        pass


@contextmanager
def mute_registry() -> Iterator[tuple[str, threading.Event]]:
    """Where it answers, and an event that is set once it has heard a submission."""
    events = {"heard": threading.Event(), "done": threading.Event()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Ear", (Mute,), events))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", events["heard"]
    finally:
        events["done"].set()
        server.shutdown()
        server.server_close()


def test_a_slow_registry_and_one_that_is_away_are_told_apart(key: PlatformKey) -> None:
    with mute_registry() as (url, _), httpx.Client(timeout=0.2) as client:
        slow = Emitter(key, url, client, patience=QUICK)
        with pytest.raises(Unreachable, match=r"no answer after 2 tries.*ReadTimeout"):
            slow.submit([nil(1)])
    with httpx.Client() as client:
        away = Emitter(key, "http://127.0.0.1:9", client, patience=QUICK)
        with pytest.raises(Unreachable, match=r"no answer after 2 tries.*Connection refused"):
            away.submit([nil(1)])


def pushing(tmp_path: Path, key: PlatformKey, url: str) -> list[str]:
    key_file = tmp_path / "alpha.key"
    save_key(key, key_file)
    open_pseudonyms(key_file)
    file = write(tmp_path / "batch.csv", [APPROVED])
    words = ["push", str(file), "--as", str(key_file), "--url", url]
    return [sys.executable, "-m", "sijill_client.cli", *words]


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal on POSIX alone")
def test_ctrl_c_ends_a_push_that_waits_and_says_how_far_it_came(
    tmp_path: Path, key: PlatformKey
) -> None:
    with mute_registry() as (url, heard):
        process = subprocess.Popen(
            pushing(tmp_path, key, url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert heard.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    words = " ".join(said.split())
    assert "Interrupted: 0 of 1 submissions have their answer. Run the same command again" in words
    assert "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to lend")
def test_a_push_whose_words_find_no_room_says_so(tmp_path: Path, key: PlatformKey) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with mute_registry() as (url, _), Path("/dev/full").open("w") as full:
        command = pushing(tmp_path, key, url)
        command[command.index("push") + 1] = str(other)
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    words = " ".join(done.stderr.split())
    assert "0 of 0 submissions have their answer" in words
    assert "cannot be written (No space left on device). Run the same command again" in words
    assert "Traceback" not in done.stderr


def test_an_outbox_under_a_wrong_clock_waits_names_both_times_and_goes_on(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    time = [NOW + timedelta(hours=1)]
    with outbox(tmp_path / "o", registry, clock=lambda: time[0]) as box:
        box.put(nil(1))
        # It does not wait for what no waiting mends.
        assert not box.flush(30)
        problem = str(box.status().problem)
        assert "this machine's clock says 2026-03-01 13:00:00+0000" in problem
        assert "the registry's says 2026-03-01 12:00:00+0000: set the clock right" in problem
        time[0] = NOW
        box.put(nil(2))
        while not box.flush(30):
            assert "clock" in str(box.status().problem)
        assert box.status().problem is None
    assert set(registry.events) == {"nil-1", "nil-2"}


def test_an_outbox_says_why_it_waits(tmp_path: Path, registry: FakeRegistry) -> None:
    registry.faults.extend([answering(503, {"Retry-After": "600"})])
    box = outbox(tmp_path / "o", registry)
    try:
        box.put(nil(1))
        while box.status().problem is None:
            assert not box.flush(0.05)
        said = "the registry asks to come back in 600 s (answered 503 Service Unavailable)"
        assert (box.status().problem, box.status().waiting) == (said, 1)
    finally:
        box.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, text="<h1>Welcome</h1>"), "no answer of a registry: <h1>Welcome</h1>"),
        (
            httpx.Response(301, headers={"Location": "https://registry.example/"}),
            "301 Moved Permanently: it points to https://registry.example/: take that address",
        ),
        (httpx.Response(404, text="nothing here"), "says 404 Not Found: nothing here"),
    ],
    ids=["portal", "moved", "elsewhere"],
)
def test_somebody_who_is_no_registry_is_quoted(
    key: PlatformKey, answer: httpx.Response, words: str
) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as client:
        emitter = Emitter(key, "http://registry.example", client, patience=QUICK)
        with pytest.raises(SijillError) as said:
            emitter.check_registry()
        assert words in str(said.value)
        assert str(said.value).endswith("nothing was sent")
        assert emitter.submit([nil(1)]).state == "refused"


def test_an_answer_that_cannot_be_unpacked_is_asked_for_again(key: PlatformKey) -> None:
    registry = FakeRegistry(key, NOW)

    def garbled(request: httpx.Request, honest: Any) -> httpx.Response:
        honest()
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Garbage())

    registry.faults.append(garbled)
    with registry.client() as client:
        emitter = Emitter(key, URL, client, clock=lambda: NOW, patience=QUICK)
        assert emitter.submit([nil(1)]).state == "repeated"
    assert len(registry.events) == 1


class Garbage(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b"no gzip"
