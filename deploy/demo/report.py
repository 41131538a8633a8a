"""The report of a demo: one HTML page with everything in it, to read, to print, to keep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from deploy.demo import reading, words
from deploy.demo.figures import (
    OF_NO_TASK,
    OF_TASKS,
    UNALLOCATED,
    Basis,
    Figures,
    Slice,
)
from deploy.demo.svg import Chart, Line, Row, bars, lines, stacked

BASES = tuple(base.value for base in Basis)
SHORT = {Basis.PAID: "paid time", Basis.ALL: "all time"}
TASK_TIME_ONLY = "paid time and unpaid time of its tasks"


@dataclass(frozen=True)
class Table:
    """The numbers beneath a chart; the first cell of a row names it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One message: its title, what exactly is shown, the chart, its table, and what to know."""

    id: str
    title: str
    subtitle: str
    chart: Markup
    table: Table
    note: str


@dataclass(frozen=True)
class Tile:
    """One key figure."""

    value: str
    unit: str
    label: str


def render(figures: Figures, made: datetime) -> str:
    """The whole page as HTML; `made` is printed as its date of issue.

    It loads nothing from anywhere and runs no script.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        figures=figures,
        headline=reading.headline(figures),
        paragraph=reading.paragraph(figures),
        tiles=tiles(figures),
        sections=sections(figures),
        period=_period(figures),
        made=f"{words.day(made.date())}, {made:%H:%M %Z}",
        wage=reading.wage(figures),
        rates=reading.rates(figures),
        hours=words.hours,
        of_tasks=words.listed(words.KINDS[kind] for kind in OF_TASKS),
        of_no_task=words.listed(words.KINDS[kind] for kind in OF_NO_TASK),
        unknown=words.UNKNOWN,
    )


def write(figures: Figures, made: datetime, path: Path) -> Path:
    """Render the page into a file."""
    path.write_text(render(figures, made), encoding="utf-8")
    return path


def tiles(figures: Figures) -> list[Tile]:
    """The key figures at the top of the page."""
    total, currency = figures.total, figures.currency
    owed = (total.earned_unpaid or {}).get(currency)
    return [
        *(
            Tile(
                words.number(figures.hourly(total, base, currency), 2),
                f"{currency} an hour",
                f"on {base}",
            )
            for base in Basis
        ),
        Tile(words.number(total.unpaid_minutes_per_paid_hour), "minutes", "unpaid per paid hour"),
        Tile(words.percent(total.rejection_rate), "", "of decided work rejected"),
        Tile(words.number(owed, 2), currency, "earned and not yet paid"),
    ]


def sections(figures: Figures) -> list[Section]:
    """The charts of the page, each with its message and its table."""
    return [
        _platform_pay(figures),
        _sector_pay(figures),
        *([_short(figures)] if figures.shorts else []),
        *([_due(figures)] if figures.dues else []),
        _money(figures),
        _lost_time(figures),
        _refusals(figures),
        _days(figures),
    ]


def _platform_pay(figures: Figures) -> Section:
    parts = (*figures.platforms, figures.total)
    title = reading.shortfall(figures, figures.platforms, "platform", "unpaid time included")
    chart = Chart("pay", title, BASES, f"{_currency(figures)} an hour")
    return Section(
        id=chart.id,
        title=title,
        subtitle=f"Mean pay for an hour by platform, {chart.unit}, {_period(figures)}",
        chart=bars(chart, _hourly_rows(figures, parts), _floor(figures)),
        table=_pay_table(figures, parts, "Platform"),
        note="A mean hides its spread: half of the workers make less than the median, which lies "
        "below the mean wherever a few make much more.",
    )


def _sector_pay(figures: Figures) -> Section:
    parts = [one for one in figures.sectors if one.name != UNALLOCATED]
    title = reading.shortfall(figures, parts, "sector", "unpaid time of its tasks included")
    chart = Chart("sectors", title, (BASES[0], TASK_TIME_ONLY), f"{_currency(figures)} an hour")
    return Section(
        id=chart.id,
        title=title,
        subtitle=f"Mean pay for an hour by ILO task group, {chart.unit}, {_period(figures)}",
        chart=bars(chart, _hourly_rows(figures, parts), _floor(figures)),
        table=_pay_table(figures, figures.sectors, "Sector"),
        note=f"{words.listed(words.KINDS[kind] for kind in OF_NO_TASK).capitalize()} belong to no "
        "task and so to no sector: they stand on a line of their own in the table.",
    )


