"""The registry under measurement: real processes over a real database, in a passing folder."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deploy.acts import Act, send_acts
from deploy.bench.cpu import Meter, peak_bytes
from deploy.bench.http import Answer, Client
from deploy.bench.workload import Signed, Workload
from deploy.demo.story import moment_of, set_clock
from deploy.embedded.guard import guarded
from deploy.establish import Founding, establish
from deploy.folder import DATABASE, DataFolder, reachable_parent
from deploy.keyfiles import AUTHORITY_FILE, read_key
from deploy.ports import HOST, first_free
from deploy.servers import Servers
from events.clock import file_clock
from events.token import CONTENT_TYPE
from migrations.roles import OPERATOR
from services.projections.generation import schema_of

#: Ports are looked for from here on. Doors share theirs, so one that another bench is about to take
#: would be shared with it unseen: whoever starts at the same moment begins at another place.
_FIRST_PORT, _PLACES = 8600, 50
#: Doors share one port, and so do readers, so that both cores can be at work.
DOORS, READERS = ("ingest-1", "ingest-2"), ("query-1", "query-2")
_SHARED = {**dict.fromkeys(DOORS, "door"), **dict.fromkeys(READERS, "reader")}
_PORTS = {
    name: place
    for place, name in enumerate(("sequence", "project", "query", *_SHARED, "door", "reader"))
}
#: Seconds in which a process must be ready, and a backlog may take.
_READY_SECONDS, _PATIENCE_SECONDS = 60.0, 900.0
#: Submissions on their way at once: enough that no process waits for another.
LANES = 32


@dataclass(slots=True)
class Registry:
    """Processes by name, and the ways to speak to them."""

    folder: DataFolder
    servers: Servers
    workload: Workload
    port: int
    say: Callable[[str], None]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    #: Leaves that stand once all is sequenced: the establishment, the platforms, what was taken.
    leaves_expected: int = 2
    _day: int = -1

    @property
    def clock_file(self) -> Path:
        """The clock of all processes: which recorded day it is."""
        return self.folder.path / "clock"

    def set_day(self, day: int) -> None:
        """Let a recorded day begin; no clock goes back."""
        if day > self._day:
            set_clock(self.clock_file, moment_of(self.workload.day_of(day)))
            self._day = day

    async def start(self, *names: str) -> None:
        """Start processes and wait until they are ready."""
        for name in names:
            argv = [sys.executable, "-m", "deploy.cli.main", name.partition("-")[0]]
            with (self.folder.logs / f"{name}.log").open("ab") as log:
                self.processes[name] = await asyncio.create_subprocess_exec(
                    *guarded(argv, signal.SIGTERM),
                    env=self._environment(name),
                    stdout=log,
                    stderr=log,
                )
        for name in names:
            await self._until_ready(name)

    async def stop(self, *names: str) -> None:
        """Ask processes to end, and wait until they have."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            self.note_peaks({name: process.pid})
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    def note_peaks(self, pids: dict[str, int] | None = None) -> None:
        """Remember the most memory that each process of ours has held so far."""
        for name, pid in (pids or self._pids()).items():
            self.peaks[name] = max(self.peaks.get(name, 0), peak_bytes(pid))

    def meter(self) -> Meter:
        """Who uses the processors from now on."""
        return Meter({**self._pids(), **self.servers.pids, "load": os.getpid()})

    def _pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self.processes.items()}

    def _environment(self, name: str) -> dict[str, str]:
        others = {key: os.environ[key] for key in os.environ if not key.startswith("SIJILL_")}
        return {
            **others,
            **self.servers.settings,
            "SIJILL_KEYS": str(self.folder.keys),
            "SIJILL_PORT": str(self.port_of(name)),
            **self._shared(name),
            "SIJILL_CLOCK": f"file:{self.clock_file}",
            "SIJILL_LOG": "warning",
        }

    def _shared(self, name: str) -> dict[str, str]:
        shared = _SHARED.get(name)
        return {"SIJILL_SHARED_PORT": str(self.port_of(shared))} if shared else {}

    def port_of(self, name: str) -> int:
        """Where a process listens."""
        return self.port + _PORTS[name]

    async def _until_ready(self, name: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        async with Client(self.port_of(name)) as client:
            while not await client.is_ready():
                if self.processes[name].returncode is not None or time.monotonic() > deadline:
                    log = self.folder.logs / f"{name}.log"
                    raise RuntimeError(f"{name} did not start: {log.read_text()[-500:]}")
                await asyncio.sleep(0.05)

    # --- what rows do with it -------------------------------------------------------------------

    async def push(self, client: Client, signed: Signed, *, wait: int = 0) -> Answer:
        """Send one submission until it is taken; RuntimeError if it is refused."""
        headers = {"content-type": CONTENT_TYPE, "submission-signature": signed.token}
        if wait:
            headers["prefer"] = f"wait={wait}"
        while True:
            answer = await client.post("/v1/submissions", headers, signed.body)
            if answer.status in {200, 201, 202}:
                self.leaves_expected += 1
                return answer
            if answer.status not in {429, 503}:
                raise RuntimeError(f"{answer.status}: {answer.body.decode()[:500]}")
            await asyncio.sleep(0.05)

    async def push_all(self, submissions: Iterable[Signed]) -> None:
        """Send submissions as fast as they are taken, each on its recorded day."""
        waiting = iter(submissions)

        async def lane(client: Client) -> None:
            for signed in waiting:
                self.set_day(signed.day)
                await self.push(client, signed)

        async with Client(self.port_of("door")) as client:
            await asyncio.gather(*(lane(client) for _ in range(LANES)))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the operator's."""
        connection = await asyncpg.connect(self.servers.stores.dsn(OPERATOR))
        try:
            yield connection
        finally:
            await connection.close()

    async def vacuum(self) -> None:
        """What autovacuum has done on a registry that is as old as its events say."""
        await self._administer("VACUUM ANALYZE")

    async def checkpoint(self) -> None:
        """Have all that was written so far brought to the disk."""
        await self._administer("CHECKPOINT")

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.servers.admin_dsn(DATABASE))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def sequenced(self) -> int:
        """How many leaves stand."""
        async with self.database() as connection:
            last = await connection.fetchval("SELECT max(leaf_index) FROM log.submission")
            return 0 if last is None else int(last) + 1

    async def until_sequenced(self, leaves: int) -> None:
        """Wait until so many leaves stand."""
        async with self.database() as connection:
            query = "SELECT coalesce(max(leaf_index), -1) + 1 FROM log.submission"
            await _until(connection, query, leaves)

    async def until_folded(self, leaves: int, generation: int = 1) -> None:
        """Wait until the views stand behind so many leaves."""
        async with self.database() as connection:
            query = f"SELECT next_leaf FROM {schema_of(generation)}.cursor"
            await _until(connection, query, leaves)


