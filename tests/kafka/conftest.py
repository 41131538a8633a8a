"""Clusters that a test may hurt."""

from pathlib import Path

import pytest

from deploy.kafka.programs import Programs


@pytest.fixture
def folder(tmp_path: Path, kafka_programs: Programs) -> Path:
    """Where a cluster of the test's own keeps its data; left out where none can run."""
    return tmp_path / "kafka"