def _short(figures: Figures) -> Section:
    currency = figures.shorts[0].currency
    chart = Chart("missing", reading.missing(figures), BASES, currency)
    rows = [Row(one.name, (one.paid, one.all)) for one in figures.shorts]
    cells = (
        (
            one.name,
            words.number(one.days),
            words.number(one.below),
            words.number(one.paid, 2),
            words.number(one.all, 2),
        )
        for one in figures.shorts
    )
    heads = (f"missing, {currency}, {base}" for base in BASES)
    return Section(
        id=chart.id,
        title=chart.title,
        subtitle=f"What residents earned less than the minimum wage of their hours, {currency}, "
        f"{_period(figures)}",
        chart=bars(chart, rows),
        table=Table(("Platform", "worker-days", "days below", *heads), tuple(cells)),
        note="Each worker's day on each platform is held against the minimum wage of that day, "
        "whatever the number of tasks; a good day does not make up for a bad one.",
    )


def _due(figures: Figures) -> Section:
    currency = figures.dues[0].currency
    series = ("due", "declared as withheld")
    chart = Chart("contributions", reading.dues(figures), series, currency)
    numbers = [(one.name, (one.due, one.declared)) for one in figures.dues]
    return Section(
        id=chart.id,
        title=chart.title,
        subtitle=f"What the ledgers of all schemes say that platforms owe for their workers, "
        f"{currency}, {_period(figures)}",
        chart=bars(chart, [Row(name, values) for name, values in numbers]),
        table=Table(
            ("Platform", *(f"{one}, {currency}" for one in series)),
            tuple(
                (name, *(words.number(value, 2) for value in values)) for name, values in numbers
            ),
        ),
        note="Nobody has decided yet under which scheme these workers stand: what the policy takes "
        "until then is assessed and stands in suspense.",
    )


def _lost_time(figures: Figures) -> Section:
    kinds = (*OF_NO_TASK, *OF_TASKS)
    parts = (*figures.platforms, figures.total)
    chart = Chart(
        "time",
        reading.minutes(figures.total).removesuffix("."),
        tuple(words.KINDS[kind] for kind in kinds),
        "minutes for each paid hour",
        1,
    )
    rows = [Row(one.name, tuple(one.lost_minutes(kind) for kind in kinds)) for one in parts]
    cells = (
        (row.label, *(words.number(v, 1) for v in (*row.values, one.unpaid_minutes_per_paid_hour)))
        for row, one in zip(rows, parts, strict=True)
    )
    return Section(
        id=chart.id,
        title=chart.title,
        subtitle=f"Unpaid time by kind, {chart.unit}, {_period(figures)}",
        chart=stacked(chart, rows),
        table=Table(("Platform", *chart.series, "together"), tuple(cells)),
        note="A kind that a platform never reported is not known; it is not zero.",
    )


def _refusals(figures: Figures) -> Section:
    chart = Chart("refusals", reading.silence(figures), ("rejections",), "rejections", 0)
    whole = sum(count for _, count in figures.refusals)
    rows = [Row(words.reason(code), (Decimal(count),)) for code, count in figures.refusals]
    cells = (
        (words.reason(code), words.number(count), words.percent(words.share(count, whole)))
        for code, count in figures.refusals
    )
    return Section(
        id=chart.id,
        title=chart.title,
        subtitle=f"Rejections by stated reason, number, {_period(figures)}",
        chart=bars(chart, rows),
        table=Table(("Reason", "rejections", "share"), tuple(cells)),
        note="Rejections withdrawn later are taken off. Reasons are the platforms' own codes.",
    )


