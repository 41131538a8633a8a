"""The real export files, where they are; loud where they are not."""

import os
from pathlib import Path

import pytest


def crowdwork() -> Path:
    """The folder of real export files; skips loudly without it, fails in CI."""
    named = os.environ.get("SIJILL_CROWDWORK")
    root = Path(__file__).resolve().parents[2]
    places = [Path(named)] if named else [up / "shared/data/crowdwork" for up in root.parents]
    for place in places:
        if place.is_dir():
            return place
    message = "the real export files are absent: set SIJILL_CROWDWORK or put them in ../shared/data"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
