"""A real `sijill up`: its own processes, its own folder, commands run as a user would."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.ports import PORTS_NEEDED, first_free
from tests.support.folders import passing_folder
from tests.support.plain import PLAIN
from tests.support.ports import first_port

#: Seconds after which something that never happens fails a test instead of hanging it.
PATIENCE = 60.0
SIJILL = (sys.executable, "-m", "deploy.cli.main")


#: An ICE that checks.
TAX_ID = "001561191000066"


def events_file(folder: Path, count: int, start: int = 0, emitter: str = "alpha") -> str:
    """Ready events of a platform, one a line."""
    path = folder / f"events-{emitter}-{start}.ndjson"
    line = (
        '{{"specversion":"1.0","id":"e{0}","source":"/emitters/{2}","type":"task.completed.v1",'
        '"time":"2026-03-04T10:00:00+01:00","data":{{"task":"t{0}","worker":"w{1}","seconds":60}}}}'
    )
    lines = [line.format(number, number % 50, emitter) for number in range(start, start + count)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@dataclass
class Running:
    """One registry in a folder; it can be killed and started again."""

    folder: Path
    port: int = field(default_factory=lambda: first_free(first_port(), PORTS_NEEDED))
    process: subprocess.Popen[bytes] | None = None
    #: Further options of `sijill up`.
    options: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        where = ("--data", str(self.folder / "data"), "--port", str(self.port))
        with (self.folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*SIJILL, "up", *where, *self.options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.until(lambda: (self.folder / "data" / "running.json").exists())

    def kill(self) -> None:
        """As a power cut for the processes: nobody says goodbye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        (self.folder / "data" / "running.json").unlink(missing_ok=True)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def until(self, condition: Any, patience: float = PATIENCE) -> None:
        """Return once the condition holds."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                raise AssertionError((self.folder / "up.log").read_text())
            time.sleep(0.05)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command on this registry's data; what it printed."""
        return run_command(*arguments, code=code)

    def own(self, *arguments: str, code: int = 0) -> str:
        """A command that takes `--data`."""
        return self.run(*arguments, "--data", str(self.folder / "data"), code=code)

    def add_platform(self, name: str = "Alpha") -> str:
        """Register a platform; its key file."""
        key = str(self.folder / f"{name.lower()}.key")
        self.own("platform", "add", name, "--tax-id", TAX_ID, "--key-out", key)
        return key

    def get(self, path: str, role: str = "inspector", **more: str) -> Any:
        """An answer of the query API as decoded JSON."""
        options = [part for name, value in more.items() for part in (f"--{name}", value)]
        token = self.own("token", "--role", role, *options).strip()
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(self.url + path, headers=headers, verify=PLAIN)
        return answer.raise_for_status().json()


def run_command(*arguments: str, code: int = 0) -> str:
    """Run `sijill` as a user would; what it printed."""
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(
        [*SIJILL, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def child_of(registry: Running, pattern: str) -> int:
    """The process of this registry whose command line holds a pattern."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            traces = (line, (entry / "environ").read_bytes().decode(), os.readlink(entry / "cwd"))
        except OSError:
            continue
        if pattern in line and any(str(registry.folder) in trace for trace in traces):
            found.append(int(entry.name))
    assert found, pattern
    return min(found)


@contextlib.contextmanager
def running_registry(*options: str) -> Iterator[Running]:
    """A registry of its own, stopped and removed afterwards."""
    with passing_folder() as folder:
        registry = Running(folder, options=options)
        try:
            registry.start()
            yield registry
        finally:
            registry.stop()