def _money(figures: Figures) -> Section:
    code = figures.currency
    chart = Chart(
        "money",
        reading.kept(figures),
        ("received by workers", "kept as fees", "earned, not yet paid"),
        code,
        2,
    )
    parts = (*figures.platforms, figures.total)
    rows = [Row(one.name, _shares(one, code)) for one in figures.platforms]
    columns = ("Platform", "Currency", "earned", "paid, gross", "fees", "net", "earned, not paid")
    return Section(
        id=chart.id,
        title=chart.title,
        subtitle=f"What became of earned pay, {code}, {_period(figures)}",
        chart=stacked(chart, rows),
        table=Table(columns, tuple(_money_rows(parts))),
        note="Net pay may also lack taxes and contributions that were withheld. A platform that "
        "reported no payment has no known debt.",
    )


def _days(figures: Figures) -> Section:
    chart = Chart("days", reading.worst_day(figures), ("paid", "unpaid"), "hours a day", 1)
    rows = [
        Row(words.day(one.day), (_hours(one.paid_seconds), _hours(one.unpaid_seconds)))
        for one in figures.series
    ]
    cells = (
        (row.label, words.number(day.completed), *(words.number(v, 1) for v in row.values))
        for day, row in zip(figures.series, rows, strict=True)
    )
    return Section(
        id=chart.id,
        title=chart.title,
        subtitle=f"Paid and unpaid hours by work day, {_period(figures)}",
        chart=lines(chart, rows),
        table=Table(("Day", "tasks handed in", "paid hours", "unpaid hours"), tuple(cells)),
        note="Work counts as paid once it is approved: the last days fall because their work still "
        "waits for a decision, and they will be revised.",
    )


def _hours(seconds: int) -> Decimal:
    return Decimal(seconds) / 3600


def _hourly_rows(figures: Figures, parts: Iterable[Slice]) -> list[Row]:
    currency = _currency(figures)
    return [
        Row(
            words.sector(one.name),
            tuple(figures.hourly(one, base, currency) for base in Basis),
        )
        for one in parts
    ]


def _pay_table(figures: Figures, parts: Iterable[Slice], what: str) -> Table:
    pay = [(currency, base) for currency in figures.currencies for base in Basis]
    heads = (f"{currency}/h, {SHORT[base]}" for currency, base in pay)
    columns = (what, "paid hours", "unpaid hours", *heads, "all time, of min. wage")
    return Table(columns, tuple(_pay_row(figures, one, pay) for one in parts))


def _pay_row(figures: Figures, part: Slice, pay: Sequence[tuple[str, Basis]]) -> tuple[str, ...]:
    """Time of no task earns nothing by itself: its pay cells stay empty."""
    hours = (words.hours(part.paid_seconds or None), words.hours(part.unpaid_total))
    if part.name == UNALLOCATED:
        return (words.sector(part.name), "", hours[1], *("" for _ in pay), "")
    hourly = (words.number(figures.hourly(part, base, code), 2) for code, base in pay)
    floor = words.percent(figures.to_floor(part, Basis.ALL), 0)
    return (words.sector(part.name), *hours, *hourly, floor)


def _shares(part: Slice, code: str) -> tuple[Decimal | None, ...]:
    of = (part.net, part.fee, part.earned_unpaid)
    return tuple((amounts or {}).get(code) for amounts in of)


def _money_rows(parts: Iterable[Slice]) -> Iterable[tuple[str, ...]]:
    for part in parts:
        for code in sorted({*part.earned, *(part.gross or {})}):
            of = (part.earned, part.gross, part.fee, part.net, part.earned_unpaid)
            yield (part.name, code, *(words.number((m or {}).get(code), 2) for m in of))


def _currency(figures: Figures) -> str:
    """Pay is drawn in the currency of the minimum wage, so that the two can be compared."""
    floor = figures.floor_in_force
    return floor.currency if floor else figures.currency


def _floor(figures: Figures) -> Line | None:
    floor = figures.floor_in_force
    if floor is None:
        return None
    amount = words.number(floor.amount, 2)
    return Line(floor.amount, f"minimum wage {amount} {floor.currency}")


def _period(figures: Figures) -> str:
    return f"{words.day(figures.recorded_from)} to {words.day(figures.recorded_to)}"
