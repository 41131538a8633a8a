"""Workbooks of Excel (.xlsx, .xlsm), read a row at a time: ECMA-376, Office Open XML.

The standard library is enough for what an import needs: the text of cells. Only the table of shared
strings is held in memory. Programs other than Excel leave out what they may, so nothing but the
cells themselves is taken for granted: neither references, nor styles, nor a dimension.
"""

import posixpath
import re
import zipfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, BinaryIO, Literal
from xml.parsers import expat

from sijill_client.errors import UnreadableFile
from sijill_client.importers.values import clock_text, text_of

_CHUNK = 256 * 1024
#: What Excel allows; a reference beyond it is no reference.
COLUMNS_MAX = 16_384
#: Characters of a cell; Excel allows 32,767.
CELL_CHARS_MAX = 1024 * 1024
#: Bytes of all shared strings together, which are the one thing held in memory.
STRINGS_BYTES_MAX = 160 * 1024 * 1024
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]*\Z")
#: A formula that some program wrote and none calculated. The control character keeps it from
#: passing for an id, or anything else.
_UNCALCULATED = "\x1a={}: never calculated; open the file in Excel or LibreOffice and save it"
_WORKBOOK = "xl/workbook.xml"
_MS = timedelta(milliseconds=1)

#: What a cell's number means by the form in which it is shown.
Kind = Literal["number", "time", "clock"]
#: Forms that need no code in the file (ECMA-376 part 1, 18.8.30; 27 to 36 and 50 to 58 are dates of
#: East Asian Excels).
_BUILT_IN: dict[int, Kind] = (
    dict.fromkeys((*range(14, 18), 22, *range(27, 37), *range(50, 59)), "time")
    | dict.fromkeys((*range(18, 22), *range(45, 48)), "clock")
)  # fmt: skip
#: What stands in a form's code for itself: quoted, escaped, a colour, a locale, a filler.
_LITERAL = re.compile(r'"[^"]*"|\\.|[_*].|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)

Row = tuple[int, list[str]]
Start = Callable[[str, dict[str, str]], None]


@dataclass(slots=True)
class Workbook:
    """A workbook that is open. `names`: its sheets, without those that Excel hides."""

    archive: zipfile.ZipFile
    sheets: dict[str, str]
    strings: "_Strings"
    kinds: list[Kind]
    epoch: datetime

    @property
    def names(self) -> list[str]:
        """The names of the sheets."""
        return list(self.sheets)

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a sheet in which a cell says something, with their numbers."""
        sheet = _Sheet(self)
        with self.archive.open(self.sheets[name]) as file:
            for _ in _parsed(file, sheet.start, sheet.end, sheet.data):
                yield from sheet.rows
                sheet.rows.clear()


def open_workbook(file: BinaryIO) -> Workbook:
    """Reads everything but the rows. `UnreadableFile` if it is no whole workbook."""
    archive = zipfile.ZipFile(file)
    sheets, strings, styles = _Listed(), _Strings(), _Styles()
    _read(archive, _WORKBOOK, sheets.start)
    links = _Links(posixpath.dirname(_WORKBOOK))
    _read(archive, "xl/_rels/workbook.xml.rels", links.start)
    parts = {name.casefold(): name for name in archive.namelist()}
    if part := parts.get(links.of_kind("sharedStrings").casefold()):
        _read(archive, part, strings.start, strings.end, strings.data)
    if part := parts.get(links.of_kind("styles").casefold()):
        _read(archive, part, styles.start)
    found = {
        name: parts.get(links.parts.get(link, "").casefold(), "")
        for name, link in sheets.in_order()
    }
    # A sheet that is a chart alone has no rows.
    shown = {name: part for name, part in found.items() if part and "chartsheets/" not in part}
    epoch = datetime(1904, 1, 1) if sheets.since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    return Workbook(archive, shown, strings, styles.kinds, epoch)


def kind_of(code: str) -> Kind:
    """What a number shown in this form is: `dd/mm/yyyy hh:mm`, `[h]:mm:ss`, `0.00`."""
    plain = _LITERAL.sub("", code.partition(";")[0]).casefold()
    if plain == "general" or not set(plain) & set("dmyhs"):
        return "number"
    # An m alone is a month; beside hours or seconds it is minutes.
    clock = set(plain) & set("hs") and not set(plain) & set("dy")
    return "clock" if clock or re.search(r"\[[hms]+\]", plain) else "time"


def _parsed(
    file: IO[bytes],
    start: Start,
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Parses a part, a piece at a time; handlers see names without their prefixes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def first(name: str, attributes: dict[str, str]) -> None:
        # Excel writes no prefixes; who writes them, does so from the first element on.
        plain = ":" not in name
        parser.StartElementHandler = start if plain else lambda n, a: start(_bare(n), a)
        if end is not None:
            parser.EndElementHandler = end if plain else lambda n: end(_bare(n))
        parser.CharacterDataHandler = data
        start(_bare(name), attributes)

    parser.StartElementHandler = first
    parser.StartDoctypeDeclHandler = _refuse
    try:
        while chunk := file.read(_CHUNK):
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as fault:
        raise UnreadableFile(f"not a whole workbook: {fault}") from None
    yield


def _read(
    archive: zipfile.ZipFile,
    part: str,
    start: Start,
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
) -> None:
    try:
        with archive.open(part) as file:
            for _ in _parsed(file, start, end, data):
                pass
    except KeyError:
        raise UnreadableFile(f"not a whole workbook: it lacks {part}") from None


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*declared: object) -> None:
    raise UnreadableFile("not a workbook of Excel: it declares a document type")


@dataclass(slots=True)
class _Listed:
    """What `workbook.xml` says: the sheets, and from which day dates are counted."""

    shown: list[tuple[str, str]] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    since_1904: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A sheet, or the workbook's properties."""
        if tag == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif tag == "sheet":
            link = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            shown = attributes.get("state", "visible") == "visible"
            (self.shown if shown else self.hidden).append((attributes.get("name", ""), link))

    def in_order(self) -> list[tuple[str, str]]:
        """Name and link of each sheet that people see; of all, if they see none."""
        return self.shown or self.hidden


@dataclass(slots=True)
class _Links:
    """Which part each link of the workbook leads to."""

    folder: str
    parts: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A link."""
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            # A target is relative to the workbook, unless it begins at the archive's root.
            target = posixpath.join("/" + self.folder, attributes.get("Target", ""))
            part = posixpath.normpath(target).lstrip("/")
            self.parts[attributes.get("Id", "")] = part
            self.kinds[attributes.get("Type", "").rpartition("/")[2]] = part

    def of_kind(self, kind: str) -> str:
        """The one part of a kind; empty if there is none."""
        return self.kinds.get(kind, "")


class _Strings:
    """The texts that cells share, as one run of bytes: a list of them would take twice as much."""

    def __init__(self) -> None:
        self._bytes, self._ends = bytearray(), array("Q")
        self._parts: list[str] = []
        self._reading, self._aside = False, 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A text, a run of it, or how it is pronounced."""
        if tag == "rPh":
            self._aside += 1
        elif tag == "t":
            self._reading = not self._aside

    def data(self, text: str) -> None:
        """Characters."""
        if self._reading:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        """The end of any of these."""
        if tag == "t":
            self._reading = False
        elif tag == "rPh":
            self._aside -= 1
        elif tag == "si":
            self._bytes += "".join(self._parts).encode("utf-8", "replace")
            self._ends.append(len(self._bytes))
            self._parts.clear()
            if len(self._bytes) > STRINGS_BYTES_MAX:
                raise UnreadableFile(
                    f"its texts take over {STRINGS_BYTES_MAX // 1024**2} MB: save the sheet as CSV"
                )

    def at(self, text: str) -> str:
        """The text of this number."""
        number = int(text)
        if not 0 <= number < len(self._ends):
            raise ValueError(f"no shared string {number}")
        begin = self._ends[number - 1] if number else 0
        return self._bytes[begin : self._ends[number]].decode()


@dataclass(slots=True)
class _Styles:
    """By the number of a cell's style: what a number in it is."""

    kinds: list[Kind] = field(default_factory=list)
    _codes: dict[int, Kind] = field(default_factory=dict)
    _within: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Forms come before the styles that use them."""
        number = attributes.get("numFmtId", "0")
        form = int(number) if number.isdigit() else 0
        if tag == "numFmt":
            self._codes[form] = kind_of(attributes.get("formatCode", ""))
        elif tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            self._within = tag == "cellXfs"
        elif tag == "xf" and self._within:
            self.kinds.append(self._codes.get(form) or _BUILT_IN.get(form, "number"))


class _Sheet:
    """The rows of a sheet as they are parsed; `rows` holds those that are whole."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self.rows: list[Row] = []
        self._line, self._cells = 0, list[str]()
        self._kind, self._style, self._place = "n", "", -1
        self._text: list[str] = []
        self._reading, self._aside = False, 0
        self._formula: str | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A row, a cell, what is in it."""
        if tag == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._place = _place(attributes.get("r", ""), self._place + 1)
            self._text.clear()
        elif tag in ("v", "t"):
            self._reading = not self._aside
        elif tag == "f":
            self._reading = True
        elif tag == "rPh":
            self._aside += 1
        elif tag == "row":
            number = attributes.get("r", "")
            self._line = int(number) if number.isdigit() else self._line + 1
            self._cells, self._place = [], -1

    def data(self, text: str) -> None:
        """Characters of a cell."""
        if self._reading:
            self._text.append(text)
            if len(text) > CELL_CHARS_MAX:
                raise UnreadableFile(
                    f"row {self._line}: a cell of over {CELL_CHARS_MAX:,} characters"
                )

    def end(self, tag: str) -> None:
        """The end of any of these."""
        if tag == "c":
            if text := self._whole():
                self._cells += [""] * (self._place + 1 - len(self._cells))
                self._cells[self._place] = text
        elif tag in ("v", "t"):
            self._reading = False
        elif tag == "f":
            self._formula, self._reading = "".join(self._text), False
            self._text.clear()
        elif tag == "rPh":
            self._aside -= 1
        elif tag == "row" and any(self._cells):
            self.rows.append((self._line, self._cells))

    def _whole(self) -> str:
        """The text of the cell that ends."""
        value, formula, self._formula = "".join(self._text), self._formula, None
        if value:
            return self._said(value)
        # The result of a formula may be an empty text, but no empty number.
        return "" if formula is None or self._kind == "str" else _UNCALCULATED.format(formula[:40])

    def _said(self, value: str) -> str:
        """The cell as a text table would say it. What is no value of its type stays as it is."""
        try:
            if self._kind == "s":
                return _unescaped(self._workbook.strings.at(value))
            if self._kind == "n":
                return self._number(value)
        except (ValueError, OverflowError):
            return value
        if self._kind == "b":
            return {"0": "false", "1": "true"}.get(value, value)
        return _unescaped(value)

    def _number(self, value: str) -> str:
        number = float(value)
        style = int(self._style) if self._style.isdigit() else 0
        kinds = self._workbook.kinds
        kind = kinds[style] if style < len(kinds) else "number"
        if kind == "number":
            return text_of(number)
        # To the millisecond, as Excel counts: days as a float are a few microseconds off.
        since = timedelta(milliseconds=round(number * 86_400_000))
        if kind == "clock":
            return clock_text(since)
        # Excel's 1900 has a 29 February, so that the days before it are one off.
        early = self._workbook.epoch.year < 1900 and number < 60
        return text_of(self._workbook.epoch + since + timedelta(days=early))


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold are written so (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _place(reference: str, following: int) -> int:
    """The column of a reference such as `AB12`, from 0; without one the column that follows."""
    place = following
    if found := _REFERENCE.match(reference):
        place = 0
        for letter in found[1]:
            place = place * 26 + ord(letter) - 64
        place -= 1
    if place >= COLUMNS_MAX:
        raise UnreadableFile(f"not a workbook of Excel: it has over {COLUMNS_MAX:,} columns")
    return place
