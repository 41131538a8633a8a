"""One node: what it keeps, how it ends, what it refuses."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError

from deploy.kafka.cluster import Cluster
from deploy.kafka.errors import KafkaClusterError
from deploy.kafka.programs import Programs
from tests.kafka.clients import append, create_topic, new_producer, read, topic_names, write
from tests.kafka.processes import answers, line_with, nodes_in, program, until


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, kafka_programs: Programs) -> Iterator[Cluster]:
    """One node for the tests that leave it as it was."""
    with Cluster(tmp_path_factory.mktemp("shared") / "kafka") as cluster:
        yield cluster


def test_data_outlive_a_stop_and_a_kill_at_the_same_address(folder: Path) -> None:
    with Cluster(folder) as cluster:
        address = cluster.bootstrap
        create_topic(address, "log")
        write(address, "log", b"before the stop")
        cluster.stop()
        assert (cluster.pid(1), nodes_in(folder)) == (None, set())
        cluster.start()
        write(address, "log", b"before the kill")
        cluster.kill(1)
        assert not answers(address)
        cluster.restart(1)
        assert read(address, "log", 2) == [b"before the stop", b"before the kill"]
        # A stop ends also what is frozen.
        cluster.freeze(1)
    assert nodes_in(folder) == set()


def test_a_frozen_node_goes_on_where_it_stood(shared: Cluster) -> None:
    create_topic(shared.bootstrap, "frozen")
    with closing(new_producer(shared.bootstrap)) as producer:
        append(producer, "frozen", b"first")
        shared.freeze(1)
        waiting = producer.send("frozen", b"second")
        with pytest.raises(KafkaTimeoutError):
            waiting.get(0.5)
        shared.thaw(1)
        waiting.get(60)
    assert read(shared.bootstrap, "frozen", 2) == [b"first", b"second"]


def test_a_topic_is_not_made_by_a_typo(shared: Cluster) -> None:
    producer = new_producer(shared.bootstrap, max_block_ms=500)
    with closing(producer), pytest.raises(KafkaTimeoutError):
        producer.send("laeves", b"a leaf")
    assert "laeves" not in topic_names(shared.bootstrap)


def test_data_in_use_are_refused(shared: Cluster) -> None:
    with pytest.raises(KafkaClusterError, match=r"is in use by process \d+: stop that one"):
        Cluster(shared.folder).start()


def test_a_start_off_the_main_thread_is_refused(folder: Path) -> None:
    said: list[str] = []

    def start() -> None:
        try:
            Cluster(folder).start()
        except KafkaClusterError as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert said == ["Start Kafka from the main thread."]


def test_a_number_of_nodes_that_cannot_be_is_refused(folder: Path) -> None:
    with pytest.raises(KafkaClusterError, match="1 node or 3, not 2"):
        Cluster(folder, nodes=2)


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(KafkaClusterError, match=f"cannot listen on port {port}.*another port"):
            Cluster(folder, port=port)


def test_a_setting_that_kafka_refuses_is_told(folder: Path) -> None:
    with pytest.raises(KafkaClusterError, match=r"make its storage(.|\n)*many(.|\n)*num\.io"):
        Cluster(folder, settings={"num.io.threads": "many"}).start()


def test_damaged_data_are_told_and_data_of_another_size_refused(folder: Path) -> None:
    cluster = Cluster(folder)
    cluster.begin()
    cluster.kill(1)
    cluster.stop()
    with pytest.raises(KafkaClusterError, match=r"holds a Kafka of 1 node\(s\), not 3"):
        Cluster(folder, nodes=3).start()
    (folder / "node-1" / "data" / "meta.properties").unlink()
    with pytest.raises(KafkaClusterError, match=r"node 1 does not run(.|\n)*meta\.properties"):
        Cluster(folder).start()


def test_killing_the_command_leaves_no_node_and_it_starts_again_at_once(folder: Path) -> None:
    command = ("-m", "deploy.cli.main", "kafka", "--port", "0", "--data", str(folder))
    with program(*command) as first:
        address = line_with(first, "export SIJILL_KAFKA=")
        create_topic(address, "log")
        write(address, "log", b"kept")
        [left] = nodes_in(folder)
        first.kill()
        with program(*command) as second:
            address = line_with(second, "export SIJILL_KAFKA=")
            assert read(address, "log", 1) == [b"kept"]
            assert left not in nodes_in(folder)
            second.send_signal(signal.SIGTERM)
            assert second.wait(60) == 0
    assert nodes_in(folder) == set()


def test_a_run_that_is_killed_takes_its_broker_along(folder: Path) -> None:
    code = (
        "import signal\n"
        "from tests.support.kafka import new_run\n"
        "with new_run() as run:\n"
        "    print('serves', run.folder, run.kafka(), flush=True)\n"
        "    signal.pause()\n"
    )
    with program("-c", code) as run:
        where, address = line_with(run, "serves ").split()
        assert answers(address)
        run.kill()
        until(lambda: not Path(where).exists(), "the keeper clears up")
    assert not answers(address)
    assert nodes_in(Path(where)) == set()
