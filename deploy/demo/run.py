"""One demonstration from the empty folder to the report."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.cli.context import err, out, stores_of
from deploy.cli.readers import check_stores
from deploy.demo import report, summary
from deploy.demo.figures import Figures, Rate
from deploy.demo.gather import gather
from deploy.demo.story import (
    DAYS,
    RATE_SOURCE,
    DemoError,
    Tell,
    first_day_before,
    live_through,
    moment_of,
    rate_on,
    set_clock,
)
from deploy.folder import DataFolder
from deploy.keyfiles import AUTHORITY_FILE, read_key
from deploy.up import Plan, addresses, run_up
from events.access import sign_access
from events.clock import system_clock
from events.days import Days
from policies.bundle import Bundle
from services.checker.report import Report, render


class Demonstration:
    """One demonstration: the plan, and what is shown on the way."""

    def __init__(
        self, folder: DataFolder, port: int, report_to: Path, *, ends: bool, kafka: bool
    ) -> None:
        self._report_to, self._ends = report_to, ends
        self._first_day = first_day_before(system_clock().date())
        clock_file = folder.path / "clock"
        self._plan = Plan(
            folder,
            port,
            name="Demonstration authority",
            clock_file=clock_file,
            kafka=kafka,
            # On brokers of others every demonstration begins with topics of its own.
            topics=f"sijill-demo-{uuid4().hex[:12]}",
        )
        self._clean = True

    def run(self) -> bool:
        """Start, live through the days, show, check; True if the check passed."""
        folder, clock_file = self._plan.folder, self._plan.clock_file
        assert clock_file is not None
        folder.make()
        # The registry is established a day before the first platform speaks.
        set_clock(clock_file, moment_of(self._first_day - timedelta(days=1)))
        uvloop.run(run_up(self._plan, lambda line: err.print(line, highlight=False), self._live))
        return self._clean

    async def _live(self, plan: Plan) -> None:
        # The story speaks HTTP like any platform, so it runs beside the supervisor's loop.
        figures = await asyncio.to_thread(self._tell_story)
        checked = await asyncio.to_thread(check_stores, stores_of(plan.folder.path))
        self._clean = checked.clean
        self._show(figures, checked)
        if not self._ends:
            for line in [*addresses(plan), "data       removed when the demonstration ends"]:
                out.print(line, highlight=False, soft_wrap=True)
            await asyncio.Event().wait()

    def _tell_story(self) -> Figures:
        plan = self._plan
        assert plan.clock_file is not None
        with _progress() as tell:
            bundle = live_through(plan, self._first_day, tell)
        # From here on time is the machine's, so that tokens and pushes of today work.
        set_clock(plan.clock_file, None)
        _post(plan)
        return _figures(plan, bundle, self._first_day)

    def _show(self, figures: Figures, checked: Report) -> None:
        summary.show(figures, out)
        made = system_clock().astimezone(Days(self._plan.time_zone).zone)
        path = report.write(figures, made, self._report_to)
        out.print(f"\nreport     {path.absolute()}", highlight=False, soft_wrap=True)
        out.print(render(checked).strip(), highlight=False, soft_wrap=True)


def _post(plan: Plan) -> None:
    """As an operator does: what every scheme is owed goes into its ledger."""
    command = (sys.executable, "-m", "deploy.cli.main", "post", "--data", str(plan.folder.path))
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise DemoError(f"`sijill post` failed: {done.stderr or done.stdout}")


def _figures(plan: Plan, bundle: Bundle, first_day: date) -> Figures:
    last_day = first_day + timedelta(days=DAYS - 1)
    rate = Rate("USD", "MAD", rate_on(last_day), last_day, RATE_SOURCE)
    with httpx.Client(base_url=plan.url, headers=_reader(plan), timeout=60) as client:

        def get(path: str) -> Any:
            return client.get(path).raise_for_status().json()

        return gather(get, bundle, [rate], (first_day, last_day))


def _reader(plan: Plan) -> dict[str, str]:
    """The authority itself: it may read the ledgers too."""
    signer = read_key(plan.folder.keys / AUTHORITY_FILE)
    identity = httpx.get(f"{plan.url}/v1/registry").raise_for_status().json()["identity"]
    token = sign_access(
        signer.key,
        emitter=signer.emitter,
        registry=identity,
        at=plan.clock(),
    )
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def _progress() -> Iterator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err) as bars:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield tell
