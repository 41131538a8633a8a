"""What the commands say when they are asked for what cannot be; nothing is started for it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import transfer
from deploy.cli.main import app

DATABASE = {"SIJILL_DATABASE": "postgresql://{role}@127.0.0.1:1/none"}
KAFKA = {**DATABASE, "SIJILL_KAFKA": "127.0.0.1:1"}


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the tests stay as they are."""
    monkeypatch.setattr(transfer, "_configure_logs", lambda: None)


@pytest.fixture
def running(tmp_path: Path) -> Path:
    """The folder of a registry that runs, as far as its file says."""
    (tmp_path / "running.json").write_text(json.dumps({"url": "http://127.0.0.1:1", **DATABASE}))
    return tmp_path


def _said(*words: str, code: int, **settings: str) -> str:
    done = CliRunner().invoke(app, words, env={"SIJILL_DATABASE": None, **settings})
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def test_a_log_on_kafka_is_not_exported(tmp_path: Path) -> None:
    said = _said("export", str(tmp_path / "log"), code=2, **KAFKA)
    assert "this log is on Kafka already" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_log_is_on_kafka_is_not_started(tmp_path: Path) -> None:
    for name in ("postgres", "kafka"):
        (tmp_path / name).mkdir()
    said = _said("export", str(tmp_path / "log"), "--data", str(tmp_path), code=2)
    assert "this log is on Kafka already" in said


def test_a_database_that_is_away_leaves_no_file(tmp_path: Path) -> None:
    assert "cannot reach" in _said("export", str(tmp_path / "log"), code=1, **DATABASE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_registry_is_not_made(tmp_path: Path) -> None:
    said = _said("export", str(tmp_path / "log"), "--data", str(tmp_path / "no"), code=2)
    assert "no registry runs in" in said
    assert list(tmp_path.iterdir()) == []


def test_an_import_needs_brokers(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.touch()
    assert "SIJILL_KAFKA is not set" in _said("import", str(file), code=2, **DATABASE)


def test_an_import_needs_its_file(tmp_path: Path) -> None:
    assert "cannot read" in _said("import", str(tmp_path / "no"), code=2, **KAFKA)


def test_brokers_that_are_away_are_waited_for_by_running_it_again(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.touch()
    assert "Run the same import again" in _said("import", str(file), code=1, **KAFKA)


def test_nothing_is_imported_into_a_registry_that_runs(running: Path) -> None:
    said = _said("import", "log", "--data", str(running), code=2)
    assert "an import needs one of its own, stopped" in said
