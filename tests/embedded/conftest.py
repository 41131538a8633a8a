"""Folders that an unprivileged server can reach, and waiting on conditions."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.embedded.postgres import EmbeddedPostgres

#: Seconds after which a condition that never comes true fails the test instead of hanging it.
PATIENCE = 60.0

Until = Callable[[Callable[[], bool]], None]


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Unlike `tmp_path`, which is closed (0700) to the account that root drops to."""
    path = Path(tempfile.mkdtemp(prefix="sj-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


@pytest.fixture(scope="session")
def finished() -> Iterator[Path]:
    """The data folder of a server that was started once and stopped."""
    with reachable_folder() as path:
        with EmbeddedPostgres(path / "data") as server:
            pass
        yield server.data


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedPostgres]:
    """One server for the tests that do not hurt it."""
    with (
        reachable_folder() as path,
        EmbeddedPostgres(path / "data", roles=["reader"]) as running,
    ):
        yield running


@pytest.fixture
def until() -> Until:
    """Returns once the condition holds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "the condition never came true"
            time.sleep(0.01)

    return wait
