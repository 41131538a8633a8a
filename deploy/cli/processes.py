"""The processes, and what looks after their data: up, serve, sequence, project, migrate."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
import uvloop

from deploy.cli.context import Data, folder_of, out, told_plainly
from deploy.processes import project as project_process
from deploy.processes import sequence as sequence_process
from deploy.processes import serve as serve_process
from deploy.processes.logs import configure_logs
from deploy.processes.settings import Settings, read_settings
from deploy.up import PORT, Plan, run_up
from migrations.run import upgrade


def up(
    data: Data = None,
    port: Annotated[int, typer.Option(help="HTTP port; the next two serve health pages.")] = PORT,
    name: Annotated[
        str, typer.Option(help="Who keeps the registry (first start only).")
    ] = "Registry of micro-tasks",
    country: Annotated[str, typer.Option(help="ISO 3166 code (first start only).")] = "MA",
    time_zone: Annotated[
        str, typer.Option(help="IANA zone of its days (first start only; never changes).")
    ] = "Africa/Casablanca",
) -> None:
    """Run a durable registry: PostgreSQL and all services, in one folder, until Ctrl-C."""
    folder = folder_of(data)
    plan = Plan(folder, port, name, country, time_zone)

    async def ready(plan: Plan) -> None:
        for line in addresses(plan):
            out.print(line, highlight=False, soft_wrap=True)
        await asyncio.Event().wait()

    with told_plainly():
        uvloop.run(run_up(plan, _say, ready))
    out.print("stopped; the data stay in place")


def addresses(plan: Plan) -> list[str]:
    """Where to look, once it runs."""
    return [
        f"registry   {plan.url}  (API description: {plan.url}/v1/openapi.json)",
        f"health     {plan.url}/readyz  {plan.url}/metrics  {plan.url}/door/metrics",
        f"keys       {plan.folder.keys}  (back them up; they sign for this registry)",
        f"logs       {plan.folder.logs}",
        "next       sijill platform add NAME --tax-id ID --key-out platform.key",
        "stop       Ctrl-C",
    ]


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def _run(process: str, run: Callable[[Settings], Awaitable[None]]) -> None:
    configure_logs(process)
    with told_plainly():
        settings = read_settings()
        uvloop.run(run(settings))  # type: ignore[arg-type]


def serve() -> None:
    """Run door and query API on one port (settings: SIJILL_* variables)."""
    _run("serve", serve_process.run)


def sequence() -> None:
    """Run a sequencer, or a standby while another one leads."""
    _run("sequence", sequence_process.run)


def project() -> None:
    """Run the projection that folds the views."""
    _run("project", project_process.run)


def migrate(
    database: Annotated[
        str, typer.Option(envvar="SIJILL_MIGRATE", help="postgresql:// address of an owner role.")
    ],
) -> None:
    """Bring a database to the newest version: schemas, roles, grants."""
    with told_plainly():
        asyncio.run(upgrade(database))
    out.print("migrated")
