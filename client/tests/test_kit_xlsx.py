"""Workbooks as Excel and other programs write them: the forms that a cell can have."""

import random
from pathlib import Path

import pyarrow as arrow
import pytest
from kit_reading import PSEUDONYMS, SOURCE, all_events, events, file_of, read, reasons
from kit_tables import NOW
from kit_workbook import write_parts
from pyarrow import parquet
from sijill_client.errors import UnreadableFile
from sijill_client.importers.guess import guess_mapping
from sijill_client.importers.mapping import load_mapping
from sijill_client.importers.xlsx import Row, kind_of, open_workbook
from sijill_client.reader import Reader

TIME = "2026-02-02 09:15:00Z"

LINKS = """<Relationships>
<Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="http://x/worksheet" Target="/xl/worksheets/sheet2.xml"/>
<Relationship Id="s" Type="http://x/styles" Target="styles.xml"/>
<Relationship Id="t" Type="http://x/sharedStrings" Target="SharedStrings.xml"/>
</Relationships>"""
#: Styles 0 to 6: plain, a date, a form of its own, a span, a time of day, money, a literal h.
STYLES = """<styleSheet><numFmts>
<numFmt numFmtId="164" formatCode="[$-40C]dd/mm/yyyy\\ hh:mm;@"/>
<numFmt numFmtId="165" formatCode="[h]:mm:ss"/>
<numFmt numFmtId="166" formatCode="#,##0.00\\ &quot;dirhams&quot;"/>
<numFmt numFmtId="167" formatCode="0.0&quot; h&quot;"/>
</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>
<xf numFmtId="14"/>
<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="21"/><xf numFmtId="166"/>
<xf numFmtId="167"/></cellXfs>
</styleSheet>"""


def book(more: str = "", first: str = "", second: str = "") -> str:
    return f"""<workbook xmlns:r="x"><workbookPr {more}/><sheets>
<sheet name="One" sheetId="1" r:id="r1" {first}/><sheet name="Two" sheetId="2" r:id="r2" {second}/>
</sheets></workbook>"""


def sheet(rows: str) -> str:
    return f'<worksheet><dimension ref="A1"/><sheetData>{rows}</sheetData></worksheet>'


def rows_of(path: Path, name: str = "One") -> list[Row]:
    with path.open("rb") as file:
        return list(open_workbook(file).rows(name))


def cells(folder: Path, row: str, more: str = "", **parts: str) -> list[str]:
    """The cells of a sheet's one row."""
    parts = {"book": book(more), "links": LINKS, "sheet1": sheet(row), "styles": STYLES} | parts
    ((_, found),) = rows_of(write_parts(folder / "a.xlsx", **parts))
    return found


def test_each_type_of_cell_is_what_a_text_table_would_say(tmp_path: Path) -> None:
    strings = """<sst><si><t>plain</t></si><si><r><t>two </t></r><r>
<t xml:space="preserve">runs</t></r>
<rPh><t>aside</t></rPh></si><si><t>a_x000D_b</t></si></sst>"""
    row = """<row r="7"><c r="A7" t="s"><v>0</v></c><c r="B7" t="s"><v>1</v></c><c r="C7" t="s">
<v>2</v></c>
<c r="D7" t="inlineStr"><is><t>in </t><rPh><t>aside</t></rPh><r><t>line</t></r></is></c>
<c r="E7" t="b"><v>1</v></c><c r="F7" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="G7" t="str">
<f>A1</f><v>cached</v></c>
<c r="H7"><f>SUM(A1)</f><v>1.1000000000000001</v></c><c r="I7"><v>900001</v></c><c r="J7">
<v>1.5E-2</v></c>
<c r="K7" t="d"><v>2026-03-02T09:00:00</v></c><c r="L7" s="1"/><c r="AA7"><v>-3</v></c></row>"""
    found = cells(tmp_path, row, strings=strings)
    assert found[:6] == ["plain", "two runs", "a\rb", "in line", "true", "#DIV/0!"]
    assert found[6:11] == ["cached", "1.1", "900001", "0.015", "2026-03-02T09:00:00"]
    assert found[11:] == [*[""] * 15, "-3"]


