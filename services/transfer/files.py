"""The file on disk or in a pipe: whole or not there, and nobody else's to read."""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from events.errors import Fatal
from services.transfer.format import LINE_BYTES_MAX, Line, Unsealing
from services.transfer.whole import Whole

#: Names a pipe: standard output, standard input.
PIPE = "-"
_PACKED = ".gz"
#: Packing harder costs several times the time and saves a tenth.
_LEVEL = 1
_BUFFER_BYTES = 1024 * 1024


@contextmanager
def writing(name: str) -> Iterator[Callable[[bytes], None]]:
    """What takes the bytes of a file. It bears its name once it is whole and on disk.

    Packed if the name ends in `.gz`. Raises ValueError if the file exists or cannot be made,
    `Fatal` if it cannot be written.
    """
    if name == PIPE:
        yield _told(sys.stdout.buffer.write, name)
        with _telling(name):
            sys.stdout.buffer.flush()
        return
    path, staged = Path(name), Path(f"{name}.part")
    if path.exists():
        raise ValueError(f"{path} exists already: name another file")
    with _made(staged) as raw:
        out = _packing(raw) if name.endswith(_PACKED) else raw
        try:
            yield _told(out.write, name)
            with _telling(name):
                _keep(out, raw)
                staged.rename(path)
        except BaseException:
            with suppress(OSError, ValueError):
                out.close()
            staged.unlink(missing_ok=True)
            raise


def _made(staged: Path) -> IO[bytes]:
    try:
        # Everything that platforms signed is in it.
        number = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ValueError(f"cannot make {staged}: {error.strerror}") from error
    return os.fdopen(number, "wb", buffering=_BUFFER_BYTES)


def _packing(raw: IO[bytes]) -> IO[bytes]:
    # Neither name nor time in it: the same log gives the same bytes.
    packed: Any = gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0)
    return io.BufferedWriter(packed, _BUFFER_BYTES)


def _keep(out: IO[bytes], raw: IO[bytes]) -> None:
    if out is not raw:
        out.close()
    raw.flush()
    os.fsync(raw.fileno())


def _told(write: Callable[[bytes], Any], name: str) -> Callable[[bytes], None]:
    def written(data: bytes) -> None:
        with _telling(name):
            write(data)

    return written


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """A full disk is the file's matter, not the database's."""
    try:
        yield
    except OSError as error:
        raise Fatal(f"cannot write {name}: {error.strerror or error}") from error


@contextmanager
def reading(name: str) -> Iterator[Iterator[Line]]:
    """The lines of an export, each proven when it is given; `Fatal` at the first that is not.

    Raises ValueError if there is no such file.
    """
    if name == PIPE:
        yield read_lines(sys.stdin.buffer, "standard input")
        return
    with _found(Path(name)) as raw:
        file: Any = gzip.GzipFile(fileobj=raw, mode="rb") if name.endswith(_PACKED) else raw
        yield read_lines(file, name)


def _found(path: Path) -> IO[bytes]:
    try:
        return path.open("rb", buffering=_BUFFER_BYTES)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error


def read_lines(file: IO[bytes], name: str) -> Iterator[Line]:
    """The lines of an open file; `name`: what it is called in errors."""
    unsealing, whole, number = Unsealing(), Whole(), 0
    try:
        while sealed := file.readline(LINE_BYTES_MAX + 1):
            number += 1
            line = unsealing.decode(sealed)
            whole.follow(line)
            yield line
        whole.finish()
    except (Fatal, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Fatal(f"{name}, line {number or 1}: {error}") from error
