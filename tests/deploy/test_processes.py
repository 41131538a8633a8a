"""Each process alone: it waits for what is away, says so, goes on by itself, drains at the end."""

import signal
import socket
import threading
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from tests.support.deployment import Deployment, Process, assert_unavailable, new_deployment
from tests.support.killing import kill_server

ALL = ("ingest", "sequence", "project", "query")


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with new_deployment() as made:
        yield made


@pytest.fixture
def established(deployment: Deployment) -> Deployment:
    """Leaf 0 stands; the sequencer that gave it is gone."""
    deployment.begin()
    sequencer, door = deployment.start("sequence"), deployment.start("ingest")
    door.until_ready()
    assert sequencer.terminate() == door.terminate() == 0
    return deployment


def test_a_database_that_comes_later_and_goes_away_is_waited_for(deployment: Deployment) -> None:
    processes = {name: deployment.start(name) for name in ALL}
    door, query = processes["ingest"], processes["query"]
    for process in processes.values():
        assert process.get("/healthz").status_code == 200
        assert process.until_ready(False)
        assert process.get("/metrics").status_code == 200
    assert_unavailable(httpx.post(f"{door.url}/v1/submissions", content=b"[]"))
    assert_unavailable(query.get("/v1/registry"))

    deployment.begin()
    for process in processes.values():
        process.until_ready()
    assert deployment.submit(door, "before", wait=30).status_code == 201

    kill_server(deployment.server)
    assert_unavailable(deployment.submit(door, "meanwhile"))
    query.until(lambda: query.get("/v1/registry").status_code == 503, "503")
    assert_unavailable(query.get("/v1/registry"))
    for process in processes.values():
        process.until_ready(False)
        assert process.get("/healthz").status_code == 200

    deployment.server.start()
    for process in processes.values():
        process.until_ready()
    # The same bytes again, as the answer said; what was acknowledged before is a repeat.
    assert deployment.submit(door, "meanwhile", wait=30).status_code in (200, 201)
    assert deployment.submit(door, "before").status_code == 200
    assert "everything holds" in deployment.run("check")
    # All of it without a restart.
    assert all(process.running.poll() is None for process in processes.values())


def test_one_port_for_door_and_query_api_waits_too(deployment: Deployment) -> None:
    serving = deployment.start("serve")
    for path in ("/readyz", "/door/readyz"):
        assert serving.get(path).json()["ready"] is False
    assert_unavailable(serving.get("/openapi.json"))
    assert_unavailable(httpx.post(f"{serving.url}/v1/submissions", content=b"[]"))

    deployment.begin()
    deployment.start("sequence")
    deployment.start("project")

    serving.until_ready()
    serving.until(lambda: serving.get("/door/readyz").status_code == 200, "the door ready")
    paths = serving.get("/openapi.json").json()["paths"]
    assert {"/v1/submissions", "/v1/registry"} <= paths.keys()


async def test_views_may_be_in_a_database_of_their_own(established: Deployment) -> None:
    """The log's database holds no view, the views' database no leaf."""
    connection = await asyncpg.connect(established.server.dsn())
    await connection.execute("CREATE DATABASE views")
    address = established.environment["SIJILL_DATABASE"].replace("/postgres?", "/views?")
    views = {"SIJILL_VIEWS": address}
    established.run("migrate", SIJILL_MIGRATE=established.server.dsn("views"))
    processes = [established.start(name, **views) for name in ALL]
    door, _, projection, query = processes
    for process in processes:
        process.until_ready()

    answer = established.submit(door, "seen", wait=30)
    projection.until(lambda: "_next_leaf 2.0" in _metrics(projection), "folded")

    assert (answer.status_code, query.get("/v1/registry").json()["position"]) == (201, 1)
    generations = "SELECT count(*) FROM projection.generation"
    assert await connection.fetchval(generations) == 0
    await connection.close()
    assert "everything holds" in established.run("check", **views)
    assert "equal to generation" in established.run("rebuild", **views)
    assert "there are no views" in established.run("rebuild", code=1)


def test_missing_keys_are_an_alarm_that_ends_when_they_are_there(established: Deployment) -> None:
    registry_key = established.keys / "registry.json"
    aside = registry_key.rename(established.folder / "registry.json")
    door = established.start("ingest")
    reason = door.until_ready(False)["reason"]
    door.until(lambda: "cannot sign" in door.get("/readyz").json()["reason"], reason)

    aside.rename(registry_key)

    door.until_ready()


def test_sigterm_lets_who_waits_for_a_leaf_go_with_the_acknowledgement(
    established: Deployment,
) -> None:
    door = established.start("ingest")
    door.until_ready()
    answers: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(established.submit(door, "waits", wait=30))
    )
    waiting.start()
    door.until(lambda: "sijill_ingest_bytes_in_flight 0.0" not in _metrics(door), "in flight")

    assert door.terminate() == 0

    waiting.join()
    assert answers[0].status_code == 202


def test_sigterm_lets_a_request_in_flight_finish(established: Deployment) -> None:
    door = established.start("ingest")
    door.until_ready()
    body, headers = established.signed("slow")
    headers |= {"Host": "door", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", door.port)) as connection:
        connection.sendall(f"POST /v1/submissions HTTP/1.1\r\n{head}\r\n".encode() + body[:100])
        door.until(lambda: "sijill_ingest_bytes_in_flight 100.0" in _metrics(door), "half of it")
        door.running.send_signal(signal.SIGTERM)
        door.until(lambda: not _listens(door), "no more requests")
        connection.sendall(body[100:])
        assert connection.recv(100).startswith(b"HTTP/1.1 202")
    assert door.running.wait(30) == 0


def _metrics(process: Process) -> str:
    return process.get("/metrics").text


def _listens(process: Process) -> bool:
    try:
        socket.create_connection(("127.0.0.1", process.port)).close()
    except ConnectionRefusedError:
        return False
    return True