@pytest.mark.parametrize(
    ("style", "number", "text"),
    [
        (1, "46083", "2026-03-02 00:00:00"),
        (2, "46083.37847222222", "2026-03-02 09:05:00"),
        (1, "1", "1900-01-01 00:00:00"),
        (3, "1.5", "36:00:00"),
        (3, "5.2083333333333333E-3", "0:07:30"),
        (4, "0.25", "6:00:00"),
        (5, "1234.5", "1234.5"),
        (6, "7.5", "7.5"),
        (99, "17", "17"),
        (1, "1E+300", "1E+300"),
    ],
)
def test_a_number_is_what_its_form_shows(
    tmp_path: Path, style: int, number: str, text: str
) -> None:
    assert cells(tmp_path, f'<row r="1"><c r="A1" s="{style}"><v>{number}</v></c></row>') == [text]


def test_days_may_be_counted_from_1904(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1" s="2"><v>44621.37847222222</v></c></row>'
    assert cells(tmp_path, row, 'date1904="1"') == ["2026-03-02 09:05:00"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", "number"),
        ("0.00E+00", "number"),
        ('_-* #,##0.00\\ "MAD"_-;-* #,##0.00\\ "MAD"_-', "number"),
        ("[Red]0;[Blue]0", "number"),
        ("mmm\\-yy", "time"),
        ("d. m. yyyy", "time"),
        ("[$-409]h:mm AM/PM", "clock"),
        ("mm:ss.0", "clock"),
        ("[mm]", "clock"),
        ("yyyy/mm/dd hh:mm:ss", "time"),
    ],
)
def test_a_form_shows_a_number_a_day_or_a_span(code: str, kind: str) -> None:
    assert kind_of(code) == kind


def test_what_programs_leave_out_or_write_with_prefixes_is_read_all_the_same(
    tmp_path: Path,
) -> None:
    """Neither references, nor styles, nor shared strings; rows without numbers."""
    bare = """<x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c t="str"><x:v>a</x:v></x:c><x:c/>
<x:c><x:v>2</x:v></x:c></x:row><x:row/><x:row r="5"><x:c t="inlineStr"><x:is><x:t>b</x:t></x:is>
</x:c></x:row>
<x:row><x:c><x:v>3</x:v></x:c></x:row></x:sheetData></x:worksheet>"""
    path = write_parts(tmp_path / "a.xlsx", book=book(), links=LINKS, sheet1=bare)
    assert rows_of(path) == [(1, ["a", "", "2"]), (5, ["b"]), (6, ["3"])]


def test_what_is_no_whole_workbook_says_so(tmp_path: Path) -> None:
    cut = sheet('<row r="1"><c r="A1"><v>1</v></c></row>')[:-20]
    declared = f"<!DOCTYPE a [<!ENTITY b 'c'>]>{sheet('')}"
    for text in (cut, declared, sheet('<row><c r="ZZZ1"><v>1</v></c></row>')):
        path = write_parts(tmp_path / "a.xlsx", book=book(), links=LINKS, sheet1=text)
        with pytest.raises(UnreadableFile, match=r"not a (whole )?workbook"):
            rows_of(path)
    (fault,) = read([write_parts(tmp_path / "b.xlsx", book=book())]).bad_files
    assert fault.reason == "not a whole workbook: it lacks xl/_rels/workbook.xml.rels"


def test_a_formula_that_was_never_calculated_passes_for_nothing(tmp_path: Path) -> None:
    row = """<row r="2"><c r="A2"><f>B1&amp;"-1"</f></c><c r="B2"><f>0.5*2</f><v/></c>
<c r="C2" t="str"><f>IF(A1,"","x")</f><v></v></c><c r="D2"><f>1+1</f><v>2</v></c></row>"""
    path = write_parts(tmp_path / "a.xlsx", book=book(), links=LINKS, sheet1=sheet(row))
    ((_, (first, second, third, fourth)),) = rows_of(path)
    assert (
        first == '\x1a=B1&"-1": never calculated; open the file in Excel or LibreOffice and save it'
    )
    assert second.startswith("\x1a=0.5*2: never")
    assert (third, fourth) == ("", "2")
    written = line(2, "u1", TIME).replace("</row>", "<c><f>B1</f></c></row>")
    used = sheet(line(1, "w", "t", "id") + written)
    path = write_parts(tmp_path / "a.xlsx", book=book(), links=LINKS, sheet1=used)
    named = "columns: {worker: w, submitted: t, task: id}"
    reading = read([path], mapping=load_mapping(file_of(tmp_path / "m.yaml", named)))
    assert "is not an id: '\\x1a=B1" in reasons(reading)[0]


