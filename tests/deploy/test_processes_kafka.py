"""The processes of a registry whose log is on Kafka: brokers come late, die, are changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from deploy.kafka.cluster import Cluster
from deploy.kafka.programs import Programs
from events.limits import BYTES_IN_FLIGHT_MAX
from events.log.kafka.producer import BYTES_WAITING_MAX
from tests.support.deployment import Deployment, Process, assert_unavailable, new_deployment

#: More bytes than a door may hold: bodies of four million bytes.
_FLOOD, _LARGE = 20, 4_000_000
ALL = ("ingest", "sequence", "project", "query")


@pytest.fixture
def cluster(kafka_programs: Programs, tmp_path: Path) -> Iterator[Cluster]:
    """A broker of a test's own, not started yet; its address is known."""
    made = Cluster(tmp_path / "kafka")
    yield made
    made.stop()


@pytest.fixture
def deployment(kafka: str, topics: str) -> Iterator[Deployment]:
    """On the run's broker, which nobody hurts."""
    with new_deployment(SIJILL_KAFKA=kafka, SIJILL_TOPICS=topics) as made:
        yield made


def test_a_broker_that_comes_later_and_goes_away_is_waited_for(cluster: Cluster) -> None:
    with new_deployment(SIJILL_KAFKA=cluster.bootstrap) as deployment:
        deployment.server.start()
        deployment.run("migrate")
        assert "cannot reach" in deployment.run("authority", "establish", "--name", "M", code=1)
        processes = {name: deployment.start(name) for name in ALL}
        door, query = processes["ingest"], processes["query"]
        for process in processes.values():
            assert process.get("/healthz").status_code == 200
            assert process.until_ready(False)
        assert_unavailable(httpx.post(f"{door.url}/v1/submissions", content=b"[]"))
        assert_unavailable(query.get("/v1/registry"))

        cluster.start()
        deployment.begin()
        for process in processes.values():
            process.until_ready()
        assert deployment.submit(door, "before", wait=30).status_code == 201

        cluster.kill(1)
        assert_unavailable(deployment.submit(door, "meanwhile"))
        for process in processes.values():
            assert "Kafka" in process.until_ready(False)["reason"]
            assert process.get("/healthz").status_code == 200

        cluster.restart(1)
        for process in processes.values():
            process.until_ready()
        assert deployment.submit(door, "meanwhile", wait=30).status_code in (200, 201)
        assert deployment.submit(door, "before").status_code == 200
        assert "everything holds" in deployment.run("check")
        # All of it without a restart, and the end is in order also while the broker is away.
        cluster.kill(1)
        assert [process.terminate() for process in processes.values()] == [0, 0, 0, 0]


def test_a_flood_while_the_broker_is_frozen_meets_a_bound(cluster: Cluster) -> None:
    """What waits for the broker is bounded, and all of it is answered: not kept, send again."""
    cluster.start()
    with new_deployment(SIJILL_KAFKA=cluster.bootstrap) as deployment:
        deployment.begin()
        sequencer, door = deployment.start("sequence"), deployment.start("ingest")
        door.until_ready()
        cluster.freeze(1)

        with ThreadPoolExecutor(_FLOOD) as threads:
            sending = [
                threads.submit(deployment.submit, door, f"flood-{number}", 0, _LARGE)
                for number in range(_FLOOD)
            ]
            door.until(lambda: _waiting(door) > BYTES_IN_FLIGHT_MAX / 2, "much that waits")
            held = _waiting(door)
        for one in sending:
            assert_unavailable(one.result())
        assert held <= BYTES_WAITING_MAX

        cluster.thaw(1)
        for process in (door, sequencer):
            process.until_ready()
        for number in range(_FLOOD):

            def again(submission: str = f"flood-{number}") -> bool:
                return deployment.submit(door, submission, 30, _LARGE).status_code in (200, 201)

            door.until(again, "taken")
        assert "everything holds" in deployment.run("check")
        # Nobody waits for a broker that answers nothing.
        cluster.freeze(1)
        assert [process.terminate() for process in (door, sequencer)] == [0, 0]


def _waiting(door: Process) -> float:
    page = door.get("/metrics").text
    (line,) = [one for one in page.splitlines() if one.startswith("sijill_ingest_bytes_waiting ")]
    return float(line.split()[1])


def test_topics_that_somebody_weakened_are_an_alarm_until_they_are_mended(
    deployment: Deployment, kafka: str, topics: str
) -> None:
    deployment.begin()
    sequencer, door = deployment.start("sequence"), deployment.start("ingest")
    door.until_ready()

    _set(kafka, f"{topics}.intake", "retention.ms", "86400000")

    for process in (sequencer, door):
        assert "retention.ms=86400000" in process.until_ready(False)["reason"]
    assert_unavailable(deployment.submit(door, "weak"))
    assert "retention.ms=86400000, not -1" in deployment.run("topics", "check", code=1)

    _set(kafka, f"{topics}.intake", "retention.ms", "-1")

    for process in (sequencer, door):
        process.until_ready()
    assert deployment.submit(door, "weak", wait=30).status_code == 201


def test_a_door_whose_brokers_were_forgotten_takes_nothing(deployment: Deployment) -> None:
    deployment.begin()
    deployment.start("sequence")
    deployment.start("ingest").until_ready()

    forgetful = deployment.start("ingest", SIJILL_KAFKA="", SIJILL_TOPICS="")

    assert "SIJILL_KAFKA" in forgetful.until_ready(False)["reason"]
    assert_unavailable(deployment.submit(forgetful, "lost"))


def test_topics_are_made_once_and_stand(deployment: Deployment, topics: str) -> None:
    assert f"{topics}.leaves: made" in deployment.run("topics", "apply")
    assert f"{topics}.leaves: stands" in deployment.run("topics", "apply")


def _set(kafka: str, topic: str, name: str, value: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: value})
    try:
        admin.alter_configs([resource])
    finally:
        admin.close()
