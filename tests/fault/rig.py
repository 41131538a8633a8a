"""A whole registry of real processes for a fault run, with a proxy on every link."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.kafka.cluster import Cluster
from deploy.kafka.listeners import BROKER, CLIENT, CONTROLLER, Endpoint
from deploy.ports import HOST
from deploy.processes.settings import ROLE_MARK, Stores, read_stores
from migrations.run import upgrade
from tests.fault.cast import BROKERS, MAIN, Cast, Role, link
from tests.fault.disks import Disk
from tests.fault.links import Links
from tests.fault.nodes import Broker, Database, Node, Service, keep_alive
from tests.fault.waiting import until
from tests.support.running import SIJILL

#: The database of the log on the first server; views of the second lie in one of the same name.
DATABASE = "sijill"
#: Bytes of a disk that can fill up: more than a long run writes.
_DISK_BYTES = 2 * 1024**3
#: Characters of an odd line that are shown.
_SHOWN_CHARS = 500
#: Of Kafka: so many listeners, each for one process, need few threads each.
_BROKER_SETTINGS = {"num.network.threads": "1", "num.io.threads": "4"}


class Rig:
    """Everything that takes part, by name. `disks`: data lie on disks that can fill up."""

    def __init__(self, cast: Cast, folder: Path, *, disks: bool) -> None:
        self.cast, self.folder = cast, folder
        self.keys = folder / "keys"
        self.links = Links()
        self.nodes: dict[str, Node] = {}
        self.services: dict[str, list[Service]] = {}
        self.databases: dict[str, Database] = {}
        self.disks: dict[str, Disk] = {}
        #: Where the visitors of a role come to.
        self.addresses: dict[str, list[str]] = {}
        #: How many faults keep a node dead or frozen on purpose, by its name.
        self.hurt: Counter[str] = Counter()
        #: Names of nodes whose disk was full: they may end of it, also some time later.
        self.filled: set[str] = set()
        #: What ended and should not have.
        self.deaths: list[str] = []
        self._disks_fill = disks
        self._held: list[socket.socket] = []
        self._cluster: Cluster | None = None
        self._advertised: dict[Endpoint, str] = {}
        self._keeper: asyncio.Task[None] | None = None

    # --- starting and stopping ------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything and establish the registry; returns when every process is ready."""
        self.keys.mkdir()
        (self.folder / "logs").mkdir()
        for number, name in enumerate(self.cast.databases):
            await self._start_database(name, number)
        if self.cast.brokers:
            self._start_brokers()
        for name, role in self._named_services():
            service = self.nodes[name] = self._make_service(name, role)
            self.services.setdefault(role.name, []).append(service)
        if self._cluster is not None:
            await self._run("topics", "apply")
        await self._run("authority", "establish", "--name", "Ministry")
        for service in self.all_services():
            service.start()
        self._keeper = asyncio.create_task(
            keep_alive(list(self.nodes.values()), self.hurt, self._ended)
        )

    def _ended(self, node: Node) -> None:
        if node.name not in self.filled:
            self.deaths.append(f"{node.name} ended by itself with status {node.status()}")

    def _disk(self, node: str, folder: str) -> Path:
        """Where a node's data lie."""
        path = self.folder / folder
        path.mkdir(parents=True)
        path.chmod(0o711)
        if self._disks_fill:
            self.disks[node] = Disk(path, _DISK_BYTES)
        return path

    async def _start_database(self, name: str, number: int) -> None:
        path = self._disk(name, f"database-{number}")
        database = Database(name, path / "data", self._log(f"database-{number}"))
        self.databases[name] = self.nodes[name] = database
        database.start()

        async def connects() -> bool:
            with suppress(OSError, asyncpg.PostgresError):
                connection = await asyncpg.connect(database.dsn("postgres", "postgres"))
                await connection.execute(f"CREATE DATABASE {DATABASE}")
                await connection.close()
                return True
            return False

        await until(connects, f"connections to {name}")
        await upgrade(database.dsn(DATABASE, "postgres"))

    def _start_brokers(self) -> None:
        for number in range(1, self.cast.brokers + 1):
            self._disk(f"broker-{number}", f"kafka/node-{number}")
        names = {_listener(name): name for name, _ in self._named_services()}
        cluster = Cluster(
            self.folder / "kafka",
            nodes=self.cast.brokers,
            listeners=list(names),
            advertise=lambda endpoint: self._advertised[endpoint],
            settings=_BROKER_SETTINGS,
        )
        self._cluster = cluster
        for endpoint in cluster.endpoints:
            if endpoint.listener == CLIENT:
                continue
            between = endpoint.listener in (BROKER, CONTROLLER)
            who = BROKERS if between else names[endpoint.listener]
            listening = self.links.add(link(who, BROKERS), (HOST, endpoint.port))
            assert isinstance(listening, tuple)
            self._advertised[endpoint] = f"{listening[0]}:{listening[1]}"
        cluster.start()
        for number in cluster.nodes:
            self.nodes[f"broker-{number}"] = Broker(cluster, number)

    def _named_services(self) -> Iterator[tuple[str, Role]]:
        for role in self.cast.roles:
            for number in range(1, role.count + 1):
                yield f"{role.name} {number}", role

    def _make_service(self, name: str, role: Role) -> Service:
        port = self._own_port()
        if role.visitors:
            listening = self.links.add(link(role.visitors, name), (HOST, port))
            assert isinstance(listening, tuple)
            address = f"http://{HOST}:{listening[1]}"
            self.addresses.setdefault(role.name, []).append(address)
        clock = self.clock_of(name)
        clock.write_text("system")
        env = {
            **self._settings(),
            "SIJILL_DATABASE": self._through_proxy(name, MAIN),
            "SIJILL_CLOCK": f"file:{clock}",
        }
        if role.views != MAIN:
            env["SIJILL_VIEWS"] = self._through_proxy(name, role.views)
        if self._cluster is not None:
            env["SIJILL_KAFKA"] = self._cluster.bootstrap_of(_listener(name))
        return Service(name, role.command, port, env, self._log(name))

    def _through_proxy(self, service: str, server: str) -> str:
        """The address of a server for one process alone."""
        number = self.cast.databases.index(server)
        folder = self.folder / f"link-{_slug(service)}-{number}"
        folder.mkdir()
        database = self.databases[server]
        self.links.add(link(service, server), database.socket, folder / database.socket.name)
        return f"postgresql://{ROLE_MARK}@/{DATABASE}?host={folder}&port=5432"

    def _settings(self) -> dict[str, str]:
        others = {name: os.environ[name] for name in os.environ if not name.startswith("SIJILL_")}
        return {**others, "SIJILL_KEYS": str(self.keys), "COLUMNS": "200"}

    def _own_port(self) -> int:
        """A port that nobody else gets, not even while its process is dead."""
        held = socket.socket()
        self._held.append(held)
        held.bind((HOST, 0))
        # Only now, or two of us could choose the same one; without it nobody could bind beside us.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        number: int = held.getsockname()[1]
        return number

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{_slug(name)}.log"

    def clock_of(self, name: str) -> Path:
        """The file that one process reads the time from."""
        return self.folder / f"clock-{_slug(name)}"

    async def stop(self) -> list[str]:
        """End everything in order; which of our processes did not end well."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        services = self.all_services()
        await asyncio.gather(*(service.stop() for service in services))
        ended = [(service.name, service.status()) for service in services]
        await asyncio.gather(*(database.stop() for database in self.databases.values()))
        if self._cluster is not None:
            self._cluster.stop()
        self.links.close()
        for held in self._held:
            held.close()
        self._close_disks()
        return [f"{name} ended with status {status}" for name, status in ended if status]

    def _close_disks(self) -> None:
        for log in [*self.folder.rglob("postgres.log"), *self.folder.rglob("kafka.log")]:
            # Beside the others: what lies on these disks is gone with them.
            name = _slug(str(log.relative_to(self.folder).with_suffix("")))
            shutil.copyfile(log, self._log(name))
        for disk in self.disks.values():
            disk.close()

    # --- asking ---------------------------------------------------------------------------------

    def all_services(self) -> list[Service]:
        """Our own processes."""
        return [service for services in self.services.values() for service in services]

    async def health(self, http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
        """What each of our processes says of itself."""
        services = self.all_services()
        said = await asyncio.gather(*(service.health(http) for service in services))
        return {service.name: one for service, one in zip(services, said, strict=True)}

    def odd_lines(self) -> list[str]:
        """What our processes wrote that is no log line of theirs, such as a trace."""
        return [
            f"{service.name}: {line[:_SHOWN_CHARS]}"
            for service in self.all_services()
            for line in service.log.read_text(errors="replace").splitlines()
            if not line.startswith("{")
            # Futures of the database's driver, which it forgets itself, are no concern of ours.
            or "Task exception was never retrieved" in line
        ]

    def stores(self, views: str) -> Stores:
        """Log and views, past every proxy."""
        return read_stores(self._direct(views))

    def _direct(self, views: str) -> dict[str, str]:
        """An operator's settings."""
        direct = {"SIJILL_DATABASE": self._address(MAIN)}
        if views != MAIN:
            direct["SIJILL_VIEWS"] = self._address(views)
        if self._cluster is not None:
            direct["SIJILL_KAFKA"] = self._cluster.bootstrap
        return direct

    def _address(self, server: str) -> str:
        return self.databases[server].dsn(DATABASE, "ROLE").replace("ROLE", ROLE_MARK, 1)

    @asynccontextmanager
    async def database(self, server: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection past every proxy."""
        connection = await asyncpg.connect(self.databases[server].dsn(DATABASE, "postgres"))
        try:
            yield connection
        finally:
            await connection.close()

    async def _run(self, *arguments: str) -> None:
        """An operator's command."""
        env = {**self._settings(), **self._direct(MAIN)}
        done = await asyncio.to_thread(
            subprocess.run, [*SIJILL, *arguments], env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@asynccontextmanager
async def new_rig(cast: Cast, *, disks: bool) -> AsyncIterator[Rig]:
    """A rig in a folder of its own. The folder stays, with every log, when the run failed."""
    folder = _new_folder()
    rig = Rig(cast, folder, disks=disks)
    try:
        await rig.start()
        yield rig
    except BaseException:
        await rig.stop()
        raise
    ended = await rig.stop()
    assert not ended, ended
    shutil.rmtree(folder)


def _new_folder() -> Path:
    """A folder that the database's account can reach; short, for sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="sj-", dir="/tmp"))
    folder.chmod(0o711)
    return folder


def _listener(name: str) -> str:
    """The listener that one process comes to."""
    return _slug(name).upper().replace("-", "_")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