async def _until(connection: asyncpg.Connection, query: str, least: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with suppress(asyncpg.UndefinedTableError):
            if (await connection.fetchval(query) or 0) >= least:
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{query} did not reach {least}")
        await asyncio.sleep(0.005)


@asynccontextmanager
async def registry(
    workload: Workload, say: Callable[[str], None], *, kafka: bool
) -> AsyncIterator[Registry]:
    """A registry of its own with the four platforms registered; door and sequencer run."""
    with tempfile.TemporaryDirectory(
        prefix="sijill-bench-", dir=reachable_parent(), ignore_cleanup_errors=True
    ) as name:
        folder = _made_folder(Path(name))
        with Servers(folder, say, kafka=kafka) as servers:
            made = Registry(folder, servers, workload, _first_port(), say)
            made.set_day(0)
            try:
                await _found(made)
                yield made
            finally:
                await made.stop()


def _first_port() -> int:
    count = len(_PORTS)
    return first_free(_FIRST_PORT + os.getpid() % _PLACES * count, count)


def _made_folder(path: Path) -> DataFolder:
    path.chmod(0o711)
    folder = DataFolder(path / "data")
    folder.make()
    return folder


async def _found(made: Registry) -> None:
    servers, folder = made.servers, made.folder
    await servers.prepare()
    clock = file_clock(made.clock_file)
    founding = Founding("Bench", "MA", "Africa/Casablanca")
    await establish(servers.stores, folder.keys, founding, clock())
    await made.start("sequence", *DOORS)
    authority = read_key(folder.keys / AUTHORITY_FILE)
    acts = [
        Act("platform.registered", {"emitter": name, "name": name, "key": jwk})
        for name, jwk in made.workload.jwks.items()
    ]
    url = f"http://{HOST}:{made.port_of('door')}"
    await asyncio.to_thread(send_acts, acts, authority, url, clock)
