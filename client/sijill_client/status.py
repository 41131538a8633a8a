"""What the registry holds of a platform, in words for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sijill_client.documents import PlatformStatus, RuleFound, UncountedFound


def lines_of(status: PlatformStatus) -> Iterator[RenderableType]:
    """The whole answer: days, what is wrong, what is missing."""
    yield _days(status)
    yield from _uncounted(status.uncounted)
    yield from _anomalies(status)
    yield from _examined(status)
    yield from _silent(status.silent)
    if not (status.uncounted or status.anomalies or status.silent):
        yield Text("\nNothing to mend.", style="bold green")


def _days(status: PlatformStatus) -> Table:
    table = Table(
        title=f"Submissions, {status.from_} to {status.to}", title_justify="left", box=None
    )
    table.add_column("day")
    for name in ("submissions", "events", "repeated"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in status.rows:
        numbers = (f"{number:,}" for number in (row.submissions, row.events, row.repeated))
        table.add_row(str(row.day), *numbers, _word(row.nil, row.work, row.submissions))
    totals = (f"{number:,}" for number in (status.submissions, status.events, status.repeated))
    table.add_row("in all", *totals, "")
    return table


def _word(nil: bool, work: bool, submissions: int) -> str:
    """What else is known of a day."""
    if nil:
        return "declared without work" + (", yet there is work" if work else "")
    return "" if submissions else "no submission; its work came on another day"


def _uncounted(found: Sequence[UncountedFound]) -> Iterator[RenderableType]:
    if found:
        yield Text("\nSubmissions that do not count", style="bold red")
    for one in found:
        place = (
            one.submission if one.leaf_index is None else f"{one.submission}, leaf {one.leaf_index}"
        )
        yield Text(f"  {one.outcome}: {one.submissions:,}, for example {place}")
        yield from _said(one.text, one.remedy)


def _anomalies(status: PlatformStatus) -> Iterator[RenderableType]:
    if not status.anomalies:
        return
    yield Text("\nAnomalies", style="bold yellow")
    for found in status.anomalies:
        yield from _rule(found)


def _rule(found: RuleFound) -> Iterator[RenderableType]:
    counts = "counts" if found.counted else "does not count"
    example = found.example
    place = " ".join(part for part in (example.event_id, example.pointer) if part)
    yield Text(f"  {found.rule}: {found.anomalies:,}, for example {place} (the event {counts})")
    yield from _said(example.text, example.remedy)


def _examined(status: PlatformStatus) -> Iterator[RenderableType]:
    if status.examined < status.submissions:
        yield Text(
            f"\nRules about tasks were looked for in the newest {status.examined:,} of these "
            "submissions alone: ask for fewer days to see the others (--from, --to).",
            style="yellow",
        )


def _said(*lines: str | None) -> Iterator[RenderableType]:
    yield from (Text(f"    {line}") for line in lines if line)


def _silent(days: Sequence[date]) -> Iterator[RenderableType]:
    if not days:
        return
    yield Text(f"\nDays without a submission, of which nothing is known: {len(days)}", style="bold")
    for first, last in _runs(days):
        yield Text(f"  {first}" if first == last else f"  {first} to {last}")
    yield Text("  Push their work, or declare each: push --nil DATE")


def _runs(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Days that follow each other as first and last."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last
