"""Files in, a `Reading` and events out: which importer reads what, and in which order."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sijill_client.batches import ReadyEvent
from sijill_client.errors import UnreadableFile
from sijill_client.importers.detect import EVENTS, looks_like_events, table_format
from sijill_client.importers.events_file import read_events
from sijill_client.importers.merge import Reading
from sijill_client.importers.mturk import MturkFile, RowFault
from sijill_client.importers.records import Fault
from sijill_client.importers.table import Table, decode, read_table
from sijill_client.pseudonyms import Pseudonyms

Progress = Callable[[str, int, int], None]


class _Opened(NamedTuple):
    path: Path
    body: bytes
    digest: bytes


@dataclass(slots=True)
class Reader:
    """Reads the files of one command. `source` is the platform's, `now` the time of the command."""

    format: str
    source: str
    pseudonyms: Pseudonyms
    now: datetime
    reading: Reading = field(default_factory=Reading)
    ready: list[ReadyEvent] = field(default_factory=list)

    def read(self, files: Sequence[Path], progress: Progress) -> None:
        """All files, in the order of their names and not in the order given.

        The counting rules say which row is the first; files of one name go by their content, so
        the folder in which they lie does not matter either.
        """
        opened = [file for path in files if (file := self._open(path)) is not None]
        opened.sort(key=lambda file: (file.path.name, file.digest))
        names = Counter(file.path.name for file in opened)
        for done, file in enumerate(opened):
            progress("read", done, len(opened))
            # A name alone is what people look for; of two of one name the folder matters too.
            alone = names[file.path.name] == 1
            self._file(file.path.name if alone else str(file.path), file)
        progress("read", len(opened), len(opened))

    def _open(self, path: Path) -> _Opened | None:
        try:
            body = path.read_bytes()
        except OSError as fault:
            self.reading.bad_files.append(
                Fault(str(path), 0, f"cannot be opened: {fault.strerror}")
            )
            return None
        return _Opened(path, body, hashlib.sha256(body).digest())

    def _file(self, name: str, file: _Opened) -> None:
        try:
            self._import(name, file.body, file.digest)
            self.reading.files += 1
        except UnreadableFile as fault:
            self.reading.bad_files.append(Fault(name, 0, str(fault)))

    def _import(self, name: str, body: bytes, digest: bytes) -> None:
        if self.format == EVENTS or (self.format == "auto" and looks_like_events(decode(body))):
            self._events(name, body)
            return
        table = read_table(body)
        self._table(name, table, table_format(table, self.format), digest)

    def _table(self, name: str, table: Table, format_name: str, digest: bytes) -> None:
        file = MturkFile.of(table, format_name, digest, self.pseudonyms, self.now)
        for record in table.records():
            self.reading.rows += 1
            try:
                self.reading.add(file.read(record), name, record.line)
            except RowFault as fault:
                self.reading.faults.append(Fault(name, record.line, str(fault)))

    def _events(self, name: str, body: bytes) -> None:
        for number, found in read_events(body, self.source):
            self.reading.rows += 1
            if isinstance(found, ReadyEvent):
                self.ready.append(found)
            else:
                self.reading.faults.append(Fault(name, number, found))
