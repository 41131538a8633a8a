"""What the door writes into its log: whoever asks about a submission finds its emitter and id."""

import pytest
from structlog.testing import capture_logs

from services.ingest.app import create_app
from services.ingest.door import Door
from tests.ingest.speaking import Caller, FaultyIntake, small
from tests.support.world import World, body_of


@pytest.fixture
def intake(world: World) -> FaultyIntake:
    return FaultyIntake(world.intake)


@pytest.fixture
def caller(world: World, intake: FaultyIntake) -> Caller:
    return Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))


async def test_what_is_taken_is_told_at_debug(caller: Caller, world: World) -> None:
    with capture_logs() as lines:
        answer = await caller.send(small(world), "told-1")

    assert answer.status_code == 202
    (line,) = lines
    assert (line["log_level"], line["event"]) == ("debug", "taken")
    assert (line["emitter"], line["submission"], line["status"]) == ("alpha", "told-1", 202)


async def test_a_refusal_names_emitter_and_submission(caller: Caller, world: World) -> None:
    with capture_logs() as lines:
        await caller.send(body_of([{"id": "no event"}]), "told-2")

    (line,) = lines
    assert (line["log_level"], line["event"], line["reason"]) == ("info", "refused", "schema")
    assert (line["emitter"], line["submission"]) == ("alpha", "told-2")


async def test_a_token_that_cannot_be_read_names_nobody(caller: Caller, world: World) -> None:
    with capture_logs() as lines:
        await caller.send(small(world), "", token="no token")

    (line,) = lines
    assert line["reason"] == "malformed"
    assert "submission" not in line


async def test_a_failure_names_emitter_and_submission(
    caller: Caller, world: World, intake: FaultyIntake
) -> None:
    intake.after_append = ConnectionError("gone")
    with capture_logs() as lines:
        await caller.send(small(world), "told-3")

    assert [line["event"] for line in lines] == ["append failed", "refused"]
    for line in lines:
        assert line["log_level"] == "warning"
        assert (line["emitter"], line["submission"]) == ("alpha", "told-3")
