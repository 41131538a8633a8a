"""What a command loads before it does anything: every start of a process waits for it."""

import subprocess
import sys

import pytest

#: What takes longer to load than all of ours together.
HEAVY = {"alembic", "fastapi", "kafka", "sqlalchemy"}


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("deploy.cli.main", set()),
        ("deploy.processes.sequence", set()),
        ("deploy.processes.project", set()),
        ("deploy.processes.ingest", {"fastapi"}),
        ("deploy.processes.query", {"fastapi", "sqlalchemy"}),
    ],
)
def test_a_process_loads_nothing_heavy_that_it_does_not_need(module: str, needed: set[str]) -> None:
    say = f"import sys, {module}; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", say], check=True, capture_output=True, text=True)

    assert HEAVY & set(done.stdout.split()) == needed
