"""The page and the screen: everything in them, nothing loaded, nothing a name can break."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from deploy.demo import report
from deploy.demo.figures import Due, Figures, Short
from deploy.demo.summary import show
from deploy.demo.svg import Chart, Line, Row, bars, lines, stacked
from deploy.demo.words import UNKNOWN

from .sample import SILENT, SLOW, D, figures

MADE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOSTILE = "\"><script>alert(1)</script><b a='&"
SVG = "{http://www.w3.org/2000/svg}"
CHART = Chart("c", "A message", ("paid", "all"), "MAD an hour")
ROWS = [Row("first", (D("12.5"), D("9.25"))), Row("second", (D(3), None))]
TEMPLATE = Path(report.__file__).with_name("report.html")


def texts(drawn: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def widths(drawn: str, css: str) -> list[float]:
    rects = ElementTree.fromstring(drawn).iter(f"{SVG}rect")
    return [float(r.get("width", "")) for r in rects if r.get("class") == css]


def test_bars_begin_at_zero_and_are_as_long_as_their_values() -> None:
    key, first, second = widths(bars(CHART, ROWS), "c0")
    assert key == 22
    assert first / second == pytest.approx(12.5 / 3, rel=0.01)


def test_a_bar_without_a_value_says_so() -> None:
    drawn = bars(CHART, ROWS)
    assert UNKNOWN in texts(drawn)
    assert len(widths(drawn, "c1")) == 2


def test_the_line_to_hold_against_is_drawn_at_its_value() -> None:
    drawn = ElementTree.fromstring(bars(CHART, ROWS, Line(D("12.5"), "minimum")))
    [line] = [one for one in drawn.iter(f"{SVG}line") if one.get("class") == "against"]
    longest = max(
        float(one.get("x", "")) + float(one.get("width", "")) for one in drawn.iter(f"{SVG}rect")
    )
    assert float(line.get("x1", "")) == pytest.approx(longest, abs=0.1)


def test_no_number_lies_under_the_line() -> None:
    rows = [Row("near", (D("9.9"), D("9.5")))]
    drawn = ElementTree.fromstring(bars(CHART, rows, Line(D(10), "minimum")))
    [line] = [one for one in drawn.iter(f"{SVG}line") if one.get("class") == "against"]
    starts = {one.text: float(one.get("x", "")) for one in drawn.iter(f"{SVG}text")}
    assert starts["9.90"] > float(line.get("x1", ""))
    assert starts["9.50"] > float(line.get("x1", ""))


def test_stacked_bars_end_at_their_sum() -> None:
    drawn = stacked(CHART, ROWS)
    assert "21.75" in texts(drawn)
    first, all_of_it = widths(drawn, "c0")[1], widths(drawn, "c1")[1]
    assert first / all_of_it == pytest.approx(12.5 / 9.25, rel=0.01)


def test_lines_keep_the_order_of_time_and_break_nothing_on_a_gap() -> None:
    drawn = lines(CHART, [*ROWS, Row("third", (D(5), D(6)))])
    paths = [one.get("points", "") for one in ElementTree.fromstring(drawn).iter(f"{SVG}polyline")]
    assert [len(path.split()) for path in paths] == [3, 2]
    across = [float(point.split(",")[0]) for point in paths[0].split()]
    assert across == sorted(across)
    assert {"first", "third", "5.00 paid", "6.00 all"} <= set(texts(drawn))


@pytest.mark.parametrize("draw", [bars, stacked, lines])
def test_a_chart_of_nothing_is_still_a_chart(draw: object) -> None:
    assert callable(draw)
    for rows in ([], [Row("none", (None, None))], [Row("zero", (D(0), D(0)))]):
        ElementTree.fromstring(draw(CHART, rows))


@pytest.mark.parametrize("draw", [bars, stacked, lines])
def test_every_value_is_in_the_text_alternative(draw: object) -> None:
    assert callable(draw)
    drawn = ElementTree.fromstring(draw(CHART, ROWS))
    assert drawn.get("role") == "img"
    named = drawn.get("aria-labelledby", "").split()
    assert [one.get("id") for one in drawn[:2]] == named
    assert drawn[0].text == "A message"
    assert drawn[1].text == (
        "In MAD an hour. first: paid 12.50, all 9.25. second: paid 3.00, all no value known."
    )


class Page(HTMLParser):
    """What a browser would load, run and show."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.shown: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "data", "action"):
                self.loads.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            assert not name.startswith("on"), "no script in attributes"

    def handle_data(self, data: str) -> None:
        self.shown.append(data.strip())


def page(of: Figures) -> Page:
    return Page(report.render(of, MADE))


