"""One node: a JVM that is broker and controller, in a folder of its own."""

import fcntl
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from deploy.embedded.guard import guarded
from deploy.files import log_tail, put_aside
from deploy.kafka.errors import KafkaClusterError
from deploy.kafka.programs import LOGGING, Programs
from deploy.kafka.properties import as_file

#: Said once the node is registered, has caught up with the cluster and answers clients.
_SERVING = b"Kafka Server started"
#: Said once every topic's files are closed in order. What is left is the controller, which as the
#: last of three waits five seconds for the others' word.
_CLOSED = b"shut down completed (BrokerServer)"
#: Seconds within which a node serves, recovery after a kill included.
START_SECONDS = 120.0
#: Seconds for the rest to end by itself once the data are closed.
_LINGER_SECONDS = 1.0
#: Seconds for a killed supervisor's node to be gone: the kernel ends it with its parent.
_LEFTOVER_SECONDS = 10.0
_POLL_SECONDS = 0.02
#: All the environment that the JVM sees: nothing of the caller's JAVA_* or KAFKA_* leaks in.
_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
#: A short life on a small machine: one collector thread, only the quick compiler (half the
#: processor time of a start, and less for each record in the first minutes), no files in /tmp,
#: and an end where a JVM without memory would limp on.
_JVM = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
)

_NOBODY: Mapping[str, str] = {}


class Node:
    """A node's folder and, while it runs, its process. Every failure is a `KafkaClusterError`."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self.log = folder / "kafka.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id of the running node, None when there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def configure(self, properties: Mapping[str, str]) -> None:
        """Write the settings that the next launch reads."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "server.properties").write_text(as_file(properties))

    def format(
        self,
        programs: Programs,
        cluster_id: str,
        properties: Mapping[str, str],
        users: Mapping[str, str] = _NOBODY,
    ) -> None:
        """Make the storage, once; under another name first, so that half is never whole.

        `users` (name to password) may come by SCRAM-SHA-512 from the first moment.
        """
        data, half = self._folder / "data", self._folder / "half"
        if data.exists():
            return
        shutil.rmtree(half, ignore_errors=True)
        settings = self._folder / "half.properties"
        settings.write_text(as_file({**properties, "log.dirs": half.name}))
        arguments = ["format", "-t", cluster_id, "-c", settings.name]
        for name, password in users.items():
            arguments += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        argv = programs.command(_JVM, "kafka.tools.StorageTool", *arguments)
        with _spawn(argv, self._folder, subprocess.PIPE) as process:
            said, _ = process.communicate()
        if process.returncode != 0:
            raise KafkaClusterError(
                f"Kafka could not make its storage in {self._folder}; mend what it says and start "
                f"again:\n{said.decode(errors='replace').strip()}"
            )
        settings.unlink()
        half.rename(data)

    def launch(self, programs: Programs, options: Sequence[str]) -> None:
        """Start the process and return at once; `wait` says when it serves.

        Only the main thread may.
        """
        require_main_thread()
        if self.pid is not None:
            raise KafkaClusterError(f"Node {self.number} runs already.")
        _wait_unlocked(self._folder / "data" / ".lock")
        logging = f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"
        argv = programs.command([*_JVM, *options, logging], "kafka.Kafka", "server.properties")
        self._log_start = put_aside(self.log)
        with self.log.open("ab") as output:
            self._process = _spawn(argv, self._folder, output)

    def wait(self, seconds: float) -> None:
        """Return once the node serves; in any thread."""
        deadline = time.monotonic() + seconds
        while self.pid is not None and not self._says(_SERVING):
            if time.monotonic() > deadline:
                raise self._failed(f"Kafka's node {self.number} does not serve in {seconds:g} s.")
            time.sleep(_POLL_SECONDS)
        if self.pid is None:
            raise self._failed(f"Kafka's node {self.number} does not run.")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the node, if it runs."""
        if self.pid is not None and self._process is not None:
            self._process.send_signal(number)

    def terminate(self) -> None:
        """SIGTERM, also to a frozen node; `close` waits for what it does."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)

    def close(self, deadline: float) -> None:
        """End a terminated node: once its data are closed, or by `deadline` (monotonic)."""
        while self.pid is not None and not self._says(_CLOSED) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if not self.ended(_LINGER_SECONDS):
            # Nothing is lost: the next start reads what was acknowledged.
            self.kill()

    def ended(self, seconds: float) -> bool:
        """Whether the node has ended, or does within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            if self._process is not None:
                self._process.wait(seconds)
        return self.pid is None

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _says(self, words: bytes) -> bool:
        if not self.log.exists():
            return False
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return words in log.read()

    def _failed(self, what: str) -> KafkaClusterError:
        tail = log_tail(self.log, self._log_start) if self.log.exists() else "(no log)"
        return KafkaClusterError(f"{what} The end of {self.log}:\n{tail}")


def require_main_thread() -> None:
    """Refuse any other thread: the kernel ends a node with the thread that made it."""
    if threading.current_thread() is not threading.main_thread():
        raise KafkaClusterError("Start Kafka from the main thread.")


def _spawn(argv: Sequence[str], folder: Path, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our own programs
        guarded(argv, signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=_ENVIRONMENT,
        # Ctrl-C in the terminal reaches us alone: the nodes stop last.
        start_new_session=True,
    )


def _wait_unlocked(lock: Path) -> None:
    """Wait until the node of a supervisor that was killed is gone from the storage.

    Kafka holds this file locked while it lives, and would refuse to start beside itself.
    """
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while not _is_unlocked(lock):
        if time.monotonic() > deadline:
            raise KafkaClusterError(f"{lock.parent} is in use by another Kafka: stop that one.")
        time.sleep(_POLL_SECONDS)


def _is_unlocked(lock: Path) -> bool:
    try:
        with lock.open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
