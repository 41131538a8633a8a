"""One Kafka for all processes of one test run, started by whoever needs it first.

The process that runs the tests, or hands them to workers, holds a lock in the run's folder while
it lives. The broker belongs to a keeper (`kafka_keeper.py`), which waits for that lock and then
stops it: so it ends with the run, however the run ends, and not with the worker that started it.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from deploy.kafka.programs import why_unusable
from tests.support.folders import place

#: Environment variable: bootstrap servers of a Kafka to test against instead of one of ours.
ADDRESS = "SIJILL_TEST_KAFKA"
#: How the reason of a left-out test begins.
LEFT_OUT = "left out without Apache Kafka: "
_POLL_SECONDS = 0.05


class Run:
    """The folder through which the processes of one run find the broker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Locked while the run lives.
        self.alive = folder / "alive"
        #: Locked while the keeper lives.
        self.keeper = folder / "keeper"
        #: The bootstrap address, once the broker serves.
        self.address = folder / "address"
        #: What the keeper said; the reason, if it ended without an address.
        self.said = folder / "keeper.log"

    def kafka(self) -> str:
        """The bootstrap address, of a broker that is started if there is none yet."""
        with locked(self.folder / "asking"):
            if not self.keeper.exists():
                self._start_keeper()
            while not self.address.exists():
                if not is_locked(self.keeper):
                    pytest.fail(f"Kafka did not start: {self.said.read_text()}", pytrace=False)
                time.sleep(_POLL_SECONDS)
        return self.address.read_text()

    def _start_keeper(self) -> None:
        argv = [sys.executable, "-m", "tests.support.kafka_keeper", str(self.folder)]
        root = Path(__file__).parents[2]
        with self.said.open("wb") as said:
            # It goes into the background by itself, once it holds its lock.
            subprocess.run(
                argv, check=True, cwd=root, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )


@contextmanager
def new_run() -> Iterator[Run]:
    """A run's folder; at the end the broker is gone and the folder too."""
    run = Run(Path(tempfile.mkdtemp(prefix="sj-kafka-", dir=place())))
    try:
        with locked(run.alive):
            yield run
        # The keeper may take the folder away under our eyes: it is done, then.
        with suppress(FileNotFoundError), locked(run.keeper):
            pass
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, waiting for it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of a file."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def leave_out_unless_usable() -> None:
    """Leave the asking test out, or fail it under CI, where there is no Java or no Maven."""
    if (why := why_unusable()) is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and {LEFT_OUT}{why}", pytrace=False)
    pytest.skip(f"{LEFT_OUT}{why}")


def say_left_out(terminal: pytest.TerminalReporter) -> None:
    """Say at the end of the run, where nobody overlooks it, what was left out and why."""
    left_out: dict[str, list[str]] = {}
    for report in terminal.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple) and LEFT_OUT in report.longrepr[2]:
            left_out.setdefault(report.longrepr[2].partition(LEFT_OUT)[2], []).append(report.nodeid)
    for why, tests in left_out.items():
        terminal.section(f"{len(tests)} tests LEFT OUT, without Apache Kafka", red=True, bold=True)
        terminal.write_line(why)
        for test in tests:
            terminal.write_line(f"  {test}")


def delete_topics(bootstrap: str, prefix: str) -> None:
    """Delete the topics of one test."""
    # Here: a run that needs no Kafka does not load its client.
    from kafka.admin import KafkaAdminClient

    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        if mine := [one for one in admin.list_topics() if one.startswith(prefix)]:
            admin.delete_topics(mine)