def test_the_page_loads_and_runs_nothing() -> None:
    html = report.render(figures(), MADE)
    found = Page(html)
    assert found.loads == []
    assert not {"script", "link", "iframe", "img", "object"} & set(found.tags)
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\((?!#)", html)
    assert len(found.ids) == len(set(found.ids))


def test_each_chart_has_its_message_and_its_table() -> None:
    found = page(figures())
    assert found.tags.count("table") == len(report.sections(figures())) == 6
    assert "1 of 2 platforms pays less than the minimum wage, unpaid time included" in found.shown
    assert "50 % of rejections state no reason" in found.shown
    for cell in ("36", "2.50", "278 %", "11.7 %", "20.00", "Time of no task", UNKNOWN):
        assert any(cell in text for text in found.shown), cell


def test_the_page_says_what_it_rests_on() -> None:
    html = report.render(figures(), MADE)
    for said in (
        "position\n    4321",
        "ma sha256:0f0f0f0f",
        "22 November 2026, 09:30 UTC",
        "20 October 2026 to 22 October 2026",
        "1 USD = 10 MAD on 21 October 2026 (invented for the demo)",
        "18.00 MAD an hour since 1 January 2026 (decree 2.25.983)",
    ):
        assert said in html, said


def test_hostile_names_are_text() -> None:
    slow = replace(SLOW, name=HOSTILE)
    html = report.render(
        figures(
            platforms=(slow,),
            sectors=(replace(slow, name=HOSTILE),),
            refusals_by_reason={HOSTILE: 3},
            policy=HOSTILE,
        ),
        MADE,
    )
    assert "<script" not in html
    assert HOSTILE in Page(html).shown
    for drawn in re.findall(r"<svg xmlns.*?</svg>", html, flags=re.S):
        ElementTree.fromstring(drawn)


def test_a_page_without_floor_rates_or_pay_is_made_all_the_same() -> None:
    bare = figures(
        platforms=(SILENT,), sectors=(), total=SILENT, refusals_by_reason={}, floor=(), rates=(),
        series=(),
    )  # fmt: skip
    found = page(bare)
    assert "What micro-tasks pay for an hour of work" in found.shown
    assert "No exchange rate is known." in found.shown


def test_the_file_is_the_page(tmp_path: Path) -> None:
    path = report.write(figures(), MADE, tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == report.render(figures(), MADE)


def test_screen_tables_fit_and_hold_the_figures() -> None:
    out = StringIO()
    show(figures(), Console(file=out))
    text = out.getvalue()
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 100
    for row in (r"slow +10\.0 +10\.0 +2\.00 +1\.00 +20\.00 +10\.00 +56 %",
                r"Time of no task +8\.0 *\n",
                r"slow +USD +20\.00 +10\.00 +2\.00 +20\.0 % +10\.00",
                r"no reason stated +5 +50\.0 %"):  # fmt: skip
        assert re.search(row, text), row


def test_a_narrow_screen_cuts_no_number() -> None:
    out = StringIO()
    show(figures(), Console(file=out, width=80, force_terminal=True, color_system=None))
    assert max(len(line) for line in out.getvalue().splitlines()) <= 80
    assert "…" not in out.getvalue()
    assert re.search(r"slow +10\.0 +10\.0 +2\.00 +1\.00 +20\.00 +10\.00 +56 %", out.getvalue())


def test_a_name_in_brackets_is_no_markup() -> None:
    out = StringIO()
    show(figures(platforms=(replace(SLOW, name="[bold]x[/]"),)), Console(file=out))
    assert "[bold]x[/]" in out.getvalue()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_from_the_page(theme: int) -> None:
    """WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for what is drawn (1.4.11)."""
    style = TEMPLATE.read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", style, flags=re.S)[theme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
    for ground in ("page", "card"):
        for text in ("ink", "soft", "accent", "against"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for series in range(6):
        assert contrast(colours[f"c{series}"], colours["card"]) >= 3, series


def test_printed_numbers_round_half_up() -> None:
    assert "0.13" in texts(bars(CHART, [Row("half", (Decimal("0.125"), None))]))


def test_what_is_missing_to_the_minimum_wage_stands_on_page_and_screen() -> None:
    shorts = (
        Short("brisk", 40, 10, D("1.50"), D("123.45"), "MAD"),
        Short("slow", 60, 50, D("20.00"), D("1000.00"), "MAD"),
    )
    found = figures(shorts=shorts)
    page = report.render(found, MADE)
    assert "1,123.45 MAD are missing to the minimum wage, on 60 % of worker-days" in page
    screen = StringIO()
    show(found, Console(file=screen))
    lines = [line.split() for line in screen.getvalue().splitlines()]
    assert ["brisk", "40", "10", "25", "%", "1.50", "123.45"] in lines
    assert "missing to the minimum wage" not in report.render(figures(), MADE)


def test_what_is_due_to_social_security_stands_on_page_and_screen() -> None:
    dues = (
        Due("brisk", D("200.50"), D("0"), "MAD"),
        Due("slow", D("1000"), D("12.25"), "MAD"),
    )
    found = figures(dues=dues)
    page = report.render(found, MADE)
    assert "1,200.50 MAD of contributions are due, 12.25 declared as withheld" in page
    screen = StringIO()
    show(found, Console(file=screen))
    lines = [line.split() for line in screen.getvalue().splitlines()]
    assert ["slow", "1,000.00", "12.25"] in lines
    assert "of contributions are due" not in report.render(figures(), MADE)
