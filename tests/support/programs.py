"""Programs that a test needs and a machine may lack."""

import os
import shutil

import pytest


def needed(*programs: str) -> None:
    """Leaves a test out, loudly, where a program is missing; on CI that is a failure."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        left_out(f"{', '.join(missing)} is not installed: WHAT NEEDS IT IS NOT TESTED")


def left_out(reason: str) -> None:
    """Leaves a test out for a reason that is told; on CI it fails with it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
