"""Small runs of the rows: whatever is measured, the registry under it is whole."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from deploy.bench import contributions
from deploy.bench.contributions import worker_months
from deploy.bench.loads import quantile, visible_within
from deploy.bench.measure import Measure
from deploy.bench.peers.payroll import Row
from deploy.bench.plan import FULL, QUICK, WHOLE, Plan, Sizes
from deploy.bench.run import run, show
from deploy.cli.main import app
from tests.fault.waiting import until
from tests.support.folders import passing_folder
from tests.support.killing import gone

#: Starts a registry to measure, says which processes it runs, and goes on.
_BENCH = """
import asyncio
from deploy.bench.registry import registry
from deploy.bench.workload import Workload
async def main():
    async with registry(Workload(1), lambda text: None, kafka=False) as made:
        services = [one.pid for one in made.processes.values()]
        print(*services, *made.servers.pids.values(), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
_TINY = Sizes(month=4_000, large=0, asked=0, probe=0, steady=1, trial=1)


def test_a_row_is_met_by_its_ratio_where_there_is_one_and_else_by_its_value() -> None:
    assert Measure("a", 90, "events/s", 100, "", ratio=4, peers={"plain": 20}).met
    assert not Measure("a", 110, "events/s", 100, "", ratio=4, peers={"plain": 30}).met
    assert Measure("a", 110, "events/s", 100, "", ratio=4).met is None
    assert Measure("a", 9, "ms", 10, "", less=True, peers={"plain": 1}).met
    assert not Measure("a", 11, "ms", 10, "", less=True).met


def test_the_table_names_what_stands_beside_a_row() -> None:
    one = Measure("fold", 51_234.5, "events/s", 50_000, "x", peers={"p": 7}, limits={"l": 100_000})
    cells = [
        "fold",
        "51,234 events/s",
        "≥ 50,000",
        "yes",
        "p 7; limit: l 100,000, 51.2% of it reached",
    ]
    assert one.as_cells() == cells


def test_who_used_the_cores_is_said_once_for_what_was_measured_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    together = {"query-1": 0.25, "query-2": 0.0}
    names = ("query now", "query 24 months")
    show([Measure(name, 1, "ms", 2, "", less=True, cores=together) for name in names])
    said = capsys.readouterr().out
    assert [name in said for name in names] == [True, True]
    assert (said.count("query-1 0.25"), said.count("query-2")) == (1, 0)


def test_shares_and_quantiles() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert visible_within([(0.5, 900), (3.0, 100)], 2.0) == 0.9


async def test_a_row_runs_and_says_what_it_found(tmp_path: Path) -> None:
    plan = Plan(("ingest",), False, _TINY, lambda text: None)
    (found,) = await run(plan, tmp_path / "bench.json")
    (written,) = msgspec.json.decode((tmp_path / "bench.json").read_bytes())
    assert (written["name"], written["met"]) == ("ingest", found.met)
    assert {one["name"] for one in written["peers"]} == {"plain", "plain, a commit an event"}
    assert min(found.value, *found.peers.values(), *found.limits.values()) > 0
    assert found.cores.keys() >= {"ingest-1", "sequence", "postgres", "load"}


async def test_a_bench_that_is_killed_leaves_no_process_behind() -> None:
    with passing_folder() as folder:
        killed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _BENCH),
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert killed.stdout is not None
        pids = [int(pid) for pid in (await killed.stdout.readline()).split()]
        killed.kill()
        await killed.wait()

        async def ended() -> bool:
            return all(map(gone, pids))

        # The sequencer, two doors, and their PostgreSQL.
        assert len(pids) == 4
        await until(ended, "the end of all")


async def test_assessing_runs_over_months_that_are_the_same_for_one_seed() -> None:
    said: list[str] = []
    plan = Plan(("assess",), False, replace(_TINY, worker_months=50), said.append)
    (found,) = await run(plan, None)
    months = list(worker_months(50))
    assert months == list(worker_months(50)) != list(worker_months(50, seed=2))
    sums, lines = sum(map(len, months)), _lines(months)
    assert said == [f"assess: 50 months, {sums:,} sums of pay, {lines:,} lines"]
    # The peer came to the same sum, or there would be no row.
    assert min(found.value, *found.peers.values()) > 0


def _lines(months: list[list[Row]]) -> int:
    """Eleven shares and seven claims for each platform that paid."""
    return sum(18 * len({platform for platform, *_ in month}) for month in months)


def test_a_full_run_is_a_million_worker_months_and_no_quick_one() -> None:
    assert (QUICK.worker_months, WHOLE.worker_months) == (10_000, 100_000)
    assert replace(WHOLE, worker_months=1_000_000) == FULL
    done = CliRunner().invoke(app, ["bench", "post", "--quick", "--full"])
    assert done.exit_code == 2
    assert "name one" in done.output


async def test_months_are_taken_in_parts_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contributions, "_PART", 7)
    parts = list(contributions.in_parts(worker_months(20)))
    assert list(map(len, parts)) == [7, 7, 6]
    assert [month for part in parts for month in part] == list(worker_months(20))
    plan = Plan(("assess",), False, replace(_TINY, worker_months=20), lambda text: None)
    (found,) = await run(plan, None)
    assert found.value > 0


async def test_a_ledger_is_posted_pulled_whole_and_posted_again() -> None:
    said: list[str] = []
    plan = Plan(("post", "pull", "repost"), False, replace(_TINY, worker_months=200), said.append)
    found = await run(plan, None)
    # What was pulled is held to its statement and the registry is checked, or there would be none.
    assert [one.name for one in found] == ["post", "pull", "repost"]
    assert min(one.value for one in found) > 0
    assert any(line.startswith("post: 200 worker-months") for line in said)
    assert any(line.startswith("repost: 2 worker-months") for line in said)
