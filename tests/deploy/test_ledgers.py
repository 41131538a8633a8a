"""A fund's engineer at a running registry: pull, prove, explain, close, link, remit."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.acts import Act, send_acts
from deploy.keyfiles import read_key
from tests.support.running import Running, running_registry


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with running_registry() as running:
        running.add_platform()
        fund = str(running.folder / "fund.key")
        running.own("fund", "add", "CNSS", "--key-out", fund, "--scheme", "cnss")
        yield running


def _post(running: Running, policy: str, after: int, *amounts: str, **more: Any) -> None:
    key = read_key(running.folder / "data/keys/registry.json")
    acts = []
    for place, amount in enumerate(amounts):
        owner = {"platform": "alpha", "worker": f"w{place}", "currency": "MAD"}
        lines = [
            {"account": "fund.receivable", "debit": amount, **owner},
            {"account": "platform.payable", "credit": amount, **owner},
        ]
        data = {"scheme": "cnss", "period": "2026-03", "after": after, "basis": 3}
        acts.append(Act("ledger.posted", data | {"policy": policy, "lines": lines} | more))
        after += 2
    send_acts(acts, key, running.url)


def _adopt(running: Running) -> str:
    said = running.own("policy", "adopt", "policies/ma", "--yes")
    found = re.search(r"sha256:[0-9a-f]{64}", said)
    assert found
    return found[0]


def test_a_month_is_pulled_closed_proven_and_explained(shared: Running) -> None:
    policy = _adopt(shared)
    _post(shared, policy, 0, "10", "2.5")
    fund = str(shared.folder / "fund.key")
    copy = shared.folder / "copy"
    pull = ("fund", "pull", "cnss", "--to", str(copy), "--as", fund)

    assert "not closed yet" in _until(shared, pull, "entries up to 4, 4 new")
    whole = (copy / "cnss.ndjson").read_bytes()
    # Cut inside a line, as by a power cut: the next pull mends it.
    (copy / "cnss.ndjson").write_bytes(whole[:-7])
    assert "entries up to 4, 1 new" in shared.own(*pull)
    assert (copy / "cnss.ndjson").read_bytes() == whole

    close = ("period", "close", "cnss", "2026-03", "--as", fund)
    assert "nothing was closed" in shared.own(*close)
    assert "period.closed" in shared.own(*close, "--yes")
    assert "closed already" in shared.own(*close, "--yes", code=1)
    assert "2026-03: proven by its statement" in shared.own(*pull)
    later = shared.own("period", "close", "cnss", "2026-05", "--yes", "--as", fund, code=1)
    assert "period-predecessor-open" in later
    assert "Close periods in their order" in later

    _post(shared, policy, 5, "1", period="2026-04", about="2026-03")
    said = _until(shared, pull, "entries up to 7, 2 new")
    assert "2026-03: proven by its statement" in said

    changed = (copy / "cnss.ndjson").read_text().replace('"debit":"2.5"', '"debit":"2.4"')
    (copy / "cnss.ndjson").write_text(changed)
    assert "sums by account" in shared.own(*pull, code=2)

    why = shared.own("explain", "cnss/1", "--as", fund)
    assert f"policy {policy} of MA" in why
    assert "signed bytes: " in why
    assert "no entry of yours" in shared.own("explain", "cnss/99", "--as", fund, code=2)


def _until(running: Running, command: tuple[str, ...], wanted: str) -> str:
    said = [""]

    def found() -> bool:
        said.append(running.own(*command))
        return wanted in said[-1]

    running.until(found)
    return said[-1]


def test_links_schemes_and_remittances_say_what_is_wrong(shared: Running) -> None:
    fund = str(shared.folder / "fund.key")
    today = datetime.now(UTC).date().isoformat()
    assert "identity.linked" in shared.own("worker", "link", "alpha/w1", "p-1")
    assert "identity-second-person" in shared.own("worker", "link", "alpha/w1", "p-2", code=1)
    assert "identity-link-cycle" in shared.own("worker", "link", "alpha/w1", "p-1", code=1)
    assert "identity.unlinked" in shared.own("worker", "unlink", "alpha/w1", "p-1")
    assign = ("scheme", "assign", "cnss", "--from", "2026-03-01")
    assert "scheme.assigned" in shared.own(*assign, "--worker", "alpha/w1", "--to", "2026-12-31")
    assert "scheme-assigned-for-no-day" in shared.own(
        *assign, "--person", "p-1", "--to", "2026-01-01", code=1
    )
    assert "either --worker" in shared.own(*assign, code=2)
    record = ("remittance", "record", "cnss")
    paid = ("2026-03", "10", "--received-on", today, "--as", fund)
    assert "remittance.received" in shared.own(*record, "alpha", *paid)
    assert "remittance-unknown-platform" in shared.own(*record, "nobody", *paid, code=1)
    other = ("remittance", "record", "rcar", "alpha", *paid)
    assert "is not a scheme of this fund" in shared.own(*other, code=1)
    many = (*record, "alpha", "2026-03", "1.0000001", "--received-on", today, "--as", fund)
    assert "/0/data/amount" in shared.own(*many, code=1)
    assert "everything holds" in shared.own("check")
