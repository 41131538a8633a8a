"""The words with which a push ends."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sijill_client.dry_run import DryRun
from sijill_client.emitter import SubmissionResult
from sijill_client.importers.records import Faults
from sijill_client.push import PushResult

#: Faults that are shown one by one; the others are counted.
FAULTS_SHOWN = 20
REFUSALS_SHOWN = 5


def show(result: PushResult, console: Console) -> None:
    """Prints everything that a push has to say."""
    for part in _parts(result):
        # Lines are left whole, so that a log or `grep` finds file, line and reason together.
        console.print(part, soft_wrap=isinstance(part, Text))


def show_dry_run(done: DryRun, console: Console) -> None:
    """Prints what a push would have sent."""
    result = done.result
    for part in (*_reading_parts(result), *_event_parts(result)):
        console.print(part, soft_wrap=isinstance(part, Text))
    for event in done.first:
        console.print(Text(f"\nThe first {event['type']}:", style="bold"))
        console.print_json(data=event)
    missing = [(f"{kind} {name}", f"{n:,} of {all_:,}") for kind, name, n, all_ in done.lines()]
    if missing:
        console.print(_table("What stays unstated", missing))
    console.print(Text("\nA dry run: nothing was sent.", style="bold green"))


def _reading_parts(result: PushResult) -> Iterator[RenderableType]:
    yield _table("Read", _read_lines(result))
    yield from (Text(f"Note: {note}", style="yellow") for note in result.notes)
    yield from _faults("Files that cannot be read", result.bad_files)
    yield from _faults("Rows that cannot be read (nothing was sent of them)", result.unreadable)
    yield from _faults(
        "Cells that were not used (the rest of their row was sent)", result.bad_cells
    )


def _event_parts(result: PushResult) -> Iterator[RenderableType]:
    if result.events:
        yield _table("Events", sorted(result.events.items()))


def _parts(result: PushResult) -> Iterator[RenderableType]:
    if not result.was_read:
        yield _verdict(result)
        return
    yield from _reading_parts(result)
    yield from _event_parts(result)
    yield _table("Submissions", _submission_lines(result))
    yield from _refusals(result.refused)
    if result.event_counts or result.reports_missing:
        yield _table("What the registry reports of the events", _report_lines(result))
    if result.reports_refused:
        yield Text(f"\nNo more reports: {result.reports_refused}", style="bold yellow")
    yield from _anomalies(result)
    yield _verdict(result)


def _read_lines(result: PushResult) -> Iterator[tuple[str, int]]:
    yield "files", result.files
    yield "rows", result.rows
    yield "rows that cannot be read", result.unreadable.total
    if result.by_status or result.idle_rows:
        yield from _assignment_lines(result)


def _assignment_lines(result: PushResult) -> Iterator[tuple[str, int]]:
    yield "repeated rows", result.repeated_rows
    yield "rows of HITs nobody did", result.idle_rows
    yield "distinct assignments", sum(result.by_status.values())
    # The three of most platforms, also where they are zero; a platform with other words has others.
    usual = ("approved", "rejected", "submitted")
    found = result.by_status.keys()
    for status in (*(usual if found & set(usual) else ()), *sorted(found - set(usual))):
        name = "status not stated" if status == "none" else status
        yield f"  {name}", result.by_status[status]
    yield "  of them sandbox, no real money", result.sandbox
    yield "  of them rejected first, approved later", result.overturned
    yield "cells that were not used", result.bad_cells.total
    yield "times without a zone, taken as UTC", result.utc_assumed
    yield "approvals without an amount", result.unit_pay_missing


def _submission_lines(result: PushResult) -> Iterator[tuple[str, int]]:
    yield "made", result.submissions
    yield "accepted", len(result.accepted)
    yield "repeated: the registry had them already", len(result.repeated)
    yield "acknowledged, receipt still to come", len(result.acknowledged)
    yield "refused", len(result.refused)
    yield "not sent", result.submissions - result.sent


def _report_lines(result: PushResult) -> Iterator[tuple[str, int]]:
    for name in ("accepted", "repeated", "anomalous", "not_counted"):
        yield name.replace("_", " "), result.event_counts[name]
    yield "submissions whose report is not ready", result.reports_missing


def _anomalies(result: PushResult) -> Iterator[RenderableType]:
    if not result.anomalies_total:
        return
    yield Text(f"\nAnomalies: {result.anomalies_total}", style="bold yellow")
    for rule, kind in sorted(result.anomalies.items()):
        example = kind.example
        yield Text(f"  {rule}: {kind.count} listed, for example {example.event_id or '?'}")
        for line in (example.text, example.remedy):
            if line:
                yield Text(f"    {line}")


def _faults(title: str, faults: Faults) -> Iterator[RenderableType]:
    if not faults:
        return
    yield Text(f"\n{title}: {faults.total}", style="bold red")
    yield from (Text(f"  {fault}") for fault in faults[:FAULTS_SHOWN])
    if faults.total > FAULTS_SHOWN:
        yield Text(f"  and {faults.total - FAULTS_SHOWN} more")


def _refusals(refused: Sequence[SubmissionResult]) -> Iterator[RenderableType]:
    if not refused:
        return
    yield Text(f"\nRefused submissions: {len(refused)}", style="bold red")
    for one in refused[:REFUSALS_SHOWN]:
        yield Text(f"  {one.submission[:12]}…: {one.problem}")
    if len(refused) > REFUSALS_SHOWN:
        yield Text(f"  and {len(refused) - REFUSALS_SHOWN} more")


def _verdict(result: PushResult) -> RenderableType:
    if result.stopped:
        known = ": what is there already counts as a repeat."
        begun = "Run the same command again to finish" + (known if result.was_read else ".")
        unread = "" if result.was_read else "No file was read yet. "
        return Text(f"\nStopped: {result.stopped}\n{unread}{begun}", style="bold red")
    if result.complete:
        return Text("\nDone: the registry holds everything.", style="bold green")
    return Text("\nDone, but not everything was taken: see above.", style="bold yellow")


def _table(title: str, lines: Iterable[tuple[str, int | str]]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    for name, count in lines:
        table.add_row(Text(name), count if isinstance(count, str) else f"{count:,}")
    return table
