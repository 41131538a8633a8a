"""The processes of a fault run: started, hurt, and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import httpx

from deploy.embedded.guard import guarded
from deploy.embedded.leftovers import recorded_pid, servers_in
from deploy.kafka.cluster import Cluster
from tests.fault.database import server_in
from tests.support.running import SIJILL

ROOT = Path(__file__).resolve().parents[2]
#: Seconds a process may take to end after SIGTERM, and a database to end after its server.
_END_SECONDS = 30.0
_LOOK_SECONDS = 0.02
#: Seconds for an answer about a process's health.
_ANSWER_SECONDS = 2.0


class Node(Protocol):
    """What a fault needs of a process."""

    name: str

    @property
    def alive(self) -> bool:
        """Whether it runs, frozen or not."""

    def start(self) -> None:
        """Start it if it does not run; it is ready some time later."""

    async def kill(self) -> None:
        """With -9: it says goodbye to nobody."""

    def freeze(self) -> None:
        """Nothing runs in it any more, and its connections stay open."""

    def thaw(self) -> None:
        """It goes on, knowing nothing of the time between."""

    def status(self) -> int | None:
        """How it ended, None while it runs."""

    async def stop(self) -> None:
        """End it in order."""


class Child:
    """A process that ends with the run, whatever ends the run."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        self._argv, self._env = argv, env
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return at once."""
        if self.alive:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                guarded(self._argv, signal.SIGKILL),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=ROOT,
                start_new_session=True,
            )

    async def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)
        await self._ended()

    def freeze(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def status(self) -> int | None:
        """The exit status, None while it runs or before its start."""
        return None if self._process is None else self._process.poll()

    async def stop(self) -> None:
        """SIGTERM, then after a while SIGKILL."""
        self._signal(signal.SIGTERM)
        try:
            await self._ended()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._ended()

    def _signal(self, number: signal.Signals) -> None:
        if self.alive and self._process is not None:
            self._process.send_signal(number)

    async def _ended(self) -> None:
        async with asyncio.timeout(_END_SECONDS):
            while self.alive:  # noqa: ASYNC110 (nothing else tells)
                await asyncio.sleep(_LOOK_SECONDS)


class Service(Child):
    """A process of Sijill's with health pages."""

    def __init__(
        self, name: str, command: str, port: int, env: Mapping[str, str], log: Path
    ) -> None:
        super().__init__(name, [*SIJILL, command], {**env, "SIJILL_PORT": str(port)}, log)
        self.command, self.port = command, port
        #: Asked directly, past every proxy.
        self.url = f"http://127.0.0.1:{port}"

    async def health(self, http: httpx.AsyncClient) -> dict[str, Any]:
        """What /readyz says, and `status`; without an answer `ready` is false."""
        try:
            answer = await http.get(f"{self.url}/readyz", timeout=_ANSWER_SECONDS)
        except httpx.RequestError as error:
            return {"ready": False, "reason": type(error).__name__}
        said = answer.json() if answer.headers["content-type"].endswith("json") else {}
        return {**said, "ready": answer.status_code == 200}


class Database(Child):
    """A PostgreSQL server: its postmaster is killed alone, all of its processes are frozen."""

    def __init__(self, name: str, folder: Path, log: Path) -> None:
        argv = [sys.executable, "-m", "tests.fault.database", str(folder)]
        super().__init__(name, argv, os.environ, log)
        self._server = server_in(folder)
        self._cluster = self._server.data / "cluster"

    def dsn(self, database: str, role: str) -> str:
        """Past every proxy."""
        return self._server.dsn(database, role)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        folder = self._server.dsn().partition("host=")[2].partition("&")[0]
        return Path(folder, ".s.PGSQL.5432")

    async def kill(self) -> None:
        """SIGKILL for the postmaster, as the out-of-memory killer does; the rest notices."""
        postmaster = recorded_pid(self._cluster)
        if postmaster in servers_in(self._cluster):
            os.kill(postmaster, signal.SIGKILL)
        else:
            # Killed while it was starting.
            self._signal(signal.SIGKILL)
        await self._ended()

    def freeze(self) -> None:
        """SIGSTOP, the postmaster first: it makes no more processes."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        postmaster = recorded_pid(self._cluster)
        for pid in sorted(servers_in(self._cluster), key=lambda one: one != postmaster):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


class Broker:
    """A node of a Kafka cluster."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.name = f"broker-{number}"
        self._cluster, self._number = cluster, number

    @property
    def alive(self) -> bool:
        """Whether its JVM runs."""
        return self._cluster.pid(self._number) is not None

    def start(self) -> None:
        """Launch it."""
        if not self.alive:
            self._cluster.launch(self._number)

    async def kill(self) -> None:
        """SIGKILL."""
        self._cluster.kill(self._number)

    def freeze(self) -> None:
        """SIGSTOP."""
        self._cluster.freeze(self._number)

    def thaw(self) -> None:
        """SIGCONT."""
        self._cluster.thaw(self._number)

    def status(self) -> int | None:
        """-1 when it ended: the cluster does not tell how."""
        return None if self.alive else -1

    async def stop(self) -> None:
        """The cluster stops them together."""


async def keep_alive(
    nodes: Sequence[Node], hurt: Mapping[str, int], ended: Callable[[Node], None]
) -> None:
    """As an operator's supervisor: start again whatever ended, unless it is `hurt` on purpose."""
    while True:
        for node in nodes:
            if not hurt.get(node.name) and not node.alive:
                ended(node)
                node.start()
        await asyncio.sleep(_LOOK_SECONDS * 10)
