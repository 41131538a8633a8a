"""What a person at the command line meets: exit codes, and words that say what to do."""

from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from kit_registry import FakeRegistry, answering, lost_answer, lost_request
from kit_tables import APPROVED, SUBMITTED, write
from rich.text import Text
from sijill_client import cli
from sijill_client.documents import PlatformStatus, UncountedFound
from sijill_client.keys import PlatformKey, save_key
from sijill_client.pseudonyms import pseudonyms_path
from sijill_client.status import lines_of
from typer.testing import CliRunner

URL = "https://registry.example"


class Desk:
    """A platform engineer's desk: a key file, an export file, a command line."""

    def __init__(self, folder: Path, key: PlatformKey) -> None:
        self.key_file = folder / "alpha.key"
        save_key(key, self.key_file)
        self.batch = write(folder / "batch.csv", [APPROVED, SUBMITTED | {"AssignmentId": "3B"}])

    def push(self, *arguments: str | Path) -> Result:
        given = [str(one) for one in arguments] or [str(self.batch)]
        options = ["--as", str(self.key_file), "--url", URL]
        return CliRunner().invoke(cli.app, ["push", *given, *options])


@pytest.fixture
def registry(key: PlatformKey, monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    made = FakeRegistry(key, datetime.now(UTC))
    monkeypatch.setattr(cli, "new_client", made.client)
    return made


@pytest.fixture
def desk(tmp_path: Path, key: PlatformKey, registry: FakeRegistry) -> Desk:
    return Desk(tmp_path, key)


def lines(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_push_ends_with_its_counts_and_exit_code_0(desk: Desk) -> None:
    result = desk.push()
    assert result.exit_code == 0
    for line in ("approved 1", "submitted 1", "rejected 0", "rows 2", "task.completed.v1 2"):
        assert line in lines(result)
    assert "Done: the registry holds everything." in lines(result)


def test_the_first_push_says_that_the_secret_was_made_and_the_second_does_not(desk: Desk) -> None:
    path = str(pseudonyms_path(desk.key_file))
    first, second = desk.push(), desk.push()
    assert path in first.stderr.replace("\n", "")
    assert path not in second.stderr.replace("\n", "")
    assert "repeated: the registry had them already 1" in lines(second)
    assert second.exit_code == 0


def test_twenty_unreadable_rows_are_shown_and_the_others_counted(
    desk: Desk, tmp_path: Path
) -> None:
    rows = [APPROVED | {"AssignmentId": f"3{n}", "SubmitTime": "soon"} for n in range(23)]
    result = desk.push(write(tmp_path / "bad.csv", rows), desk.batch)
    assert result.exit_code == 1
    assert "bad.csv, line 2: SubmitTime: 'soon' is not a time that this format writes" in lines(
        result
    )
    assert sum("bad.csv, line" in line for line in lines(result)) == 20
    assert "and 3 more" in lines(result)


def test_a_refusal_is_exit_code_1_and_shows_why(desk: Desk, registry: FakeRegistry) -> None:
    registry.faults.append(answering(422, title="schema", detail="one fault"))
    result = desk.push()
    assert result.exit_code == 1
    assert any(line.endswith("422 schema: one fault") for line in lines(result))


def test_an_interrupt_says_how_far_it_came_and_the_next_run_finishes(
    desk: Desk, registry: FakeRegistry
) -> None:
    def interrupt(request: httpx.Request, honest: object) -> httpx.Response:
        with pytest.raises(httpx.ReadError):
            lost_answer(request, honest)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    registry.faults.append(interrupt)
    stopped = desk.push()
    assert stopped.exit_code == 130
    assert "0 of 1 submissions have their answer" in stopped.stderr
    assert desk.push().exit_code == 0
    assert len(registry.leaves) == 1


def test_who_waits_for_a_busy_registry_is_told_and_the_push_goes_on(
    desk: Desk, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(cli.time, "sleep", slept.append)
    registry.faults.append(answering(503, {"Retry-After": "17"}))
    result = desk.push()
    assert result.exit_code == 0
    assert slept == [17]
    said = " ".join(result.stderr.split())
    why = "answered 503 Service Unavailable"
    assert f"The registry is away or busy ({why}); trying again in 17 s (Ctrl-C stops)." in said


def test_a_registry_that_stays_away_is_named_and_the_next_run_finishes(
    desk: Desk, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.time, "sleep", lambda seconds: None)
    registry.faults.extend([answering(429)] * 8)
    result = desk.push()
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert f"Stopped: {URL}: no answer after 8 tries; the last one: answered 429" in said
    assert "not sent 1" in said
    assert desk.push().exit_code == 0
    assert len(registry.leaves) == 1


def test_a_registry_that_is_not_there_is_told_before_a_file_is_read(
    desk: Desk, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.time, "sleep", lambda seconds: None)
    registry.registry_faults.extend([lost_request] * 9)
    result = desk.push()
    assert result.exit_code == 1
    assert "reading files" not in result.stderr
    said = " ".join(result.stdout.split())
    assert said.startswith(f"Stopped: {URL}: no answer after 8 tries")
    assert said.endswith("No file was read yet. Run the same command again to finish.")
    # A dry run does not ask it.
    assert desk.push(desk.batch, "--dry-run").exit_code == 0
    assert len(registry.registry_faults) == 1
    registry.registry_faults.clear()
    assert desk.push().exit_code == 0
    assert len(registry.leaves) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--unit-pay", "0.05"], "go together"),
        (["--format", "excel"], "must be one of"),
        (["missing.csv"], "does not exist"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_sends_nothing(
    desk: Desk, registry: FakeRegistry, options: list[str], words: str
) -> None:
    result = desk.push(desk.batch, *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not registry.posts


def test_a_key_that_others_can_read_is_exit_code_2_with_the_command_that_mends_it(
    desk: Desk,
) -> None:
    desk.key_file.chmod(0o644)
    result = desk.push()
    assert result.exit_code == 2
    assert "chmod 600" in result.stderr


def test_a_key_of_another_registry_is_exit_code_2(
    desk: Desk, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = httpx.MockTransport(
        lambda request: httpx.Response(
            200, json={"identity": "cd" * 32, "time": "2026-03-01T12:00:00Z"}
        )
    )
    monkeypatch.setattr(cli, "new_client", lambda: httpx.Client(transport=elsewhere))
    result = desk.push()
    assert result.exit_code == 2
    assert "Nothing was sent" in result.stderr


def test_status_shows_what_counts_nowhere_and_what_was_not_looked_at() -> None:
    revoked = UncountedFound("key-revoked", 2, "s-9", 88, "The key was revoked.", "Send it again.")
    found = PlatformStatus(
        from_=date(2026, 3, 1),
        to=date(2026, 3, 1),
        submissions=1200,
        events=1_200_000,
        repeated=0,
        rows=[],
        silent=[],
        anomalies=[],
        examined=1000,
        uncounted=[revoked],
    )
    said = "\n".join(str(part) for part in lines_of(found) if isinstance(part, Text))
    assert "Submissions that do not count\n  key-revoked: 2, for example s-9, leaf 88\n" in said
    assert "    Send it again." in said
    assert "the newest 1,000 of these submissions alone" in said
    assert "Nothing to mend" not in said