def line(number: int, *texts: str) -> str:
    inline = (f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{"".join(inline)}</row>'


REPORT = sheet(
    line(1, "Rapport de mars")
    + line(2, "Édité le", "1 avril")
    + line(5, "Réf. tâche", "ID\nannotateur", "Contrôle", "Fin", "Durée", "Gain (mad)", "Projet")
    + line(6, "T1", "a-1", "Validé", "2026-02-02 09:07:30", "0:07:30", "2.5", "P1")
    + line(7, "T2", "a-1", "#N/A", "2026-02-02 09:15:00", "", "2.5", "P1")
    + line(9, "Total", "", "", "", "", "5")
)


def test_a_report_with_a_title_a_hidden_sheet_and_a_total_is_mapped_and_read(
    tmp_path: Path,
) -> None:
    hidden = book(first='state="hidden"')
    path = write_parts(
        tmp_path / "mars.xlsx", book=hidden, links=LINKS, sheet1=sheet(line(1, "x")), sheet2=REPORT
    )
    text = guess_mapping(path)
    assert "# Of this file its header is row 5; the rows above it were not read.\n" in text
    assert '  task: "Réf. tâche"  # T1, T2, Total' in text
    # No name tells that it is the status, its words do.
    assert '  status: "Contrôle"  # Validé' in text
    assert "  currency: MAD  # from the column's name" in text
    reading = read([path], mapping=load_mapping(file_of(tmp_path / "m.yaml", text)))
    assert reading.bad_files == []
    assert reading.notes == ["mars.xlsx: its header is row 5; the rows above it were not read"]
    assert reasons(reading) == ["mars.xlsx, line 9: ID annotateur is empty"]
    assert reading.by_status() == {"validé": 1, "none": 1}
    assert events(reading)["task.approved"]["data"]["seconds"] == 450
    assert len(all_events(reading)) == 3


def test_the_wanted_header_is_found_even_below_a_fuller_row(tmp_path: Path) -> None:
    above = line(1, "Q1", "Q2", "Q3", "Q4", "Q5") + line(2, "Who", "When")
    rows = above + line(3, "u1", "2026-02-02 09:15:00Z")
    path = write_parts(tmp_path / "a.xlsx", book=book(), links=LINKS, sheet1=sheet(rows))
    mapping = load_mapping(file_of(tmp_path / "m.yaml", "columns: {worker: who, submitted: when}"))
    reading = read([path], mapping=mapping)
    assert (reading.rows, len(all_events(reading))) == (1, 1)
    wrong = load_mapping(file_of(tmp_path / "m.yaml", "columns: {worker: w, submitted: when}"))
    (fault,) = read([path], mapping=wrong).bad_files
    assert "the file lacks: w" in fault.reason


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "csv"])
def test_the_bar_moves_within_a_file_of_any_kind(tmp_path: Path, kind: str) -> None:
    path, lines = tmp_path / f"a.{kind}", 20_000
    # Texts of chance, so that nothing packs them into one piece.
    users = [random.Random(n).randbytes(16).hex() for n in range(lines)]
    if kind == "xlsx":
        rows = line(1, "w", "t") + "".join(line(n, one, TIME) for n, one in enumerate(users, 2))
        write_parts(path, book=book(), links=LINKS, sheet1=sheet(rows))
    elif kind == "parquet":
        parquet.write_table(arrow.table({"w": users, "t": [TIME] * lines}), path)
    else:
        file_of(path, "w,t\n" + "".join(f"{one},{TIME}\n" for one in users))
    told: list[float] = []
    mapping = load_mapping(file_of(tmp_path / "m.yaml", "columns: {worker: w, submitted: t}"))
    reader = Reader("auto", SOURCE, PSEUDONYMS, NOW, mapping)
    reader.read([path], lambda phase, done, total: told.append(done / total))
    assert told == sorted(told)
    assert (told[0], told[-1], reader.reading.rows) == (0, 1, lines)
    # The second half is that of the rows; the first is for what the file is known by.
    assert len([one for one in told if 0.5 < one < 1]) >= 1
