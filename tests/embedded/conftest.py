"""Folders that an unprivileged server can reach, and waiting on conditions."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.support.folders import passing_folder

#: Seconds after which a condition that never comes true fails the test instead of hanging it.
PATIENCE = 60.0

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def folder() -> Iterator[Path]:
    with passing_folder() as path:
        yield path


@pytest.fixture(scope="session")
def finished() -> Iterator[Path]:
    """The data folder of a server that was started once and stopped."""
    with passing_folder() as path:
        with EmbeddedPostgres(path / "data") as server:
            pass
        yield server.data


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedPostgres]:
    """One server for the tests that do not hurt it."""
    with (
        passing_folder() as path,
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
