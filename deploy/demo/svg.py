"""Small pure chart functions: values in, one accessible SVG element out.

Colours come from the page's style (`--c0` to `--c5`, `--ink`, `--grid`), and no series is told by
colour alone: each has a hatching of its own, its name in the key, and its values in the text
alternative. Bars start at zero. Lengths are floats, for they are only drawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10
from typing import Any

from markupsafe import Markup

from deploy.demo.words import UNKNOWN, number

WIDTH, LABEL, VALUE, FOOT = 720.0, 190.0, 62.0, 30.0
KEY_LINE, BARE_TOP = 18.0, 12.0
BAR, GAP = 17.0, 14.0
LINE_HEIGHT = 15.0
#: About the width of one character of a value.
DIGIT = 7.5
#: A name longer than this is cut in the drawing; the table beneath has it in full.
LABEL_CHARS = 29
GRID_LINES = 6


@dataclass(frozen=True)
class Row:
    """One label with a value for each series; None where no value is known."""

    label: str
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class Line:
    """A value to hold bars against."""

    value: Decimal
    label: str


@dataclass(frozen=True)
class Chart:
    """What every chart says: its id on the page, message, series names, unit, decimals."""

    id: str
    title: str
    series: tuple[str, ...]
    unit: str
    places: int = 2


def bars(chart: Chart, rows: Sequence[Row], against: Line | None = None) -> Markup:
    """Horizontal bars, one for each series of a row, and a line to hold them against."""
    known = [value for row in rows for value in row.values if value is not None]
    scale = _Scale.upto([*known, against.value] if against else known)
    step, top = len(chart.series) * BAR + GAP, _top(chart, against)
    height = top + len(rows) * step + FOOT
    blocks, texts = [], []
    for index, row in enumerate(rows):
        y = top + index * step + GAP / 2
        texts.append(_label(row.label, y + (step - GAP) / 2))
        for series, value in enumerate(row.values):
            blocks.append(_bar(scale, series, value, y + series * BAR))
            texts.append(_bar_text(chart, scale, value, y + series * BAR, against))
    line = [_against(scale, against, top, height)] if against else []
    drawn = [_grid(scale, top, height), _key(chart), *blocks, *line, *texts]
    return _svg(chart, _told(chart, rows, against), height, drawn)


def stacked(chart: Chart, rows: Sequence[Row]) -> Markup:
    """One bar for each row, its series laid end to end, the sum at the end."""
    scale = _Scale.upto([_sum(row) for row in rows])
    step, top = BAR * 1.5 + GAP, _top(chart, None)
    height = top + len(rows) * step + FOOT
    drawn = [_grid(scale, top, height), _key(chart)]
    for index, row in enumerate(rows):
        y = top + index * step + GAP / 2
        drawn += [_label(row.label, y + BAR * 0.75), *_pieces(chart, scale, row, y)]
    return _svg(chart, _told(chart, rows, None), height, drawn)


def lines(chart: Chart, rows: Sequence[Row]) -> Markup:
    """A line for each series over rows that follow each other in time, left to right.

    Each line is named at its end, so there is no key.
    """
    known = [value for row in rows for value in row.values if value is not None]
    scale, height = _Scale.upto(known), 240.0
    frame = _Frame(left=46.0, right=WIDTH - 110, top=BARE_TOP, bottom=height - FOOT)
    drawn = [*_levels(scale, frame), *_ends(rows, frame, height)]
    named = []
    for series in range(len(chart.series)):
        points = _points(rows, series, scale, frame)
        if points:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            drawn.append(_tag("polyline", points=path, class_=f"l{series}"))
            named.append((points[-1][1], _last(chart, rows, series)))
    for y, text in _apart(named):
        drawn.append(_tag("text", text, x=frame.right + 8, y=y + 4, class_="value"))
    return _svg(chart, _told(chart, rows, None), height, drawn)


@dataclass(frozen=True)
class _Frame:
    """Where a line chart draws."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class _Scale:
    """From zero to a round value at or above the largest one."""

    top: float
    step: float

    @classmethod
    def upto(cls, values: Sequence[Decimal]) -> "_Scale":
        largest = max((float(value) for value in values), default=0.0) or 1.0
        rough = largest / (GRID_LINES - 1)
        power = 10.0 ** floor(log10(rough))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
        return cls(top=step * -(-largest // step), step=step)

    @property
    def ticks(self) -> list[float]:
        return [self.step * n for n in range(round(self.top / self.step) + 1)]

    def x(self, value: Decimal | float) -> float:
        """Where a value lies, from the left edge; what is below zero is drawn at zero."""
        return LABEL + max(0.0, float(value)) / self.top * (WIDTH - LABEL - VALUE)


def _top(chart: Chart, against: Line | None) -> float:
    """Where the plot begins: below the key and the name of the line, if there are any."""
    key = -(-len(chart.series) // 3) * KEY_LINE if len(chart.series) > 1 else 0.0
    return BARE_TOP + key + (KEY_LINE if against else 0.0)


def _bar(scale: _Scale, series: int, value: Decimal | None, y: float) -> Markup:
    return Markup() if value is None else _block(series, LABEL, scale.x(value), y, BAR - 2)


def _bar_text(
    chart: Chart, scale: _Scale, value: Decimal | None, y: float, against: Line | None
) -> Markup:
    if value is None:
        return _tag("text", UNKNOWN, x=LABEL + 6, y=y + 13, class_="value faint")
    text, x = _written(chart, value), scale.x(value) + 6
    line = scale.x(against.value) if against else 0.0
    # A number under the dashed line would be misread: it moves to the line's far side.
    crossed = x - 4 < line < x + len(text) * DIGIT
    return _tag("text", text, x=line + 6 if crossed else x, y=y + 13, class_="value")


def _pieces(chart: Chart, scale: _Scale, row: Row, y: float) -> Iterable[Markup]:
    so_far = Decimal(0)
    for series, value in enumerate(row.values):
        if value is not None and value > 0:
            yield _block(series, scale.x(so_far), scale.x(so_far + value), y, BAR * 1.5)
            so_far += value
    known = any(value is not None for value in row.values)
    text = _written(chart, so_far) if known else UNKNOWN
    yield _tag("text", text, x=scale.x(so_far) + 6, y=y + BAR, class_="value")


def _block(series: int, start: float, end: float, y: float, height: float) -> Markup:
    place: dict[str, Any] = {"x": start, "y": y, "width": end - start, "height": height}
    fill = _tag("rect", class_=f"c{series}", **place)
    return fill + _tag("rect", class_=f"h{series}", **place)


def _levels(scale: _Scale, frame: _Frame) -> Iterable[Markup]:
    for tick in scale.ticks:
        y = frame.bottom - (frame.bottom - frame.top) * tick / scale.top
        yield _tag("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid")
        yield _tag("text", f"{tick:g}", x=frame.left - 8, y=y + 4, class_="tick end")


def _ends(rows: Sequence[Row], frame: _Frame, height: float) -> Iterable[Markup]:
    """The first and the last label beneath a line chart."""
    ends = (*rows[:1], *rows[-1:])
    for row, x, anchor in zip(ends, (frame.left, frame.right), ("", " end"), strict=False):
        yield _tag("text", row.label, x=x, y=height - 8, class_=f"tick{anchor}")


def _points(
    rows: Sequence[Row], series: int, scale: _Scale, frame: _Frame
) -> list[tuple[float, float]]:
    apart = (frame.right - frame.left) / max(1, len(rows) - 1)
    height = frame.bottom - frame.top
    return [
        (frame.left + index * apart, frame.bottom - height * float(value) / scale.top)
        for index, row in enumerate(rows)
        if (value := row.values[series]) is not None
    ]


def _last(chart: Chart, rows: Sequence[Row], series: int) -> str:
    """The name at the end of a line, with its last value."""
    values = (row.values[series] for row in rows)
    last = [value for value in values if value is not None][-1]
    return f"{_written(chart, last)} {chart.series[series]}"


def _apart(named: Sequence[tuple[float, str]]) -> Iterable[tuple[float, str]]:
    """The same texts from top to bottom, moved down where they would lie on one another."""
    least = float("-inf")
    for y, text in sorted(named):
        y = max(y, least)
        least = y + LINE_HEIGHT
        yield y, text


def _grid(scale: _Scale, top: float, height: float) -> Markup:
    drawn = Markup()
    for tick in scale.ticks:
        x = scale.x(tick)
        drawn += _tag("line", x1=x, x2=x, y1=top, y2=height - FOOT, class_="grid")
        drawn += _tag("text", f"{tick:g}", x=x, y=height - 12, class_="tick middle")
    return drawn


def _key(chart: Chart) -> Markup:
    """The names of the series above the chart, three in a row; one series needs none."""
    drawn = Markup()
    for series, name in enumerate(chart.series if len(chart.series) > 1 else ()):
        x, y = series % 3 * 190.0, 2 + series // 3 * KEY_LINE
        drawn += _block(series, x, x + 22, y, 11)
        drawn += _tag("text", name, x=x + 28, y=y + 10, class_="key")
    return drawn


def _against(scale: _Scale, line: Line, top: float, height: float) -> Markup:
    x = scale.x(line.value)
    place = "end" if x > WIDTH * 0.6 else ""
    text = _tag("text", line.label, x=x - 4 if place else x, y=top - 6, class_=f"ref {place}")
    return _tag("line", x1=x, x2=x, y1=top - 3, y2=height - FOOT, class_="against") + text


def _label(text: str, y: float) -> Markup:
    short = text if len(text) <= LABEL_CHARS else text[: LABEL_CHARS - 1] + "…"
    return _tag("text", short, x=LABEL - 10, y=y + 4, class_="label end")


def _told(chart: Chart, rows: Sequence[Row], against: Line | None) -> str:
    """The text alternative: every value that is drawn, in words."""
    parts = []
    for row in rows:
        said = (
            f"{name} {UNKNOWN if value is None else _written(chart, value)}"
            for name, value in zip(chart.series, row.values, strict=True)
        )
        parts.append(f"{row.label}: {', '.join(said)}.")
    line = f" Against {against.label}." if against else ""
    return f"In {chart.unit}. {' '.join(parts)}{line}"


def _sum(row: Row) -> Decimal:
    return sum((value for value in row.values if value is not None and value > 0), Decimal(0))


def _written(chart: Chart, value: Decimal) -> str:
    return number(value, chart.places)


def _svg(chart: Chart, told: str, height: float, drawn: Iterable[Markup]) -> Markup:
    names = f"{chart.id}-title {chart.id}-desc"
    opening = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{}"'
        ' viewBox="0 0 {:g} {:g}">'
    ).format(names, WIDTH, height)
    title = _tag("title", chart.title, id=f"{chart.id}-title")
    described = _tag("desc", told, id=f"{chart.id}-desc")
    return opening + title + described + Markup().join(drawn) + Markup("</svg>")


def _tag(name: str, text: str | None = None, **attributes: str | float) -> Markup:
    """One element; attribute values and text are escaped, `class_` stands for `class`."""
    written = Markup().join(
        Markup(' {}="{}"').format(key.rstrip("_"), _short(value))
        for key, value in attributes.items()
    )
    if text is None:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, text)


def _short(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
