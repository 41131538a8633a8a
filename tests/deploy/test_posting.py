"""The poster at a running registry: the whole story, a part of it, what is no part, by itself.

That it is killed between any two steps is tested in tests/ledger, without processes.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from deploy.ports import HOST
from deploy.post_timer import PORT_OFFSET, PostTimer, serve_and_post
from tests.ingest.speaking import until
from tests.support.fund import Fund, tell_whole_story
from tests.support.plain import PLAIN
from tests.support.running import running_registry


@pytest.fixture(scope="module")
def fund() -> Iterator[Fund]:
    with running_registry("--post-every", "0") as running:
        yield Fund.at(running)


def test_a_month_is_posted_once_adjusted_closed_pulled_and_explained(fund: Fund) -> None:
    tell_whole_story(fund)


def test_a_link_and_an_assignment_move_what_they_touch(fund: Fund) -> None:
    owed = fund.owed("w1")
    assert owed > 0
    before = len(fund.entries())
    fund.own("scheme", "assign", "cnss", "--worker", "alpha/w1", "--from", "2026-10-01")
    said = fund.own("post")
    assert "assessing 2026-10" in said
    assert "1 worker-months" in said
    assert fund.owed("w1") == 0
    moved = [e for e in fund.entries()[before:] if e["account"] == "fund.receivable"]
    # 842.35 at 6.40, 1.00, 0.57, 11.89, 4.52, 1.85 and 1.60 %, each rounded half up.
    by_hand = ("53.91", "8.42", "4.80", "100.16", "38.07", "15.58", "13.48")
    assert sum(Decimal(e["debit"]) for e in moved) == sum(map(Decimal, by_hand))
    fund.own("worker", "link", "alpha/w1", "p-1")
    fund.own("worker", "link", "alpha/w2", "p-1")
    fund.own("post")
    assert "0 entries" in fund.own("post", "--all")


def test_one_scheme_and_month_are_posted_alone_and_shown_before(fund: Fund) -> None:
    fund.pay(("part", "1000"), day="2026-10-20")
    fund.pay(("part", "2000"), day="2026-11-02")
    before = len(fund.entries())
    part = ("post", "cnss", "--period", "2026-11")

    seen = fund.own(*part, "--dry-run")
    assert len(fund.entries()) == before
    assert "cnss 2026-11: 1 worker-months" in seen
    assert "2026-10" not in seen
    # 27.83 % of 2000 in seven components, none of which rounds.
    assert "debit 556.6, credit 0 MAD" in seen
    assert "nothing was sent" in seen

    assert "1 worker-months" in fund.own(*part)
    added = fund.entries()[before:]
    assert f"{len(added)} entries" in seen
    assert {(e["period"], e["about"], e["worker"]) for e in added} == {("2026-11", None, "part")}
    assert "0 entries" in fund.own(*part)
    # That a part is posted says nothing of the rest.
    assert "1 worker-months" in fund.own("post")
    assert "nothing would be posted" in fund.own("post", "--dry-run", "--all")


def test_an_entry_is_explained_by_every_payment_behind_it(fund: Fund) -> None:
    """Pages of 100 in the API; the command shows the first, and with --all each payment once."""
    fund.pay(*(("often", "10") for _ in range(230)), day="2026-11-05")
    fund.own("post")
    number = next(e["number"] for e in fund.entries() if e["worker"] == "often")
    asked = ("explain", f"cnss/{number}", "--as", str(fund.key))
    some = fund.own(*asked)
    assert len(_payments(some)) == 100
    assert "100 of 230 payments shown: add --all for the others" in some
    # As a user would, in a process of its own.
    every = fund.running.own(*asked, "--all")
    assert len(_payments(every)) == len(set(_payments(every))) == 230
    assert "add --all" not in every
    assert set(_payments(some)) < set(_payments(every))
    assert "signed bytes: " in every


def _payments(said: str) -> list[str]:
    """The events that are shown as payments of her."""
    lines = (line.strip() for line in said.splitlines())
    return [line.partition(":")[0] for line in lines if " to alpha/often, " in line]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (("cnsss",), "no scheme 'cnsss': the adopted policy has "),
        (("cnss", "--period", "2026-13"), "'2026-13' is no month: write it as YYYY-MM"),
        (("--period", "2025-01"), "nothing stands posted for 2025-01: there is 2026-10 to 2026-"),
        (("--json", "--dry-run"), "--json tells what was posted"),
    ],
)
def test_what_is_no_part_of_the_ledger_is_named(
    fund: Fund, part: tuple[str, ...], why: str
) -> None:
    assert why in " ".join(fund.own("post", *part, code=2).split())


def test_up_posts_by_itself_and_says_so() -> None:
    with running_registry("--post-every", "1") as running:
        fund = Fund.at(running)
        fund.pay(("w1", "742.35"))
        running.until(lambda: fund.owed("w1") == 20659)
        pages = f"http://127.0.0.1:{running.port + PORT_OFFSET}"
        entries = f"sijill_poster_entries_total {len(fund.entries())}.0"
        running.until(lambda: entries in httpx.get(f"{pages}/metrics", verify=PLAIN).text)
        assert httpx.get(f"{pages}/readyz", verify=PLAIN).json() == {"ready": True, "reason": ""}


_POSTED = {"position": 41, "worker_months": 2, "entries": 30, "waiting": 1, "seconds": 0.5}


async def test_the_timer_counts_rounds_and_says_why_one_failed() -> None:
    now, said = [100.0], list[str]()
    ends = [f"print({json.dumps(json.dumps(_POSTED))})", "import sys; sys.exit('no registry runs')"]
    timers = [
        PostTimer(1, (sys.executable, "-c", end), said.append, lambda: now[0]) for end in ends
    ]
    for timer in timers:
        now[0] = 100.0
        await timer.post()
        now[0] = 107.0
        timer.collect()

    def figure(timer: PostTimer, name: str) -> float | None:
        return timer.registry.get_sample_value(f"sijill_poster_{name}")

    good, bad = timers
    found = {name: figure(good, name) for name in ("position", "waiting", "round_seconds")}
    assert found == {"position": 41, "waiting": 1, "round_seconds": 0.5}
    counted = {name: figure(good, f"{name}_total") for name in ("worker_months", "entries")}
    assert counted == {"worker_months": 2, "entries": 30}
    assert (figure(good, "rounds_total"), figure(good, "failures_total")) == (1, 0)
    assert figure(good, "success_age_seconds") == 7
    assert good.ready() == {"ready": True, "reason": ""}
    assert (figure(bad, "rounds_total"), figure(bad, "failures_total")) == (0, 1)
    assert bad.ready() == {"ready": False, "reason": "no registry runs"}
    assert said == ["posting: no registry runs"]


async def test_a_taken_port_costs_the_timer_its_pages_and_nobody_else_anything() -> None:
    said = list[str]()
    end = f"print({json.dumps(json.dumps(_POSTED))})"
    timer = PostTimer(0, (sys.executable, "-c", end), said.append)
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        posting = asyncio.create_task(serve_and_post(timer, HOST, port))
        await until(
            lambda: (timer.registry.get_sample_value("sijill_poster_rounds_total") or 0) > 0
        )
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
    assert said == [f"posting: port {port} is taken, so there are no health pages of it"]
