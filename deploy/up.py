"""`sijill up`: real servers and all services in one folder, until Ctrl-C."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.processes import Child, ProcessGroup, Restart
from deploy.establish import Founding, establish
from deploy.folder import DataFolder
from deploy.keyfiles import RegistryKeyFolder
from deploy.ports import HOST, PORTS_NEEDED, are_free
from deploy.processes.stopping import stop_on_signals
from deploy.servers import Servers
from events.clock import Clock, file_clock, system_clock

#: Where each process listens, counted from `--port`; several doors have ports behind these, too.
_PORTS = {"serve": 0, "sequence": 1, "project": 2}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start. `clock_file`: a clock that the demonstration sets, for all processes.

    `kafka`: keep the log on Apache Kafka, on one of our own unless SIJILL_KAFKA names another;
    there `topics` is the prefix of the topics' names unless SIJILL_TOPICS says one. `doors`:
    processes that answer on `port`; of several, each has a port of its own for its health pages.
    `passing`: the folder is removed on exit.
    """

    folder: DataFolder
    port: int
    name: str = "Registry of micro-tasks"
    country: str = "MA"
    time_zone: str = "Africa/Casablanca"
    clock_file: Path | None = None
    kafka: bool = False
    topics: str = ""
    doors: int = 1
    passing: bool = False

    @property
    def ports_needed(self) -> int:
        """How many neighbouring ports this takes."""
        return PORTS_NEEDED + (self.doors if self.doors > 1 else 0)

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
    if not are_free(plan.port, plan.ports_needed):
        last = plan.port + plan.ports_needed - 1
        raise ValueError(f"ports {plan.port} to {last} are not all free: name others with --port")
    plan.folder.make()
    stop = stop_on_signals()
    with Servers(
        plan.folder, say, kafka=plan.kafka, topics=plan.topics, passing=plan.passing
    ) as servers:
        await servers.prepare()
        founding = Founding(plan.name, plan.country, plan.time_zone)
        await establish(servers.stores, plan.folder.keys, founding, plan.clock())
        # What stood already may be somebody else's, whose keys are not here.
        RegistryKeyFolder(plan.folder.keys)
        group = ProcessGroup(_children(plan, servers), report=lambda one: say(_restarted(one)))
        tasks = [
            asyncio.create_task(group.run()),
            asyncio.create_task(servers.keep()),
            asyncio.create_task(_until(group, stop, plan, servers, then)),
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
    servers: Servers,
    then: Callable[[Plan], Awaitable[None]] | None,
) -> None:
    ready, stopping = asyncio.create_task(group.ready.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        plan.folder.say_running(plan.url, servers.settings)
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


def _children(plan: Plan, servers: Servers) -> list[Child]:
    return [
        _child(plan, servers, "sequence"),
        _child(plan, servers, "project"),
        *(_child(plan, servers, "serve", door) for door in range(plan.doors)),
    ]


def _child(plan: Plan, servers: Servers, process: str, door: int = 0) -> Child:
    several = process == "serve" and plan.doors > 1
    name = f"{process}-{door + 1}" if several else process
    ports = {"SIJILL_PORT": str(plan.port + _PORTS[process])}
    if several:
        own = plan.port + PORTS_NEEDED + door
        ports = {"SIJILL_PORT": str(own), "SIJILL_SHARED_PORT": str(plan.port)}
    return Child(
        name=name,
        argv=[sys.executable, "-m", "deploy.cli.main", process],
        log=plan.folder.logs / f"{name}.log",
        env={**_environment(plan, servers), **ports},
    )


def _environment(plan: Plan, servers: Servers) -> dict[str, str]:
    """What a process is told. Settings of another registry in our environment are not passed on."""
    clock = f"file:{plan.clock_file}" if plan.clock_file else "system"
    others = {name: os.environ[name] for name in os.environ if not name.startswith("SIJILL_")}
    return {
        **others,
        **servers.settings,
        "SIJILL_KEYS": str(plan.folder.keys),
        "SIJILL_CLOCK": clock,
        "SIJILL_LOG": os.environ.get("SIJILL_LOG", "info"),
    }


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
