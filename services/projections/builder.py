"""A process of its own that builds rows, so that decoding runs beside PostgreSQL's folding.

It knows no database and keeps no state: it may die at any moment, is started again and asked
again. It ends when its input does, so one whose parent was killed does not stay behind.
"""

import asyncio
import gc
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, Self

import msgspec
import structlog

from events.days import Days
from events.errors import Fatal
from services.projections.building import Built, Counted, Undigested, build

_log = structlog.get_logger()
#: Seconds after which an answer that did not come is one that never will.
BUILD_SECONDS_MAX = 60.0
#: How often a batch is asked for: a process may be killed by chance, hardly twice at one batch.
_TRIES = 2
#: Bytes of the length before each message.
_LENGTH_BYTES = 8
#: Bytes of an answer that wait in the parent before it reads them.
_WAITING_BYTES = 1 << 22
#: Objects made before Python looks for cycles: rows have none, and looking costs a tenth.
_OBJECTS_BEFORE_COLLECTION = 100_000

_ASKED = msgspec.msgpack.Decoder(list[Counted])
_ANSWERED: msgspec.msgpack.Decoder[Built | Undigested] = msgspec.msgpack.Decoder(Built | Undigested)


class BuilderProcess:
    """The parent's side. One batch at a time; started when first asked."""

    def __init__(self, time_zone: str) -> None:
        self._time_zone = time_zone
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The process that lives now, if one does."""
        return None if self._process is None else self._process.pid

    async def build(self, leaves: Sequence[Counted]) -> Built | Undigested:
        """The rows of leaves. Raises `Fatal` if the process dies again and again over them."""
        asked = msgspec.msgpack.encode(leaves)
        for _ in range(_TRIES):
            try:
                return await self._ask(asked)
            except (OSError, asyncio.IncompleteReadError) as error:
                _log.warning("the builder died: started again", pid=self.pid, error=str(error))
                await self.close()
            except BaseException:
                # An answer that nobody waited for would be taken for the next one.
                await self.close()
                raise
        raise Fatal(f"the builder died {_TRIES} times over leaf {leaves[0].index} and those after")

    async def _ask(self, asked: bytes) -> Built | Undigested:
        process = self._process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(BUILD_SECONDS_MAX):
            process.stdin.write(len(asked).to_bytes(_LENGTH_BYTES))
            process.stdin.write(asked)
            await process.stdin.drain()
            length = int.from_bytes(await process.stdout.readexactly(_LENGTH_BYTES))
            return _ANSWERED.decode(await process.stdout.readexactly(length))

    async def _start(self) -> Process:
        command = (sys.executable, "-m", __name__, self._time_zone)
        return await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, limit=_WAITING_BYTES
        )

    async def close(self) -> None:
        """End the process; whatever it was doing is of no use any more."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            # Read to the end, so that its pipes are closed and not left to the collector.
            await process.communicate()


def main() -> None:
    """Answer until the input ends."""
    # What asks the parent to stop reaches its whole group; the parent finishes its batch first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    days, answers = Days(sys.argv[1]), sys.stdout.buffer
    # Nothing but answers may reach the parent by this way.
    sys.stdout = sys.stderr
    with suppress(BrokenPipeError):
        while (asked := _read(sys.stdin.buffer)) is not None:
            answer = msgspec.msgpack.encode(build(_ASKED.decode(asked), days))
            answers.write(len(answer).to_bytes(_LENGTH_BYTES))
            answers.write(answer)
            answers.flush()
    os._exit(0)


def _read(source: BinaryIO) -> bytes | None:
    length = source.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    message = source.read(int.from_bytes(length))
    return message if len(message) == int.from_bytes(length) else None


if __name__ == "__main__":
    main()
