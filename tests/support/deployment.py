"""A registry of separate processes, each started as its operator would, on a server of its own."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.establish import make_event
from deploy.keyfiles import AUTHORITY_FILE, read_key
from deploy.ports import first_free
from events.clock import system_clock
from events.token import CONTENT_TYPE, sign_submission
from migrations.roles import ROLES
from tests.support.folders import passing_folder
from tests.support.plain import PLAIN
from tests.support.ports import first_port
from tests.support.running import PATIENCE, SIJILL
from tests.support.world import body_of

#: Small, for a machine that runs another server for the other tests.
_SMALL = {"shared_buffers": "16MB", "max_wal_size": "64MB", "min_wal_size": "32MB"}
#: Behind those of whole registries in the same test process.
_PORTS_BEHIND = 50


@dataclass
class Process:
    """One process and its port."""

    name: str
    environment: Mapping[str, str]
    log: Path
    port: int
    running: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [*SIJILL, self.name],
                env={**self.environment, "SIJILL_PORT": str(self.port)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        """An answer of it; as soon as it listens."""
        return self.until(lambda: self._tried(path), f"an answer at {path}")

    def _tried(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(self.url + path, timeout=PATIENCE, verify=PLAIN)
        except httpx.TransportError:
            return None

    def until_ready(self, ready: bool = True) -> dict[str, Any]:
        """Return what its page says once it is ready, or no longer."""
        status = 200 if ready else 503

        def looked() -> httpx.Response | None:
            answer = self.get("/readyz")
            # That it starts says nothing yet about what it waits for.
            settled = answer.json().get("reason") != "starting"
            return answer if settled and answer.status_code == status else None

        found: dict[str, Any] = self.until(looked, f"ready: {ready}").json()
        assert found["ready"] is ready
        return found

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What a condition gives once it gives something; the process must not end meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            if time.monotonic() > deadline or self.running.poll() is not None:
                raise AssertionError(f"{self.name}, {what}:\n{self.log.read_text()}")
            time.sleep(0.05)
        return found

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(PATIENCE)

    def kill(self) -> None:
        """SIGKILL, if it lives."""
        if self.running.poll() is None:
            self.running.kill()
            self.running.wait()


class Deployment:
    """A folder with a PostgreSQL that is not started yet, keys, and the processes' settings.

    `brokers`: the settings of a log on Kafka.
    """

    def __init__(self, folder: Path, **brokers: str) -> None:
        self.folder, self._brokers = folder, brokers
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.server = EmbeddedPostgres(folder / "postgres", roles=ROLES, settings=_SMALL)
        self.processes: list[Process] = []
        self._next_port = first_port() + _PORTS_BEHIND

    @property
    def environment(self) -> dict[str, str]:
        """The settings that all share, and no others."""
        others = {name: os.environ[name] for name in os.environ if not name.startswith("SIJILL_")}
        _, _, address = self.server.dsn().partition("@")
        return {
            **others,
            "SIJILL_DATABASE": f"postgresql://{{role}}@{address}",
            "SIJILL_KEYS": str(self.keys),
            **self._brokers,
            "COLUMNS": "200",
        }

    def start(self, name: str, **settings: str) -> Process:
        """Start a process on a free port."""
        port = first_free(self._next_port, 1)
        self._next_port = port + 1
        log = self.folder / f"{name}-{port}.log"
        made = Process(name, {**self.environment, **settings}, log, port)
        self.processes.append(made)
        return made

    def run(self, *arguments: str, code: int = 0, **settings: str) -> str:
        """Run a command with the same settings; what it printed."""
        done = subprocess.run(
            [*SIJILL, *arguments],
            env={**self.environment, "SIJILL_MIGRATE": self.server.dsn(), **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def begin(self) -> None:
        """Start the database, migrate it, make the topics, establish the registry."""
        self.server.start()
        self.run("migrate")
        if self._brokers:
            self.run("topics", "apply")
        self.run("authority", "establish", "--name", "Ministry")

    def submit(
        self, door: Process, submission: str, wait: int = 0, size: int = 0
    ) -> httpx.Response:
        """Send one act of the authority, the same bytes whenever the id is the same.

        `size`: bytes that its body has at least.
        """
        body, headers = self.signed(submission, size)
        if wait:
            headers["Prefer"] = f"wait={wait}"
        url = f"{door.url}/v1/submissions"
        return httpx.post(url, content=body, headers=headers, timeout=PATIENCE, verify=PLAIN)

    def signed(self, submission: str, size: int = 0) -> tuple[bytes, dict[str, str]]:
        """The body of an act and its headers."""
        key, now = read_key(self.keys / AUTHORITY_FILE).key, system_clock()
        path = self.folder / f"{submission}.json"
        if not path.exists():
            # Unknown members are kept and ignored.
            seen = {"name": submission, "note": "x" * size}
            act = make_event("authority", "platform.observed.v1", seen, now)
            path.write_bytes(body_of([act]))
        body = path.read_bytes()
        at = int(now.timestamp())
        token = sign_submission(key, emitter="authority", submission=submission, at=at, body=body)
        return body, {"Content-Type": CONTENT_TYPE, "Submission-Signature": token}


def assert_unavailable(answer: httpx.Response) -> None:
    """An answer that says: not now, try again."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:sijill:problem:unavailable"
    assert int(answer.headers["retry-after"]) > 0


@contextlib.contextmanager
def new_deployment(**brokers: str) -> Iterator[Deployment]:
    """A deployment of a test's own, ended and removed afterwards."""
    with passing_folder() as folder:
        made = Deployment(folder, **brokers)
        try:
            yield made
        finally:
            for process in made.processes:
                process.kill()
            made.server.stop()
