"""`sijill up --kafka`: the whole registry on a broker of its own, as its operator meets it."""

import os
import signal
from collections.abc import Iterator

import pytest

from deploy.kafka.programs import Programs
from tests.support.fund import Fund, tell_whole_story
from tests.support.running import Running, child_of, events_file, running_registry

ENDED = "the broker ended: starting it again"


@pytest.fixture(scope="module")
def registry(kafka_programs: Programs) -> Iterator[Running]:
    with running_registry("--kafka") as running:
        yield running


def test_what_was_pushed_survives_kills_of_the_broker_and_of_everything(registry: Running) -> None:
    key = registry.add_platform()
    first, second = (events_file(registry.folder, 500, start) for start in (0, 500))
    registry.run("push", first, "--as", key, "--url", registry.url)
    assert "everything holds" in registry.own("check")

    os.kill(child_of(registry, "kafka.Kafka"), signal.SIGKILL)
    registry.until(lambda: ENDED in (registry.folder / "up.log").read_text())
    registry.run("push", second, "--as", key, "--url", registry.url)
    registry.kill()
    registry.start()

    (row,) = registry.get("/v1/platforms", role="analyst")["rows"]
    assert row["counts"]["completed"] == 1_000
    assert "everything holds" in registry.own("check")
    assert "equal to generation" in registry.own("rebuild")
    assert "as they must be" in registry.own("topics", "check")


def test_a_ledger_is_posted_adjusted_closed_pulled_and_explained(registry: Running) -> None:
    tell_whole_story(Fund.at(registry, platform="payer"))


def test_its_folder_is_not_started_without_the_broker(registry: Running) -> None:
    port = str(registry.port + 10)

    said = registry.own("up", "--port", port, code=2)

    assert "start it with --kafka" in " ".join(said.split())
