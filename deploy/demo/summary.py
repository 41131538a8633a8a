"""The summary of a demo on the screen: tables of at most 100 columns and one plain paragraph."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.demo import reading, words
from deploy.demo.figures import OF_NO_TASK, UNALLOCATED, Basis, Figures, Slice

WIDTH = 100


def show(figures: Figures, console: Console) -> None:
    """Print the summary; colours only where the console has them."""
    console.print(summary(figures), width=min(WIDTH, console.width))


def summary(figures: Figures) -> RenderableType:
    """The plain reading, then a table for each question, then what the figures rest on."""
    return Group(
        Padding(Text(reading.paragraph(figures)), (1, 0)),
        pay_table("Pay for an hour, by platform", figures.platforms, figures),
        pay_table("Pay for an hour, by sector (ILO task group)", figures.sectors, figures),
        Text(_sector_note()),
        money_table(figures),
        refusal_table(figures),
        Padding(Text(basis(figures), style="dim"), (1, 0, 0, 0)),
    )


def pay_table(title: str, parts: Sequence[Slice], figures: Figures) -> Table:
    """Hourly pay on both bases, against the minimum wage in force, with the hours behind it."""
    table = _table(title, "", "paid\nhours", "unpaid\nhours")
    for currency in figures.currencies:
        table.add_column(f"{currency}/h\npaid", justify="right")
        table.add_column(f"{currency}/h\nall", justify="right")
    if figures.floor_in_force:
        table.add_column("all, of\nmin. wage", justify="right")
    for part in parts:
        table.add_row(words.sector(part.name), *_pay_cells(part, figures))
    if parts is figures.platforms:
        table.add_section()
        table.add_row("All", *_pay_cells(figures.total, figures), style="bold")
    return table


def money_table(figures: Figures) -> Table:
    """Earned, paid, kept as fees, and still owed: one row for each platform and currency."""
    table = _table("Money", "", "", "earned", "paid, gross", "fee", "fee share", "earned, unpaid")
    for part in (*figures.platforms, figures.total):
        for currency in sorted({*part.earned, *(part.gross or {})}):
            table.add_row(part.name, currency, *_money_cells(part, currency))
    return table


def refusal_table(figures: Figures) -> Table:
    """Rejections by stated reason, most frequent first."""
    table = _table("Refusals by reason", "", "rejections", "share")
    whole = sum(figures.refusals_by_reason.values())
    for code, count in figures.refusals:
        share = words.percent(words.share(count, whole))
        table.add_row(words.reason(code), words.number(count), share)
    return table


def basis(figures: Figures) -> str:
    """What the figures rest on: position, days, policy, rates."""
    return (
        f"Position {figures.position}, recorded from {words.day(figures.recorded_from)} to"
        f" {words.day(figures.recorded_to)}, policy {figures.policy}."
        f" {reading.rates(figures)}"
    )


def _pay_cells(part: Slice, figures: Figures) -> Iterable[str]:
    """Time of no task earns nothing by itself: its pay cells stay empty."""
    idle = part.name == UNALLOCATED
    yield "" if idle else words.hours(part.paid_seconds or None)
    yield words.hours(part.unpaid_total)
    for currency in figures.currencies:
        for base in Basis:
            yield "" if idle else words.number(figures.hourly(part, base, currency), 2)
    if figures.floor_in_force:
        yield "" if idle else words.percent(figures.to_floor(part, Basis.ALL), 0)


def _money_cells(part: Slice, currency: str) -> Iterable[str]:
    for amounts in (part.earned, part.gross, part.fee):
        yield words.number((amounts or {}).get(currency), 2)
    yield words.percent(part.fee_share(currency))
    yield words.number((part.earned_unpaid or {}).get(currency), 2)


def _sector_note() -> str:
    kinds = ", ".join(words.KINDS[kind] for kind in OF_NO_TASK)
    return (
        f"Unpaid hours of a sector are those of its own tasks; {kinds} belong to no task and stand"
        " on a line of their own."
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1)
    )
    for index, column in enumerate(columns):
        words_here = not index or not column
        table.add_column(column, justify="left" if words_here else "right", no_wrap=not index)
    return table
