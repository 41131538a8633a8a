"""Adds generated files up again, from their bytes alone and by the registry's rules (RULES 3)."""

import csv
import io
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from deploy.demo.generator import DemoDay, Export

OFFSETS = {"PST": -8, "PDT": -7}
TIMED = {"time.reported.v1", "task.returned.v1", "task.expired.v1", "task.aborted.v1"}


@dataclass
class Sums:
    """Of one worker of one platform."""

    paid: int = 0
    unpaid: int = 0
    earned: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)


@dataclass
class Recount:
    """All that the files of a month say."""

    sums: dict[tuple[str, str], Sums] = field(default_factory=lambda: defaultdict(Sums))
    completed: set[str] = field(default_factory=set)
    decided: dict[str, str] = field(default_factory=dict)
    events: int = 0

    def total(self, name: str) -> Any:
        return sum(getattr(one, name) for one in self.sums.values())


def pseudonym(platform: str, raw_id: str) -> str:
    """Stands in for the kit's; shows that the generator asked for it."""
    return f"{platform}/{raw_id.lower()}"


def rows_of(export: Export) -> list[list[str]]:
    separator = "," if export.format == "mturk-web" else "\t"
    text = io.StringIO(export.path.read_bytes().decode(), newline="")
    return list(csv.reader(text, delimiter=separator))


def events_of(export: Export) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.path.read_bytes().splitlines()]


def page_moment(cell: str) -> datetime:
    *words, zone, year = cell.split(" ")
    local = datetime.strptime(" ".join([*words, year, "+0000"]), "%a %b %d %H:%M:%S %Y %z")
    return local - timedelta(hours=OFFSETS[zone])


def recount(days: list[DemoDay]) -> Recount:
    found = Recount()
    tables: dict[str, tuple[str, dict[str, str]]] = {}
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for day in days:
        for platform, exports in day.exports.items():
            for export in exports:
                if export.format == "events":
                    for event in events_of(export):
                        found.events += 1
                        correct(platform, event, said)
                else:
                    header, *rows = rows_of(export)
                    for row in rows:
                        cells = {
                            name.lower(): cell for name, cell in zip(header, row, strict=False)
                        }
                        status = cells["assignmentstatus"]
                        found.events += 1 if status == "Submitted" else 2
                        tables[cells["assignmentid"]] = (platform, cells)
    for platform, cells in tables.values():
        add_row(found, platform, cells)
    for (platform, _), event in said.items():
        add_event(found, platform, event)
    return found


def correct(
    platform: str, event: dict[str, Any], said: dict[tuple[str, str], dict[str, Any]]
) -> None:
    """Corrections name an earlier event: it goes, or other data stand in its place."""
    named = (platform, event["data"].get("event", ""))
    if event["type"] == "correction.cancelled.v1":
        del said[named]
    elif event["type"] == "correction.replaced.v1":
        replacement = event["data"]["replacement"]
        assert said[named]["type"] == replacement["type"]
        said[named] = replacement
    else:
        assert (platform, event["id"]) not in said
        said[platform, event["id"]] = event


def add_row(found: Recount, platform: str, cells: dict[str, str]) -> None:
    status = cells["assignmentstatus"]
    submitted = cells.get("submittime") or cells["assignmentsubmittime"]
    accepted = cells.get("accepttime") or cells["assignmentaccepttime"]
    seconds = int((page_moment(submitted) - page_moment(accepted)).total_seconds())
    if "worktimeinseconds" in cells:
        assert int(cells["worktimeinseconds"]) == seconds
    one = found.sums[platform, pseudonym(platform, cells["workerid"])]
    found.completed.add(cells["assignmentid"])
    if status == "Approved":
        one.paid += seconds
        one.earned += Decimal(cells["reward"].removeprefix("$"))
    elif status == "Rejected":
        one.unpaid += seconds
    if status != "Submitted":
        found.decided[cells["assignmentid"]] = status.lower()


def add_event(found: Recount, platform: str, event: dict[str, Any]) -> None:
    kind, said = event["type"], event["data"]
    if "worker" not in said:
        return
    one = found.sums[platform, said["worker"]]
    if kind in TIMED:
        one.unpaid += said["seconds"]
    elif kind == "task.completed.v1":
        found.completed.add(said["task"])
    elif kind == "task.approved.v1":
        found.decided[said["task"]] = "approved"
        if "amount" in said:
            one.paid += said["seconds"]
            one.earned += Decimal(said["amount"])
    elif kind == "rejection.issued.v1":
        found.decided.setdefault(said["task"], "rejected")
        one.unpaid += said["seconds"]
    elif kind == "rejection.withdrawn.v1":
        one.unpaid -= said["seconds"]
    elif kind == "payment.made.v1":
        one.gross += Decimal(said["gross"])
        assert 1 <= len(said["tasks"]) <= 50
        assert Decimal(said["gross"]) - Decimal(said["fee"]) == Decimal(said["net"])
