"""`sijill up` as its operator meets it: keys, kills, restarts, second starters."""

import base64
import json
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sijill_client.emitter import Emitter
from sijill_client.keys import load_key

from tests.support.running import SIJILL, Running, running_registry


@pytest.fixture
def registry() -> Iterator[Running]:
    with running_registry() as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """One registry for tests that do not hurt it and mind their own emitters."""
    with running_registry() as running:
        yield running


def alpha(registry: Running) -> str:
    key = str(registry.folder / "alpha.key")
    registry.own("platform", "add", "Alpha", "--tax-id", "001561191000066", "--key-out", key)
    return key


def events_file(folder: Path, count: int, start: int = 0) -> str:
    """Ready events of `alpha`, one a line."""
    path = folder / f"events-{start}.ndjson"
    line = (
        '{{"specversion":"1.0","id":"e{0}","source":"/emitters/alpha","type":"task.completed.v1",'
        '"time":"2026-03-04T10:00:00+01:00","data":{{"task":"t{0}","worker":"w{1}","seconds":60}}}}'
    )
    lines = [line.format(number, number % 50) for number in range(start, start + count)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_keys_are_private_and_the_registry_stops_cleanly(registry: Running) -> None:
    key = Path(alpha(registry))

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((registry.folder / "data/keys").stat().st_mode) == 0o700
    assert registry.stop() == 0
    assert "stopped; the data stay in place" in (registry.folder / "up.log").read_text()


def test_everything_acknowledged_survives_kill_9_of_the_whole_group(registry: Running) -> None:
    key = alpha(registry)
    registry.run("push", events_file(registry.folder, 3000), "--as", key, "--url", registry.url)

    registry.kill()
    registry.start()

    assert "everything holds" in registry.own("check")
    (row,) = registry.get("/v1/platforms", role="analyst")["rows"]
    assert row["counts"]["completed"] == 3000


def test_a_push_killed_halfway_is_finished_by_the_next_one(registry: Running) -> None:
    key = alpha(registry)
    file = events_file(registry.folder, 20_000)
    arguments = ["push", file, "--as", key, "--url", registry.url]
    half = subprocess.Popen(
        [*SIJILL, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    registry.until(lambda: half.poll() is not None or _position(registry) >= 4)
    half.kill()
    half.wait()

    registry.run(*arguments)

    (row,) = registry.get("/v1/platforms", role="analyst")["rows"]
    assert row["counts"]["completed"] == 20_000
    assert "everything holds" in registry.own("check")


def test_a_killed_service_and_a_killed_database_come_back(registry: Running) -> None:
    key = alpha(registry)
    for pattern in ("deploy.cli.main sequence", "deploy.cli.main project", "/cluster"):
        os.kill(_child_of(registry, pattern), signal.SIGKILL)

    registry.run("push", events_file(registry.folder, 10), "--as", key, "--url", registry.url)

    assert "everything holds" in registry.own("check")


def test_a_second_registry_on_the_same_folder_is_refused(shared: Running) -> None:
    said = shared.own("up", "--port", str(shared.port + 10), code=1)

    assert "in use by process" in said


def test_health_pages_tell_lag_and_readiness(shared: Running) -> None:
    for port in range(shared.port, shared.port + 3):
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        assert ready.status_code == 200, ready.text
        assert "sijill_" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert "lag_seconds" in httpx.get(f"http://127.0.0.1:{shared.port + 2}/readyz").json()


def test_acts_of_the_authority_stand_in_the_log(registry: Running) -> None:
    key = alpha(registry)
    registry.own("platform", "rename", "alpha", "Alpha Works")
    registry.own("platform", "observe", "Unknown Gigs", "--country", "FR")
    fund = str(registry.folder / "fund.key")
    registry.own("fund", "add", "CNSS", "--key-out", fund, "--scheme", "cnss-salaried")
    registry.own("policy", "adopt", "policies/ma")
    registry.own("rate", "publish", "USD", "MAD", "9.25", "--day", "2026-03-04")
    second = str(registry.folder / "alpha2.key")
    registry.own("key", "add", "alpha", "--key-out", second)
    keys = {row["kid"]: row for row in httpx.get(f"{registry.url}/v1/keys").json()["rows"]}
    first = next(k for k, row in keys.items() if row["emitter"] == "alpha" and k in _kid(key))

    registry.own("key", "revoke", first, "--reason", "rotated")

    (row,) = registry.get("/v1/platforms", role="analyst")["rows"]
    assert row["name"] == "Alpha Works"
    refused = registry.run(
        "push", events_file(registry.folder, 1), "--as", key, "--url", registry.url, code=1
    )
    assert "revoked" in refused
    registry.run("push", events_file(registry.folder, 1), "--as", second, "--url", registry.url)
    assert "everything holds" in registry.own("check")


def test_a_new_registry_key_signs_without_a_restart(registry: Running) -> None:
    key = alpha(registry)
    file = events_file(registry.folder, 1)
    registry.run("push", file, "--as", key, "--url", registry.url)
    old = _signer_of_receipt(registry, key, file)

    second = str(registry.folder / "data/keys/registry-2.json")
    registry.own("key", "add", "registry", "--key-out", second)
    later = events_file(registry.folder, 1, start=5)
    registry.run("push", later, "--as", key, "--url", registry.url)

    assert _signer_of_receipt(registry, key, later) in Path(second).read_text()
    # A receipt of an earlier leaf is the same bytes for ever, under the retired key.
    assert _signer_of_receipt(registry, key, file) == old


def test_a_legal_representative_stays_in_the_vault(registry: Running) -> None:
    key = str(registry.folder / "beta.key")
    name = "Amina El Idrissi"
    registry.own("platform", "add", "Beta", "--legal-representative", name, "--key-out", key)

    event = registry.get("/v1/events/1")

    assert "Amina" not in str(event)
    assert event["event"]["data"]["legal_representative"].startswith("sha256:")


def test_every_address_that_up_prints_answers(shared: Running) -> None:
    printed = (shared.folder / "up.log").read_text()

    addresses = re.findall(r"http://[\w.:/-]+", printed)

    assert len(addresses) >= 5
    for address in addresses:
        answer = httpx.get(address)
        # The bare address names no page: it says where to look.
        assert answer.status_code == 200 or "/openapi.json" in answer.text, address


def test_wrong_tax_id_is_refused_with_the_rule(shared: Running) -> None:
    key = shared.folder / "gamma.key"
    said = shared.own("platform", "add", "Gamma", "--tax-id", "123", "--key-out", str(key), code=2)

    assert "15 digits" in said
    assert not key.exists()


def _signer_of_receipt(registry: Running, key: str, file: str) -> str:
    """The kid under which the receipt of a file's only submission is signed."""
    with httpx.Client(timeout=60) as client:
        emitter = Emitter(load_key(Path(key)), registry.url, client)
        result = emitter.submit([json.loads(Path(file).read_text())])
    receipt = json.loads(result.answer)["receipt"]
    header = receipt.split(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    return kid


def _position(registry: Running) -> int:
    return int(httpx.get(f"{registry.url}/v1/registry").json()["log_position"])


def _kid(key: str) -> str:
    return Path(key).read_text()


def _child_of(registry: Running, pattern: str) -> int:
    """The process of this registry whose command line holds a pattern."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            mine = (entry / "environ").read_bytes()
        except OSError:
            continue
        ours = str(registry.folder) in line or str(registry.folder).encode() in mine
        if pattern in line and ours:
            found.append(int(entry.name))
    assert found, pattern
    return min(found)
