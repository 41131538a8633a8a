"""What an operator does to a running registry: acts, keys, health pages, second starters."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sijill_client.emitter import Emitter
from sijill_client.keys import load_key

from tests.support.running import Running, events_file, running_registry


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """One registry for tests that do not hurt it and mind their own emitters."""
    with running_registry() as running:
        yield running


def test_a_second_registry_on_the_same_folder_is_refused(shared: Running) -> None:
    said = shared.own("up", "--port", str(shared.port + 10), code=1)

    assert "in use by process" in said


def test_health_pages_tell_lag_and_readiness(shared: Running) -> None:
    for port in range(shared.port, shared.port + 3):
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        assert ready.status_code == 200, ready.text
        assert "sijill_" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert "lag_seconds" in httpx.get(f"http://127.0.0.1:{shared.port + 2}/readyz").json()


def test_acts_of_the_authority_stand_in_the_log(shared: Running) -> None:
    key = shared.add_platform()
    shared.own("platform", "rename", "alpha", "Alpha Works")
    shared.own("platform", "observe", "Unknown Gigs", "--country", "FR")
    fund = str(shared.folder / "fund.key")
    shared.own("fund", "add", "CNSS", "--key-out", fund, "--scheme", "cnss-salaried")
    said = shared.own("policy", "adopt", "policies/ma", code=2)
    assert "the first of this registry" in said
    assert "nothing was adopted" in said
    assert httpx.get(f"{shared.url}/v1/policy").status_code == 404
    shared.own("policy", "adopt", "policies/ma", "--yes")
    shared.own("rate", "publish", "USD", "MAD", "9.25", "--day", "2026-03-04")
    second = str(shared.folder / "alpha2.key")
    shared.own("key", "add", "alpha", "--key-out", second)
    keys = {row["kid"]: row for row in httpx.get(f"{shared.url}/v1/keys").json()["rows"]}
    first = next(k for k, row in keys.items() if row["emitter"] == "alpha" and k in _kid(key))

    shared.own("key", "revoke", first, "--reason", "rotated")

    rows = shared.get("/v1/platforms", role="analyst")["rows"]
    (row,) = [row for row in rows if row["platform"] == "alpha"]
    assert row["name"] == "Alpha Works"
    refused = shared.run(
        "push", events_file(shared.folder, 1), "--as", key, "--url", shared.url, code=1
    )
    assert "revoked" in refused
    shared.run("push", events_file(shared.folder, 1), "--as", second, "--url", shared.url)
    assert "everything holds" in shared.own("check")
    shown = shared.own("policy", "show", "--on", "2023-08-31")
    assert "minimum_wage.hourly  15.55 MAD/hour, since 2022-09-01" in shown
    assert "schemes.cnss.ceiling.scope  per-platform, since 2000-01-01 [DEFAULT]" in shown
    assert "training_tax.platform_rate  no value known" in shown


def test_a_new_registry_key_signs_without_a_restart(shared: Running) -> None:
    key = shared.add_platform("Delta")
    file = events_file(shared.folder, 1, emitter="delta")
    shared.run("push", file, "--as", key, "--url", shared.url)
    old = _signer_of_receipt(shared, key, file)

    second = str(shared.folder / "data/keys/registry-2.json")
    shared.own("key", "add", "registry", "--key-out", second)
    later = events_file(shared.folder, 1, start=5, emitter="delta")
    shared.run("push", later, "--as", key, "--url", shared.url)

    assert _signer_of_receipt(shared, key, later) in Path(second).read_text()
    # A receipt of an earlier leaf is the same bytes for ever, under the retired key.
    assert _signer_of_receipt(shared, key, file) == old


def test_a_legal_representative_stays_in_the_vault(shared: Running) -> None:
    key = str(shared.folder / "beta.key")
    name = "Amina El Idrissi"
    shared.own("platform", "add", "Beta", "--legal-representative", name, "--key-out", key)

    last = httpx.get(f"{shared.url}/v1/registry").json()["log_position"]
    event = shared.get(f"/v1/events/{last}")

    assert "Amina" not in str(event)
    assert event["event"]["data"]["legal_representative"].startswith("sha256:")


def test_every_address_that_up_prints_answers(shared: Running) -> None:
    printed = (shared.folder / "up.log").read_text()

    addresses = re.findall(r"http://[\w.:/-]+", printed)

    assert len(addresses) >= 5
    for address in addresses:
        answer = httpx.get(address)
        # The bare address says where to look; figures want the token beside them.
        asked = 401 if "/v1/" in address else 404
        assert answer.status_code in (200, asked), address
        assert answer.status_code != 404 or "/openapi.json" in answer.text


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


def _kid(key: str) -> str:
    return Path(key).read_text()
