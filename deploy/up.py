"""`sijill up`: a real PostgreSQL and all services in one folder, until Ctrl-C."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.processes import Child, ProcessGroup, Restart
from deploy.establish import Founding, establish
from deploy.folder import DATABASE, DATABASE_ACCOUNT, DataFolder
from deploy.ports import HOST, PORTS_NEEDED, are_free
from deploy.processes.settings import ROLE_MARK, read_stores
from deploy.processes.stopping import stop_on_signals
from events.clock import Clock, file_clock, system_clock
from migrations.roles import ROLES
from migrations.run import upgrade

#: Where each process listens, counted from `--port`.
_PORTS = {"serve": 0, "sequence": 1, "project": 2}
#: Seconds between looks whether the database server still lives.
_WATCH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start. `clock_file`: a clock that the demonstration sets, for all processes."""

    folder: DataFolder
    port: int
    name: str = "Registry of micro-tasks"
    country: str = "MA"
    time_zone: str = "Africa/Casablanca"
    clock_file: Path | None = None

    @property
    def url(self) -> str:
        """Where door and query API answer."""
        return f"http://{HOST}:{self.port}"

    @property
    def clock(self) -> Clock:
        """The clock of all processes."""
        return file_clock(self.clock_file) if self.clock_file else system_clock


async def run_up(
    plan: Plan,
    say: Callable[[str], None],
    then: Callable[[Plan], Awaitable[None]] | None = None,
) -> None:
    """Run the registry until a signal, or until `then`, started once all answer, has returned."""
    if not are_free(plan.port, PORTS_NEEDED):
        last = plan.port + PORTS_NEEDED - 1
        raise ValueError(f"ports {plan.port} to {last} are not all free: name others with --port")
    plan.folder.make()
    stop = stop_on_signals()
    with EmbeddedPostgres(plan.folder.postgres, roles=ROLES, os_user=DATABASE_ACCOUNT) as server:
        say(f"database   {plan.folder.postgres} (PostgreSQL, started)")
        await _prepare(plan, server)
        group = ProcessGroup(_children(plan, server), report=lambda one: say(_restarted(one)))
        tasks = [
            asyncio.create_task(group.run()),
            asyncio.create_task(_keep_database(server, say)),
            asyncio.create_task(_until(group, stop, plan, server, then)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            plan.folder.say_stopped()
            group.stop()
            await tasks[0]
            for task in tasks[1:]:
                task.cancel()
            results = await asyncio.gather(*tasks[1:], return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _until(
    group: ProcessGroup,
    stop: asyncio.Event,
    plan: Plan,
    server: EmbeddedPostgres,
    then: Callable[[Plan], Awaitable[None]] | None,
) -> None:
    ready, stopping = asyncio.create_task(group.ready.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        plan.folder.say_running(plan.url, _stores(server))
        if then is not None:
            work = asyncio.ensure_future(then(plan))
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                stopping.cancel()
                work.result()
                return
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        await stopping
    ready.cancel()


async def _prepare(plan: Plan, server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        found = "SELECT FROM pg_database WHERE datname = $1"
        if await connection.fetchrow(found, DATABASE) is None:
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
    await upgrade(server.dsn(DATABASE))
    founding = Founding(plan.name, plan.country, plan.time_zone)
    await establish(read_stores(_stores(server)), plan.folder.keys, founding, plan.clock())


def _children(plan: Plan, server: EmbeddedPostgres) -> list[Child]:
    return [
        Child(
            name=name,
            argv=[sys.executable, "-m", "deploy.cli.main", name],
            log=plan.folder.logs / f"{name}.log",
            env=_environment(plan, server, plan.port + _PORTS[name]),
        )
        for name in ("sequence", "project", "serve")
    ]


def _environment(plan: Plan, server: EmbeddedPostgres, port: int) -> dict[str, str]:
    """What a process is told. Settings of another registry in our environment are not passed on."""
    clock = f"file:{plan.clock_file}" if plan.clock_file else "system"
    others = {name: os.environ[name] for name in os.environ if not name.startswith("SIJILL_")}
    return {
        **others,
        **_stores(server),
        "SIJILL_KEYS": str(plan.folder.keys),
        "SIJILL_PORT": str(port),
        "SIJILL_CLOCK": clock,
        "SIJILL_LOG": os.environ.get("SIJILL_LOG", "info"),
    }


def _stores(server: EmbeddedPostgres) -> dict[str, str]:
    """Where the data lie, as settings. Each process puts its role in place of the mark."""
    _, _, rest = server.dsn(DATABASE).partition("@")
    return {"SIJILL_DATABASE": f"postgresql://{ROLE_MARK}@{rest}"}


async def _keep_database(server: EmbeddedPostgres, say: Callable[[str], None]) -> None:
    """Start the database again if it was killed; the services wait for it meanwhile."""
    while True:
        if server.pid is None:
            say("the database server ended: starting it again")
            server.start()
        await asyncio.sleep(_WATCH_SECONDS)


def _restarted(one: Restart) -> str:
    return f"{one.name} ended with status {one.status}: starting it again in {one.delay:.1f} s"


def addresses(plan: Plan) -> list[str]:
    """Where to look, once it runs, as lines to paste."""
    # Without an activated environment the command goes by the path it was called by.
    sijill = "sijill" if shutil.which("sijill") else sys.argv[0]
    data = f"--data {plan.folder.path}"
    token = f'-H "Authorization: Bearer $({sijill} token --role analyst {data})"'
    return [
        f"registry   {plan.url}  (API description: {plan.url}/openapi.json)",
        f"health     {plan.url}/readyz  {plan.url}/metrics  {plan.url}/door/metrics",
        f"keys       {plan.folder.keys}  (back them up; they sign for this registry)",
        f"logs       {plan.folder.logs}",
        f"figures    curl {token} '{plan.url}/v1/sectors?by=month'",
        f"platforms  {sijill} platform add NAME --tax-id ID --key-out platform.key {data}",
        "stop       Ctrl-C",
    ]
