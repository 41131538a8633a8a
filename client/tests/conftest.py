"""Shared by the kit's tests: a key, pseudonyms, and where the real export files are."""

import os
import signal
from pathlib import Path

import pytest
from kit_registry import FakeRegistry
from kit_tables import IDENTITY, NOW
from sijill_client.keys import PlatformKey, make_key
from sijill_client.pseudonyms import Pseudonyms


def pytest_configure() -> None:
    """A shell's background job ignores Ctrl-C, and so would the programs that tests interrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _crowdwork() -> Path | None:
    """`SIJILL_CROWDWORK`, or `shared/data/crowdwork` beside the repository or above it."""
    if named := os.environ.get("SIJILL_CROWDWORK"):
        return Path(named)
    parents = Path(__file__).resolve().parents
    found = (parent / "shared" / "data" / "crowdwork" for parent in parents)
    return next((folder for folder in found if folder.is_dir()), None)


@pytest.fixture(scope="session")
def crowdwork() -> Path:
    folder = _crowdwork()
    if folder is not None and any(folder.glob("mturk-*")):
        return folder
    reason = (
        "the real export files are not here: set SIJILL_CROWDWORK to their folder; "
        "WITHOUT THEM THE IMPORTERS ARE NOT TESTED AGAINST REAL DATA"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def key() -> PlatformKey:
    return make_key("alpha", IDENTITY)


@pytest.fixture
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(b"\x01" * 32)


@pytest.fixture
def registry(key: PlatformKey) -> FakeRegistry:
    return FakeRegistry(key, NOW)
