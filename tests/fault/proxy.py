"""A proxy between two processes that hurts what passes, in toxiproxy's words.

It takes connections at one address, opens one to another for each, and hands bytes on both ways.
Addresses are TCP's (host, port) or a unix socket's path. `hurt` and `heal` work while it runs.
"""

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Flag, auto
from pathlib import Path

Address = tuple[str, int] | Path

#: Bytes read at once.
_CHUNK_BYTES = 65_536
#: SO_LINGER with no time to linger: closing sends a reset and drops what was not sent.
_NO_LINGER = struct.pack("ii", 1, 0)


class Side(Flag):
    """Which bytes are hurt: requests go up to the server, answers come down."""

    UP = auto()
    DOWN = auto()
    BOTH = UP | DOWN


@dataclass(frozen=True, slots=True)
class Toxic:
    """What is done to the bytes of one side or both."""

    side: Side = field(default=Side.BOTH, kw_only=True)


@dataclass(frozen=True, slots=True)
class Down(Toxic):
    """Nobody listens any more, and every connection is closed."""


@dataclass(frozen=True, slots=True)
class ResetPeer(Toxic):
    """Every connection is reset at once, and each new one as soon as it says something."""


@dataclass(frozen=True, slots=True)
class Latency(Toxic):
    """Bytes come later by `seconds`, give or take `jitter`."""

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Slicer(Toxic):
    """Bytes come in pieces of `size`, `seconds` apart, for the first `pieces` of each read."""

    size: int
    seconds: float = 0.0
    pieces: int = 32


@dataclass(frozen=True, slots=True)
class Timeout(Toxic):
    """Bytes vanish and connections stay open, until healed: what lost bytes is then closed."""


@dataclass(frozen=True, slots=True)
class LimitData(Toxic):
    """A connection is closed after it passed so many bytes of a side."""

    bytes_max: int


class Proxy:
    """One link. `hurt` replaces what hurt it before."""

    def __init__(self, listen: Address, target: Address) -> None:
        self.listen, self.target = listen, target
        #: Bytes that vanished on their way.
        self.lost = 0
        self._toxic: Toxic | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._holder: socket.socket | None = None

    async def open(self) -> None:
        """Listen; a TCP port of 0 becomes one that stays this link's until `close`."""
        if isinstance(self.listen, tuple):
            # Bound and never listening, it keeps the port ours while the link is down.
            self._holder = _bound(self.listen)
            self.listen = (self.listen[0], self._holder.getsockname()[1])
        await self._start()

    async def close(self) -> None:
        """End every connection and stop listening; returns when nothing of it runs any more."""
        await self._stop()
        self._end_all(reset=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._holder is not None:
            self._holder.close()

    async def hurt(self, toxic: Toxic) -> None:
        """Begin; connections that are open are hurt like those to come."""
        await self.heal()
        self._toxic = toxic
        if isinstance(toxic, Down):
            await self._stop()
        if isinstance(toxic, ResetPeer):
            self._end_all(reset=True)

    async def heal(self) -> None:
        """Hand on bytes again. Connections that lost some are closed: the rest makes no sense."""
        toxic, self._toxic = self._toxic, None
        for one in self._connections.copy():
            one.passed = dict.fromkeys((Side.UP, Side.DOWN), 0)
            if one.spoiled:
                one.end()
        if isinstance(toxic, Down):
            await self._start()

    async def _start(self) -> None:
        if isinstance(self.listen, tuple):
            listener = _bound(self.listen)
            self._server = await asyncio.start_server(self._take, sock=listener)
        else:
            self.listen.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._take, self.listen)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            if isinstance(self.listen, Path):
                self.listen.unlink(missing_ok=True)
        self._end_all()

    def _end_all(self, *, reset: bool = False) -> None:
        for one in self._connections.copy():
            one.end(reset=reset)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(_Peer(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: "_Peer") -> None:
        try:
            server = _Peer(*await _connect(self.target))
        except OSError:
            client.end(reset=True)
            return
        except asyncio.CancelledError:
            client.end(reset=True)
            raise
        one = _Connection(client, server)
        self._connections.add(one)
        try:
            await one.run(self._pass)
        finally:
            self._connections.discard(one)

    async def _pass(self, one: "_Connection", side: Side, chunk: bytes) -> None:
        """Hand on one read of one side, or whatever the toxic makes of it."""
        toxic = self._toxic
        if toxic is None or not toxic.side & side:
            await one.send(side, chunk)
        elif isinstance(toxic, Timeout):
            one.spoiled = True
            self.lost += len(chunk)
        elif isinstance(toxic, ResetPeer):
            one.end(reset=True)
        elif isinstance(toxic, LimitData):
            await one.send(side, chunk[: max(0, toxic.bytes_max - one.passed[side])])
            if one.passed[side] >= toxic.bytes_max:
                one.end()
        elif isinstance(toxic, Latency):
            wobble = random.uniform(-toxic.jitter, toxic.jitter)
            await asyncio.sleep(max(0.0, toxic.seconds + wobble))
            await one.send(side, chunk)
        elif isinstance(toxic, Slicer):
            await _slice(toxic, chunk, lambda piece: one.send(side, piece))


async def _slice(toxic: Slicer, chunk: bytes, send: Callable[[bytes], Awaitable[None]]) -> None:
    cut = toxic.size * toxic.pieces
    for start in range(0, min(cut, len(chunk)), toxic.size):
        await send(chunk[start : min(cut, start + toxic.size)])
        await asyncio.sleep(toxic.seconds)
    await send(chunk[cut:])


@dataclass(slots=True)
class _Peer:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def end(self, *, reset: bool = False) -> None:
        """Close: what is still to be sent is sent, or with `reset` thrown away."""
        if not reset:
            self.writer.close()
            return
        own = self.writer.get_extra_info("socket")
        with suppress(OSError):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.writer.transport.abort()


class _Connection:
    def __init__(self, client: _Peer, server: _Peer) -> None:
        self._client, self._server = client, server
        self.passed = dict.fromkeys((Side.UP, Side.DOWN), 0)
        #: Bytes of it were lost.
        self.spoiled = False

    async def run(self, pass_on: Callable[["_Connection", Side, bytes], Awaitable[None]]) -> None:
        """Both sides, until both ended."""
        try:
            await asyncio.gather(
                self._pump(self._client.reader, self._server.writer, Side.UP, pass_on),
                self._pump(self._server.reader, self._client.writer, Side.DOWN, pass_on),
            )
        finally:
            self.end()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        side: Side,
        pass_on: Callable[["_Connection", Side, bytes], Awaitable[None]],
    ) -> None:
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                await pass_on(self, side, chunk)
            # One side may have said all it will and still listen.
            writer.write_eof()
        except (OSError, RuntimeError):
            # A process was killed, or the link was cut while a delayed piece waited.
            self.end(reset=True)

    async def send(self, side: Side, piece: bytes) -> None:
        """Hand on a piece to where it goes."""
        writer = (self._server if side is Side.UP else self._client).writer
        self.passed[side] += len(piece)
        writer.write(piece)
        await writer.drain()

    def end(self, *, reset: bool = False) -> None:
        """Close both ends."""
        self._client.end(reset=reset)
        self._server.end(reset=reset)


def _bound(address: tuple[str, int]) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(address)
    return one


async def _connect(
    address: Address,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, tuple):
        return await asyncio.open_connection(*address)
    return await asyncio.open_unix_connection(address)
