"""A client so light that what is measured is the server: HTTP/1.1 over kept connections."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self, cast

import httptools
import msgspec

#: Connections to one server at most: a slow one would else be drowned in them.
_CONNECTIONS_MAX = 256
#: Connections on which one request is tried: all that were kept may have been closed meanwhile.
_TRIES = _CONNECTIONS_MAX + 1


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class Connection(asyncio.Protocol):
    """One kept connection, one request on it at a time. Used through `Client`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer, self._waiting = Answer(), asyncio.get_running_loop().create_future()

    async def ask(self, request: Iterable[bytes]) -> Answer:
        """Send the bytes of a request; ConnectionError if the server ends it first."""
        assert self._transport is not None
        self._answer, self._waiting = Answer(), asyncio.get_running_loop().create_future()
        self._transport.writelines(request)
        answer: Answer = await self._waiting
        return answer

    @property
    def is_open(self) -> bool:
        """Whether it may be asked again."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.close()

    # --- what asyncio and the parser call -------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Asyncio's."""
        if not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("the server closed"))

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._answer.body += body

    def on_message_complete(self) -> None:
        """The parser's."""
        self._answer.status = self._parser.get_status_code()
        if not self._waiting.done():
            self._waiting.set_result(self._answer)


class Client:
    """Connections to one server, as many as are asked on at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(_CONNECTIONS_MAX)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._idle:
            connection.close()

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """GET a path."""
        return await self._ask("GET", path, headers, b"")

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST a body."""
        return await self._ask("POST", path, headers, body)

    async def is_ready(self) -> bool:
        """Whether a server answers there and says that it is ready."""
        with suppress(OSError):
            return (await self.get("/readyz", {})).status == 200
        return False

    async def _ask(self, verb: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        lines = [f"{verb} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode()
        async with self._room:
            for _ in range(_TRIES):
                kept = next((one for one in iter(self._pop, None) if one.is_open), None)
                connection = kept or await self._connect()
                # A connection that the server closed meanwhile: the same bytes again, on another.
                with suppress(ConnectionError):
                    answer = await connection.ask((head, body))
                    self._idle.append(connection)
                    return answer
            raise ConnectionError(f"the server closed {_TRIES} connections without an answer")

    def _pop(self) -> Connection | None:
        return self._idle.pop() if self._idle else None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", self._port)
        return connection
