"""Where the bytes of an import lie: a plain file, a gzip file, the members of a zip file.

Nothing is ever held whole: a source is read once for its digest and once for its rows.
"""

import codecs
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, cast

from sijill_client.errors import UnreadableFile

#: Bytes from which format, encoding and separator are told.
HEAD_BYTES = 256 * 1024
_CHUNK = 1024 * 1024
#: Bytes that are read ahead: few, because packed ones are many rows.
_AHEAD = 64 * 1024
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Members of a zip file that make it a workbook: xlsx, xlsb, ods.
_XLSX = {"xl/workbook.xml"}
_WORKBOOKS = (_XLSX, {"xl/workbook.bin"}, {"mimetype", "content.xml"})
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: What reading damaged archives raises.
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)

Advance = Callable[[int], None]


def _as_windows_1252(fault: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are Windows-1252, one by one: files are pasted together."""
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return fault.object[fault.start : fault.end].decode("cp1252", "replace"), fault.end


codecs.register_error("sijill-windows-1252", _as_windows_1252)


@dataclass(frozen=True, slots=True)
class Source:
    """One table or list of events. `digest` is that of its content, unpacked."""

    name: str
    path: Path
    member: str | None
    packed: Literal["", "gzip", "zip"]
    digest: bytes
    head: bytes

    @property
    def is_parquet(self) -> bool:
        """Whether it is an Apache Parquet file."""
        return self.head.startswith(_PARQUET)

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook of Excel or LibreOffice; those are zip files, or older."""
        return not self.packed and self.head.startswith((_ZIP, _XLS))

    @property
    def is_xlsx(self) -> bool:
        """Whether it is one of Excel since 2007, and not of its binary kind."""
        if not (self.is_workbook and self.head.startswith(_ZIP)):
            return False
        with _naming_damage(), zipfile.ZipFile(self.path) as archive:
            return set(archive.namelist()) >= _XLSX

    @property
    def text_head(self) -> str:
        """The beginning as text; its last line may be cut."""
        with _text(io.BytesIO(self.head), self.head) as text:
            return text.read()

    @contextmanager
    def text(self, advance: Advance) -> Iterator[IO[str]]:
        """The content as text, line ends as they are. `UnreadableFile` if it breaks off.

        `advance` is told how many bytes of the file were read since it was told last.
        """
        with (
            self.bytes(advance) as raw,
            _text(raw, self.head) as text,
        ):
            yield text

    @contextmanager
    def bytes(self, advance: Advance) -> Iterator[BinaryIO]:
        """The content as bytes, unpacked."""
        with _naming_damage(), self.path.open("rb") as file:
            counted = io.BufferedReader(_Counted(file, advance), _AHEAD)
            with _unpacked(counted, self.packed, self.member) as raw:
                yield raw


def sources(path: Path, advance: Advance) -> Iterator[Source]:
    """What lies in a file. `UnreadableFile` says why that cannot be told."""
    try:
        with path.open("rb") as file:
            first = file.read(len(_XLS))
        if first.startswith(_ZIP):
            yield from _members(path, advance)
        else:
            packed: Literal["", "gzip"] = "gzip" if first.startswith(_GZIP) else ""
            yield _source(path.name, path, None, packed, advance)
    except OSError as fault:
        raise UnreadableFile(f"cannot be opened: {fault.strerror or fault}") from None


def _members(path: Path, advance: Advance) -> Iterator[Source]:
    with _naming_damage(), zipfile.ZipFile(path) as archive:
        listed = archive.infolist()
    names = [one.filename for one in listed if not one.is_dir() and one.file_size]
    if any(members <= set(names) for members in _WORKBOOKS):
        yield _source(path.name, path, None, "", advance)
        return
    wanted = [name for name in names if not name.startswith("__MACOSX/")]
    if not wanted:
        raise UnreadableFile("the zip file holds no files")
    for name in wanted:
        yield _source(f"{path.name}/{name}", path, name, "zip", advance)


def _source(
    name: str, path: Path, member: str | None, packed: Literal["", "gzip", "zip"], advance: Advance
) -> Source:
    """Reads everything once: for the digest, and to know that it is whole."""
    digest, head = hashlib.sha256(), b""
    with Source(name, path, member, packed, b"", b"").bytes(advance) as raw:
        while chunk := raw.read(_CHUNK):
            digest.update(chunk)
            if len(head) < HEAD_BYTES:
                head += chunk[: HEAD_BYTES - len(head)]
    return Source(name, path, member, packed, digest.digest(), head)


@contextmanager
def _unpacked(file: BinaryIO, packed: str, member: str | None) -> Iterator[BinaryIO]:
    if packed == "gzip":
        with gzip.GzipFile(fileobj=file) as raw:
            yield cast(BinaryIO, io.BufferedReader(raw, _CHUNK))
    elif packed == "zip" and member is not None:
        with zipfile.ZipFile(file) as archive, archive.open(member) as found:
            yield cast(BinaryIO, found)
    else:
        yield file


@contextmanager
def _naming_damage() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as fault:
        raise UnreadableFile(f"damaged or cut off, fetch it again: {fault}") from None
    except (RuntimeError, NotImplementedError) as fault:
        # zipfile: encrypted, or packed in a way that Python does not know.
        raise UnreadableFile(f"cannot be unpacked: {fault}") from None


def _text(raw: BinaryIO, head: bytes) -> io.TextIOWrapper:
    encoding, errors = _encoding(head)
    return io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline="")


def _encoding(head: bytes) -> tuple[str, str]:
    """The encoding of a text that does not state it, and what becomes of bytes that are not so."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, "sijill-windows-1252" if encoding.startswith("utf-8") else "replace"
    if b"\0" in head[:64]:
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le", "replace"
    return "utf-8", "sijill-windows-1252"


class _Counted(io.RawIOBase):
    """A raw file that tells how far it was read."""

    def __init__(self, file: BinaryIO, advance: Advance) -> None:
        self._file, self._advance = file, advance

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: object) -> int:
        read: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self._advance(read)
        return read
