"""Files in, a `Reading` and events out: which importer reads what, and in which order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sijill_client.batches import ReadyEvent
from sijill_client.errors import UnreadableFile
from sijill_client.importers import json_rows, parquet, workbook
from sijill_client.importers.detect import EVENTS, table_format
from sijill_client.importers.events_file import read_events
from sijill_client.importers.formats import MTURK_API, Format
from sijill_client.importers.merge import Reading
from sijill_client.importers.records import Fault
from sijill_client.importers.rows import RowFault, RowReader
from sijill_client.importers.source import Source, sources
from sijill_client.importers.table import Record, places_of, read_table
from sijill_client.pseudonyms import Pseudonyms

Progress = Callable[[str, int, int], None]
#: Bytes between two words of progress, at most; a bar moves a hundred times in any file.
_STEP, _STEPS = 4 * 1024 * 1024, 100
#: Dates show an order only if there are such in the file that read either way.
_OTHER_ORDER = (
    "line {line}: {reason}. Other dates of the file can be read in both orders, so nothing of it "
    "was read: write its dates as 2015-04-13 10:02, or name their order in a mapping (--map)"
)


@dataclass(slots=True)
class _Meter:
    """Bytes of the files that were read, of twice all: for their digests, then for their rows."""

    progress: Progress
    total: int
    done: int = 0
    told: int = 0
    step: int = field(init=False)

    def __post_init__(self) -> None:
        self.step = min(_STEP, self.total // _STEPS)
        self.progress("read", 0, self.total)

    def advance(self, more: int) -> None:
        # A file that grew, or a zip file's directory, is read more than once.
        self.done = min(self.done + more, self.total)
        if self.done - self.told >= self.step:
            self.told = self.done
            self.progress("read", self.done, self.total)

    def end(self) -> None:
        self.progress("read", self.total, self.total)


@dataclass(slots=True)
class Reader:
    """Reads the files of one command. `source` is the platform's, `now` the time of the command."""

    format: str
    source: str
    pseudonyms: Pseudonyms
    now: datetime
    mapping: Format | None = None
    reading: Reading = field(default_factory=Reading)

    @property
    def ready(self) -> Iterator[ReadyEvent]:
        """The events of files that hold ready events, in their order."""
        return self.reading.spool.ready()

    def close(self) -> None:
        """Lets go of what was read."""
        self.reading.spool.close()

    def read(self, files: Sequence[Path], progress: Progress) -> None:
        """All files, in the order of their names and not in the order given.

        The counting rules say which row is the first; files of one name go by their content, so
        the folder in which they lie does not matter either.
        """
        meter = _Meter(progress, 2 * sum(_size(path) for path in files))
        opened = [one for path in files for one in self._opened(path, meter)]
        opened.sort(key=lambda one: (one.name, one.digest))
        self._note_copies(opened)
        names = Counter(one.name for one in opened)
        for one in opened:
            # A name alone is what people look for; of two of one name the folder matters too.
            self._file(one.name if names[one.name] == 1 else str(one.path), one, meter)
        meter.end()

    def _opened(self, path: Path, meter: _Meter) -> list[Source]:
        try:
            return list(sources(path, meter.advance))
        except UnreadableFile as fault:
            self.reading.bad_files.add(Fault(str(path), 0, str(fault)))
            return []

    def _note_copies(self, opened: Iterable[Source]) -> None:
        first: dict[bytes, Source] = {}
        for one in opened:
            known = first.setdefault(one.digest, one)
            if known is one:
                continue
            again = (known.path, known.member) == (one.path, one.member)
            said = "is named twice" if again else f"holds the same bytes as {known.name}"
            self.reading.notes.append(f"{one.name} {said}: its rows count once")

    def _file(self, name: str, source: Source, meter: _Meter) -> None:
        before = self.reading.rows
        try:
            with self.reading.file():
                self._import(name, source, meter)
        except UnreadableFile as fault:
            self.reading.bad_files.add(Fault(name, 0, str(fault)))
        else:
            if self.reading.rows == before:
                self.reading.notes.append(f"{name} holds no rows")

    def _import(self, name: str, source: Source, meter: _Meter) -> None:
        if source.is_parquet:
            self._parquet(name, source, meter)
        elif source.is_workbook:
            self._workbook(name, source, meter)
        elif json_rows.looks_like_json(source.text_head):
            self._json(name, source, meter)
        elif self.format == EVENTS:
            raise UnreadableFile(
                "not ready events: they are a JSON array, or one object a line. For a table leave "
                "--format out"
            )
        else:
            table = read_table(source, self._fits)
            form = self._form(table.header)
            if table.above:
                note = f"its header is line {table.line}; the lines above it were not read"
                self.reading.notes.append(f"{name}: {note}")
            with table.records(meter.advance) as records:
                self._rows(name, self._row_reader(form, table.columns, source), records)

    def _form(self, header: Sequence[str]) -> Format:
        columns = places_of(header)
        if self.mapping is None:
            return table_format(columns, self.format)
        if missing := self.mapping.missing(columns):
            here = ", ".join(filter(None, (" ".join(one.split()) for one in header)))
            raise UnreadableFile(
                f"the mapping names columns that the file lacks: {', '.join(missing)}. "
                f"The file has: {here}"
            )
        return self.mapping

    def _row_reader(self, form: Format, columns: dict[str, int], source: Source) -> RowReader:
        places, ordinal = form.places(columns), self.reading.spool.ordinal
        return RowReader(form, places, source.digest, self.pseudonyms, self.now, ordinal)

    def _rows(self, name: str, reader: RowReader, records: Iterable[Record]) -> None:
        day_order: Record | None = None
        for record in records:
            self._row(name, reader, record)
            if reader.other_order and day_order is None:
                day_order = record
        if day_order is not None and reader.either_way:
            raise UnreadableFile(
                _OTHER_ORDER.format(line=day_order.line, reason=reader.other_order)
            )

    def _row(self, name: str, reader: RowReader, record: Record) -> None:
        self.reading.rows += 1
        try:
            if record.fault is not None:
                raise RowFault(record.fault)
            self.reading.add(reader.read(record.cells), name, record.line)
        except RowFault as fault:
            self.reading.faults.add(Fault(name, record.line, str(fault)))

    def _json(self, name: str, source: Source, meter: _Meter) -> None:
        """Rows of a mapping, answers of the MTurk API, or ready events."""
        if self.mapping is not None:
            with source.text(_unseen) as text:
                self._form(list(json_rows.columns_seen(text)))
            self._objects(name, source, self.mapping, json_rows.mapped_rows, meter)
        elif self.format == MTURK_API.name or (self.format == "auto" and _is_api(source)):
            self._objects(name, source, MTURK_API, json_rows.api_rows, meter)
        elif self.format in ("auto", EVENTS):
            self._events(name, source, meter)
        else:
            raise UnreadableFile(f"JSON, which {self.format} never is: leave --format out")

    def _objects(
        self, name: str, source: Source, form: Format, rows: json_rows.Rows, meter: _Meter
    ) -> None:
        columns = json_rows.columns_of(form)
        with source.text(meter.advance) as text:
            records = json_rows.records(json_rows.objects(text), rows, columns)
            self._rows(name, self._row_reader(form, columns, source), records)

    def _parquet(self, name: str, source: Source, meter: _Meter) -> None:
        with parquet.table(source, meter.advance) as (header, records):
            form = self._form(header)
            self._rows(name, self._row_reader(form, places_of(header), source), records)

    def _workbook(self, name: str, source: Source, meter: _Meter) -> None:
        with workbook.table(source, meter.advance, self._fits) as sheet:
            form = self._form(sheet.header)
            reader = self._row_reader(form, places_of(sheet.header), source)
            self._rows(name, reader, sheet.records)
            self.reading.notes += (f"{name}: {note}" for note in sheet.notes())

    def _fits(self, header: Sequence[str]) -> bool:
        """Whether these names are the header of what is wanted."""
        try:
            self._form(header)
        except UnreadableFile:
            return False
        return True

    def _events(self, name: str, source: Source, meter: _Meter) -> None:
        with source.bytes(meter.advance) as raw:
            for number, found in read_events(raw, self.source):
                self.reading.rows += 1
                if isinstance(found, ReadyEvent):
                    self.reading.spool.add_ready(found)
                else:
                    self.reading.faults.add(Fault(name, number, found))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _unseen(more: int) -> None:
    """Progress of a look that is not counted."""


def _is_api(source: Source) -> bool:
    with source.text(_unseen) as text:
        found = (one for _, one in json_rows.objects(text) if isinstance(one, dict))
        return json_rows.is_api(next(found, {}))
