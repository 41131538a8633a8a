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
#: On lines of its own, so that it takes no more room than a number.
UNKNOWN_CELL = words.UNKNOWN.replace(" ", "\n")


def show(figures: Figures, console: Console) -> None:
    """Print the summary; colours only where the console has them.

    What is no terminal has no width of its own: the console of a file or a pipe gets the full one.
    """
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    console.print(summary(figures))


def summary(figures: Figures) -> RenderableType:
    """The plain reading, then a table for each question, then what the figures rest on."""
    return Group(
        Padding(Text(reading.paragraph(figures)), (1, 0)),
        pay_table("Pay for an hour, by platform", figures.platforms, figures),
        pay_table("Pay for an hour, by sector (ILO task group)", figures.sectors, figures),
        Text(_sector_note()),
        *([short_table(figures)] if figures.shorts else []),
        *([due_table(figures)] if figures.dues else []),
        money_table(figures),
        refusal_table(figures),
        Padding(Text(basis(figures), style="dim"), (1, 0, 0, 0)),
    )


def pay_table(title: str, parts: Sequence[Slice], figures: Figures) -> Table:
    """Hourly pay on both bases, against the minimum wage in force, with the hours behind it."""
    pay = [f"{code}/h\n{time}" for code in figures.currencies for time in ("paid", "all")]
    floor = ["of min.\nwage, all"] if figures.floor_in_force else []
    table = _table(title, [""], ["paid\nhours", "unpaid\nhours", *pay, *floor])
    for part in parts:
        _row(table, words.sector(part.name), *_pay_cells(part, figures))
    if parts is figures.platforms:
        table.add_section()
        _row(table, "All", *_pay_cells(figures.total, figures))
    return table


def short_table(figures: Figures) -> Table:
    """What is missing to the minimum wage, worked out for each worker's day on each platform."""
    currency = figures.shorts[0].currency
    numbers = [
        "worker-\ndays",
        "below",
        "share",
        f"{currency}, paid\ntime",
        f"{currency}, all\ntime",
    ]
    table = _table("Missing to the minimum wage, residents, day by day", [""], numbers)
    for one in figures.shorts:
        below = words.percent(words.share(one.below, one.days), 0)
        days = words.number(one.days), words.number(one.below), below
        _row(table, one.name, *days, words.number(one.paid, 2), words.number(one.all, 2))
    return table


def due_table(figures: Figures) -> Table:
    """What the ledgers say that each platform owes to social security for its workers."""
    currency = figures.dues[0].currency
    title = "Contributions posted, in suspense"
    table = _table(title, [""], [f"due,\n{currency}", "declared\nwithheld"])
    for one in figures.dues:
        _row(table, one.name, words.number(one.due, 2), words.number(one.declared, 2))
    return table


def money_table(figures: Figures) -> Table:
    """Earned, paid, kept as fees, and still owed: one row for each platform and currency."""
    numbers = ["earned", "paid,\ngross", "fee", "fee\nshare", "earned,\nnot paid"]
    table = _table("Money", ["", ""], numbers)
    for part in (*figures.platforms, figures.total):
        for currency in sorted({*part.earned, *(part.gross or {})}):
            _row(table, part.name, currency, *_money_cells(part, currency))
    return table


def refusal_table(figures: Figures) -> Table:
    """Rejections by stated reason, most frequent first."""
    table = _table("Refusals by reason", [""], ["rejections", "share"])
    whole = sum(figures.refusals_by_reason.values())
    for code, count in figures.refusals:
        share = words.percent(words.share(count, whole))
        _row(table, words.reason(code), words.number(count), share)
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


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    """Names may wrap on a narrow screen; a number cut short would be another number."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
    )
    for name in names:
        table.add_column(name, overflow="fold")
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def _row(table: Table, *cells: str) -> None:
    """Cells are plain text: a name in brackets is no markup."""
    table.add_row(*(Text(cell.replace(words.UNKNOWN, UNKNOWN_CELL)) for cell in cells))
