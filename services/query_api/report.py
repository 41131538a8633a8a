"""The submission report, worked out from rows when it is read. Pure: rows in, report out.

A correction speaks for the event that it names, so what it mends is gone from the next report.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from services.projections.anomalies import RULES
from services.query_api.answers import Noted, ReportCounts

Row = Mapping[str, Any]

#: Kinds of facts that say the same about a task.
_FAMILY = {
    "approved-unstated": "approved",
    "rejected-taken-back": "rejected",
    "rejected-paid": "rejected",
}
#: Rules that keep an event out of the sums.
_LEFT_OUT = frozenset(rule for rule, about in RULES.items() if not about.counted)
#: What events of one task should agree on: a column of a fact and where the event states it.
_AGREED = {
    "worker_code": "worker",
    "contract": "contract",
    "task_group": "task_group",
    "day": "submitted",
    "seconds": "seconds",
}


class Finding(NamedTuple):
    """One breach of a rule by one event; the order is that of the report."""

    event_number: int
    rule: str
    pointer: str


def standing(rows: Iterable[Row]) -> list[Row]:
    """Of all that was said about tasks (by event number), what stands after corrections."""
    said: dict[int, Row] = {}
    for row in rows:
        about = row["event_number"] if row["version"] is None else row["original"]
        if row["version"] == -1:
            said.pop(about, None)
        else:
            said[about] = row
    return list(said.values())


def task_findings(rows: Sequence[Row], published: Set[str], own: range) -> list[Finding]:
    """What is wrong about tasks, of the events in the number range `own` alone.

    `rows` stand, each with event_number, version, task, kind, n and what `_AGREED` names;
    `published` are the contracts that the emitter published.
    """
    # Whatever the others of a task say, only what is found about these is told.
    ours = [row for row in rows if row["event_number"] in own]
    found = list(_without_contract(ours, published))
    tasks: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        tasks[row["task"]].append(row)
    for task in tasks.values():
        # What was said once cannot contradict itself.
        if len(task) > 1:
            found += (one for one in _contradicting(task) if one.event_number in own)
    return sorted(found)


def _contradicting(task: Sequence[Row]) -> Iterator[Finding]:
    yield from _disagreeing(task)
    yield from _twice(task)


def _disagreeing(task: Sequence[Row]) -> Iterator[Finding]:
    for column, member in _AGREED.items():
        said = {row[column] for row in task} - {None}
        if len(said) > 1 and len(set(map(_size, said))) > 1:
            stated = (row for row in task if row[column] is not None)
            yield from (_finding(row, "task-events-disagree", member) for row in stated)


def _size(value: Any) -> Any:
    # What undoes a rejection repeats its seconds as a negative.
    return abs(value) if isinstance(value, int) else value


def _twice(task: Sequence[Row]) -> Iterator[Finding]:
    times: dict[str, int] = {}
    for row in task:
        family = _family(row)
        times[family] = times.get(family, 0) + (row["n"] or 0)
    if max(times.values()) <= 1:
        return
    for row in task:
        if times[_family(row)] > 1 and (row["n"] or 0) > 0:
            yield _finding(row, "task-event-twice", "task")


def _family(row: Row) -> str:
    kind: str = row["kind"]
    return _FAMILY.get(kind, kind)


def _without_contract(rows: Iterable[Row], published: Set[str]) -> Iterator[Finding]:
    for row in rows:
        if row["contract"] not in published:
            yield _finding(row, "work-without-contract", "contract")


def _finding(row: Row, rule: str, member: str) -> Finding:
    place = "/data" if row["version"] is None else "/data/replacement/data"
    return Finding(row["event_number"], rule, f"{place}/{member}")


def counts_of(events: int, repeated: int, findings: Iterable[Finding]) -> ReportCounts:
    """Each event in one class. `repeated` counts every event whose id stood already."""
    rules: dict[int, set[str]] = defaultdict(set)
    for finding in findings:
        rules[finding.event_number].add(finding.rule)
    left_out = sum(not broken.isdisjoint(_LEFT_OUT) for broken in rules.values())
    reused = sum("event-id-reused" in broken for broken in rules.values())
    anomalous = len(rules) - left_out
    same = repeated - reused
    return ReportCounts(
        accepted=events - same - len(rules),
        repeated=same,
        anomalous=anomalous,
        not_counted=left_out,
    )


def code_of(counts: ReportCounts) -> int:
    """0 accepted, 1 accepted with anomalies, 2 partly counted, 3 not counted (RULES 3.3)."""
    if counts.not_counted == 0:
        return 1 if counts.anomalous else 0
    return 2 if counts.accepted or counts.repeated or counts.anomalous else 3


def noted(findings: Iterable[Finding], event_ids: Mapping[int, str]) -> list[Noted]:
    """Findings with the events' own ids, what each means and how to correct it."""
    return [
        Noted(
            event_number=finding.event_number,
            event_id=event_ids.get(finding.event_number, ""),
            rule=finding.rule,
            pointer=finding.pointer,
            text=RULES[finding.rule].text,
            remedy=RULES[finding.rule].remedy,
        )
        for finding in findings
    ]
