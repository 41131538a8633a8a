"""`sijill up --sandbox`, and the fixture with which a platform's own tests start it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import sijill_pytest
from sijill_client import Emitter
from typer.testing import CliRunner

from deploy.cli.main import app
from tests.support.plain import PLAIN
from tests.support.running import PATIENCE, SIJILL

NIL = {
    "id": "nil-1",
    "type": "day.nil.v1",
    "time": "2026-03-04T12:00:00Z",
    "data": {"day": "2026-03-04"},
}


def _command(folder: Path) -> str:
    """The registry's command as one word."""
    path = folder / "sijill"
    path.write_text(f'#!/bin/sh\nexec {" ".join(SIJILL)} "$@"\n')
    path.chmod(0o700)
    return str(path)


def _data(folder: Path) -> Path:
    """Where the sandbox keeps its data, as it says."""
    (line,) = [
        line
        for line in (folder / "sandbox.log").read_text().splitlines()
        if line.startswith("database")
    ]
    return Path(line.split()[1])


def _refused(*options: str) -> str:
    done = CliRunner().invoke(app, ["up", "--sandbox", *options])
    assert done.exit_code == 2
    return done.output


def test_a_sandbox_takes_events_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with sijill_pytest.running(_command(tmp_path), tmp_path, "atlas-tasks") as sandbox:
        with httpx.Client(verify=PLAIN, timeout=60) as client:
            result = Emitter(sandbox.key, sandbox.url, client).submit([NIL])
        assert (result.state, sandbox.key.emitter) == ("accepted", "atlas-tasks")
        data = _data(tmp_path)
        assert data.is_dir()
        # What would throw away a registry's data is not taken.
        assert "it takes no --data" in _refused("--data", str(tmp_path))
        # Nor is a key, perhaps a real one, written over.
        assert "a key is never overwritten" in _refused("--key-out", str(sandbox.key_file))
    assert not sandbox.key_file.exists()
    assert not data.exists()
    assert "everything is thrown away" in (tmp_path / "sandbox.log").read_text()


def test_a_sandbox_ends_with_tests_that_were_killed(tmp_path: Path) -> None:
    """Tests that die cannot end what they started; the end of its input does."""
    program = (
        "import os, pathlib, signal, sijill_pytest\n"
        f"with sijill_pytest.running({_command(tmp_path)!r}, pathlib.Path({str(tmp_path)!r})):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    data, deadline = _data(tmp_path), time.monotonic() + PATIENCE
    while data.exists():
        assert time.monotonic() < deadline, (tmp_path / "sandbox.log").read_text()
        time.sleep(0.05)
    assert not (tmp_path / "sandbox.key").exists()
