"""The poster at a running registry: twice at once, after late events, killed, after a closing."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deploy.asking import asking
from deploy.keyfiles import read_key
from tests.support.running import SIJILL, Running, running_registry


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with running_registry() as running:
        key = running.add_platform()
        fund = str(running.folder / "fund.key")
        running.own("fund", "add", "CNSS", "--key-out", fund, "--scheme", "cnss")
        running.own("policy", "adopt", "policies/ma", "--yes")
        _pay(running, key, "first", [("w1", "742.35"), ("w2", "9000")])
        yield running


def _pay(running: Running, key: str, name: str, pays: list[tuple[str, str]], **more: Any) -> None:
    path = running.folder / f"{name}.ndjson"
    stated = {"currency": "MAD", "residence": "MA", "paid_at": "2026-10-11T10:00:00Z"} | more
    lines = [
        {
            "id": f"{name}-{place}",
            "type": "payment.made.v1",
            "time": "2026-10-11T10:00:00Z",
            "data": {"worker": worker, "gross": gross, **stated},
        }
        for place, (worker, gross) in enumerate(pays)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    running.run("push", str(path), "--as", key, "--url", running.url)


def _entries(running: Running) -> list[dict[str, Any]]:
    with asking(running.url, read_key(running.folder / "fund.key")) as api:
        lines = api.get("/v1/funds/cnss/entries.ndjson").text.splitlines()
    return [json.loads(line) for line in lines]


def _owed(entries: list[dict[str, Any]], worker: str) -> int:
    hers = [e for e in entries if e["worker"] == worker and e["account"] == "suspense.receivable"]
    return int(sum(100 * (Decimal(e["debit"] or 0) - Decimal(e["credit"] or 0)) for e in hers))


def test_a_month_is_posted_once_and_a_late_event_is_one_adjustment(shared: Running) -> None:
    key = str(shared.folder / "alpha.key")
    twice = [
        subprocess.Popen(
            [*SIJILL, "post", "--data", str(shared.folder / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    assert [(one.wait(), one.communicate())[0] for one in twice] == [0, 0]
    posted = _entries(shared)
    assert [e["number"] for e in posted] == list(range(1, len(posted) + 1))
    # 742.35: 27.83 % in seven components, each rounded: written out in docs/contributions.md.
    assert _owed(posted, "w1") == 4751 + 742 + 423 + 8827 + 3355 + 1373 + 1188
    assert "0 entries" in shared.own("post")

    _pay(shared, key, "late", [("w1", "100")])
    said = shared.own("post")
    assert "1 worker-months" in said
    # Only the month of the worker who was paid is assessed again; all of it gives the same.
    late = _entries(shared)[len(posted) :]
    assert {e["worker"] for e in late} == {"w1"}
    assert {e["previous_basis"] for e in late} == {posted[0]["basis"]}
    assert "assessing" not in shared.own("post")
    assert "0 entries" in shared.own("post", "--all")
    assert "everything holds" in shared.own("check")


def test_a_link_and_an_assignment_move_what_they_touch(shared: Running) -> None:
    shared.own("scheme", "assign", "cnss", "--worker", "alpha/w1", "--from", "2026-10-01")
    said = shared.own("post")
    assert "assessing 2026-10" in said
    assert "1 worker-months" in said
    entries = _entries(shared)
    assert _owed(entries, "w1") == 0
    moved = [e for e in entries if e["worker"] == "w1" and e["account"] == "fund.receivable"]
    # 842.35 at 6.40, 1.00, 0.57, 11.89, 4.52, 1.85 and 1.60 %, each rounded half up.
    by_hand = ("53.91", "8.42", "4.80", "100.16", "38.07", "15.58", "13.48")
    assert sum(Decimal(e["debit"]) for e in moved) == sum(map(Decimal, by_hand))
    shared.own("worker", "link", "alpha/w1", "p-1")
    shared.own("worker", "link", "alpha/w2", "p-1")
    shared.own("post")
    assert "0 entries" in shared.own("post", "--all")
    assert "everything holds" in shared.own("check")


def test_a_poster_killed_anywhere_posts_nothing_twice(shared: Running) -> None:
    key = str(shared.folder / "alpha.key")
    _pay(shared, key, "many", [(f"k{place}", "500") for place in range(100)])
    for _ in range(2):
        dying = subprocess.Popen(
            [*SIJILL, "post", "--data", str(shared.folder / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert dying.stdout is not None
        dying.stdout.readline()
        os.kill(dying.pid, signal.SIGKILL)
        dying.communicate()
    shared.own("post")
    entries = _entries(shared)
    assert len({_owed(entries, f"k{place}") for place in range(100)}) == 1
    assert [e["number"] for e in entries] == list(range(1, len(entries) + 1))
    assert "0 entries" in shared.own("post")
    assert "everything holds" in shared.own("check")


def test_what_comes_after_a_closing_goes_to_the_next_month(shared: Running) -> None:
    key, fund = str(shared.folder / "alpha.key"), str(shared.folder / "fund.key")
    shared.own("post")
    shared.own("period", "close", "cnss", "2026-10", "--as", fund, "--yes")
    before = _entries(shared)
    _pay(shared, key, "closed", [("w2", "1000")])
    shared.own("post")
    late = _entries(shared)[len(before) :]
    assert {(e["period"], e["about"]) for e in late} == {("2026-11", "2026-10")}
    copy = str(Path(shared.folder) / "copy")
    said = shared.own("fund", "pull", "cnss", "--to", copy, "--as", fund)
    assert "2026-10: proven by its statement" in said
    assert "everything holds" in shared.own("check")


def test_up_posts_by_itself() -> None:
    with running_registry("--post-every", "0.2") as running:
        key = running.add_platform()
        fund = str(running.folder / "fund.key")
        running.own("fund", "add", "CNSS", "--key-out", fund, "--scheme", "cnss")
        running.own("policy", "adopt", "policies/ma", "--yes")
        _pay(running, key, "first", [("w1", "742.35")])
        running.until(lambda: _owed(_entries(running), "w1") == 20659)
        assert "everything holds" in running.own("check")
