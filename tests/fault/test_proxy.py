"""The proxy between real sockets: what passes, what is hurt, and what is whole again after."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.fault.proxy import (
    Down,
    Latency,
    LimitData,
    Proxy,
    ResetPeer,
    Side,
    Slicer,
    Timeout,
    Toxic,
)
from tests.fault.waiting import until

ANY = ("127.0.0.1", 0)
#: More than the sockets' buffers hold.
BIG = os.urandom(3_000_000)


class Echo:
    """Answers every read with the same bytes; remembers all that it heard."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.address = ANY
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._answer, *ANY)
        self.address = self._server.sockets[0].getsockname()

    async def close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(OSError):
            while said := await reader.read(65_536):
                self.heard += said
                writer.write(said)
                await writer.drain()
        writer.close()

    async def until_heard(self, count: int) -> None:
        """Return once so many bytes came."""

        async def enough() -> bool:
            return len(self.heard) >= count

        await until(enough, f"{count} bytes")


class Client:
    """One connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, said: bytes) -> bytes:
        """Say something and read as much; raises what the connection raises."""
        self.writer.write(said)
        async with asyncio.timeout(20):
            reading = asyncio.create_task(self.reader.readexactly(len(said)))
            with suppress(OSError):
                await self.writer.drain()
            return await reading

    async def at_end(self) -> bytes:
        """All that still comes until the other side closes."""
        async with asyncio.timeout(20):
            return await self.reader.read()


class Linked:
    """A server, a proxy before it, and clients."""

    def __init__(self) -> None:
        self.echo, self._clients = Echo(), list[Client]()

    async def open(self) -> None:
        await self.echo.open()
        self.proxy = Proxy(ANY, self.echo.address)
        await self.proxy.open()

    async def connect(self) -> Client:
        """One more client."""
        assert isinstance(self.proxy.listen, tuple)
        client = Client(*await asyncio.open_connection(*self.proxy.listen))
        self._clients.append(client)
        return client

    async def close(self) -> None:
        await self.proxy.close()
        await self.echo.close()
        for client in self._clients:
            client.writer.transport.abort()


@asynccontextmanager
async def linked() -> AsyncIterator[Linked]:
    link = Linked()
    await link.open()
    yield link
    await link.close()


async def test_bytes_pass_both_ways_and_ends_are_handed_on() -> None:
    async with linked() as link:
        echo = link.echo
        client = await link.connect()
        assert await client.ask(b"hello") == b"hello"
        assert await client.ask(BIG) == BIG
        client.writer.write_eof()
        assert await client.at_end() == b""
        assert echo.heard == b"hello" + BIG


async def test_a_link_that_is_down_refuses_and_comes_back_at_the_same_address() -> None:
    async with linked() as link:
        proxy = link.proxy
        client, address = await link.connect(), proxy.listen
        assert await client.ask(b"one") == b"one"
        await proxy.hurt(Down())
        assert await client.at_end() == b""
        with pytest.raises(ConnectionRefusedError):
            await link.connect()
        # Nobody else gets the port meanwhile.
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(proxy.listen)
        await proxy.heal()
        assert proxy.listen == address
        assert await (await link.connect()).ask(b"two") == b"two"


async def test_a_reset_is_a_reset() -> None:
    async with linked() as link:
        proxy = link.proxy
        client = await link.connect()
        await client.ask(b"one")
        await proxy.hurt(ResetPeer())
        with pytest.raises(ConnectionResetError):
            await client.at_end()
        late = await link.connect()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await late.ask(b"two")
        await proxy.heal()
        assert await (await link.connect()).ask(b"three") == b"three"


async def test_an_answer_that_is_dropped_was_heard_all_the_same() -> None:
    async with linked() as link:
        echo, proxy = link.echo, link.proxy
        client = await link.connect()
        await client.ask(b"one")
        await proxy.hurt(Timeout(side=Side.DOWN))
        client.writer.write(b"two")
        await echo.until_heard(6)
        assert echo.heard == b"onetwo"
        # What lost bytes is closed, never continued with a hole.
        await proxy.heal()
        assert await client.at_end() == b""
        assert await (await link.connect()).ask(b"three") == b"three"


async def test_a_request_that_is_dropped_was_never_heard() -> None:
    async with linked() as link:
        echo, proxy = link.echo, link.proxy
        client, silent = await link.connect(), await link.connect()
        assert await client.ask(b"one") + await silent.ask(b"one") == b"oneone"
        await proxy.hurt(Timeout(side=Side.UP))
        client.writer.write(b"two")

        async def lost() -> bool:
            return proxy.lost == 3

        await until(lost, "the loss of a request")
        await proxy.heal()
        assert await client.at_end() == b""
        # A connection that said nothing meanwhile lost nothing.
        assert await silent.ask(b"three") == b"three"
        assert echo.heard == b"oneonethree"


@pytest.mark.parametrize("limit", [0, 3, 100_000])
async def test_a_limit_tears_a_request(limit: int) -> None:
    async with linked() as link:
        echo, proxy = link.echo, link.proxy
        client = await link.connect()
        await client.ask(b"one")
        await proxy.hurt(LimitData(limit, side=Side.UP))
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await client.ask(BIG[:200_000])
        await echo.until_heard(3 + limit)
        assert echo.heard == b"one" + BIG[:limit]
        await proxy.heal()
        assert await (await link.connect()).ask(b"two") == b"two"


async def test_a_limit_tears_an_answer() -> None:
    async with linked() as link:
        echo, proxy = link.echo, link.proxy
        await proxy.hurt(LimitData(2, side=Side.DOWN))
        client = await link.connect()
        with pytest.raises(asyncio.IncompleteReadError) as torn:
            await client.ask(b"hello")
        assert torn.value.partial == b"he"
        assert echo.heard == b"hello"


async def test_pieces_add_up_to_the_same_bytes() -> None:
    async with linked() as link:
        echo, proxy = link.echo, link.proxy
        await proxy.hurt(Slicer(7))
        client = await link.connect()
        assert await client.ask(BIG[:100_000]) == BIG[:100_000]
        assert echo.heard == BIG[:100_000]


async def test_a_delay_is_at_least_as_long_as_it_says() -> None:
    async with linked() as link:
        proxy = link.proxy
        client, clock = await link.connect(), asyncio.get_running_loop().time
        await proxy.hurt(Latency(0.1))
        began = clock()
        assert await client.ask(b"one") == b"one"
        assert clock() - began >= 0.2


@pytest.mark.parametrize(
    "toxic", [Down(), ResetPeer(), Latency(30), Slicer(1, 30), Timeout(), LimitData(1)]
)
async def test_closing_ends_everything_whatever_hurts(toxic: Toxic) -> None:
    async with linked() as link:
        proxy = link.proxy
        client = await link.connect()
        await proxy.hurt(toxic)
        client.writer.write(b"hello")
        await proxy.heal()
    # `linked` has closed the proxy: that this line is reached is the test.


async def test_a_target_that_is_not_there_looks_like_one_that_died() -> None:
    async with linked() as link:
        await link.echo.close()
        client = await link.connect()
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await client.ask(b"one")


async def test_a_database_is_reached_through_another_folder(postgres: EmbeddedPostgres) -> None:
    real = Path(postgres.dsn().partition("host=")[2].partition("&")[0])
    with tempfile.TemporaryDirectory(prefix="sj-", dir="/tmp") as folder:
        proxy = Proxy(Path(folder, ".s.PGSQL.5432"), real / ".s.PGSQL.5432")
        await proxy.open()
        dsn = postgres.dsn().replace(str(real), folder)
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await proxy.hurt(Down())
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.fetchval("SELECT 1")
        with pytest.raises(OSError, match="No such file"):
            await asyncpg.connect(dsn)
        await proxy.heal()
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT 2") == 2
        await connection.close()
        await proxy.close()
