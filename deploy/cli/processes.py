"""The processes, and what looks after their data: up, ingest, sequence, project, query, migrate.

Each command imports what it runs when it runs: one process does not load all the others' code.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from deploy.cli.context import Data, fail, folder_of, out, told_plainly
from deploy.ports import HOST, PORT
from deploy.processes.logs import configure_logs
from deploy.processes.settings import Settings, read_settings
from deploy.processes.stopping import input_ended

_SANDBOX_KEY, _SANDBOX_EMITTER = Path("sandbox.key"), "sandbox"

#: Seconds between two postings of `up`: a fund pulls by night, a worker looks by day.
_POST_SECONDS = 300.0


def up(
    data: Data = None,
    port: Annotated[
        int | None,
        typer.Option(
            help=f"HTTP port; the next three serve health pages (default: {PORT}; with --sandbox "
            "the first free one from there on, 0: any)."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Who keeps the registry (first start only).")
    ] = "Registry of micro-tasks",
    country: Annotated[str, typer.Option(help="ISO 3166 code (first start only).")] = "MA",
    time_zone: Annotated[
        str, typer.Option(help="IANA zone of its days (first start only; never changes).")
    ] = "Africa/Casablanca",
    kafka: Annotated[
        bool,
        typer.Option(
            "--kafka", help="Keep the log on Apache Kafka: SIJILL_KAFKA's, else one of its own."
        ),
    ] = False,
    post_each: Annotated[
        float,
        typer.Option("--post-every", min=0, help="Seconds between two postings; 0: never."),
    ] = _POST_SECONDS,
    doors: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that take and answer requests.")
    ] = 1,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="For a platform's own tests: a key of its own, and all data removed on exit.",
        ),
    ] = False,
    key_out: Annotated[
        Path, typer.Option("--key-out", help="With --sandbox: where the key of a platform goes.")
    ] = _SANDBOX_KEY,
    emitter: Annotated[
        str, typer.Option(help="With --sandbox: the id under which the platform speaks.")
    ] = _SANDBOX_EMITTER,
    until_eof: Annotated[
        bool,
        typer.Option("--until-eof", help="End when standard input does, with who started it."),
    ] = False,
) -> None:
    """Run a durable registry: PostgreSQL and all services, in one folder, until Ctrl-C."""
    from deploy.post_timer import PORT_OFFSET, PostTimer, post_command, serve_and_post
    from deploy.up import Plan, addresses, run_up

    if sandbox:
        from deploy.sandbox import Sandbox

        with told_plainly():
            if data is not None:
                raise ValueError("--sandbox throws its data away: it takes no --data")
            Sandbox(key_out, port, until_eof, _say, emitter).run()
        out.print("stopped; the data were thrown away")
        return
    if (key_out, emitter) != (_SANDBOX_KEY, _SANDBOX_EMITTER):
        fail("--key-out and --emitter go with --sandbox; without, `sijill platform add` makes keys")
    folder = folder_of(data)
    plan = Plan(folder, port or PORT, name, country, time_zone, kafka=kafka, doors=doors)

    async def ready(plan: Plan) -> None:
        for line in addresses(plan):
            out.print(line, highlight=False, soft_wrap=True)
        timer = PostTimer(post_each, post_command(folder.path), _say)
        posts = serve_and_post(timer, HOST, plan.port + PORT_OFFSET) if post_each else _never()
        posting = asyncio.create_task(posts)
        try:
            await (input_ended() if until_eof else asyncio.Event().wait())
        finally:
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)

    with told_plainly():
        uvloop.run(run_up(plan, _say, ready))
    out.print("stopped; the data stay in place")


async def _never() -> None:
    """Nothing, for as long as one likes."""


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def _run(process: str, run: Callable[[Settings], Awaitable[None]]) -> None:
    with told_plainly():
        settings = read_settings()
        configure_logs(process, settings.level)
        uvloop.run(run(settings))  # type: ignore[arg-type]


def serve() -> None:
    """Run door and query API on one port (settings: SIJILL_* variables)."""
    from deploy.processes import serve as process

    _run("serve", process.run)


def ingest() -> None:
    """Run a door alone: it takes submissions (settings: SIJILL_* variables)."""
    from deploy.processes import ingest as process

    _run("ingest", process.run)


def query() -> None:
    """Run the query API alone: it answers readers."""
    from deploy.processes import query as process

    _run("query", process.run)


def sequence() -> None:
    """Run a sequencer, or a standby while another one leads."""
    from deploy.processes import sequence as process

    _run("sequence", process.run)


def project() -> None:
    """Run the projection that folds the views."""
    from deploy.processes import project as process

    _run("project", process.run)


def migrate(
    database: Annotated[
        str, typer.Option(envvar="SIJILL_MIGRATE", help="postgresql:// address of an owner role.")
    ],
) -> None:
    """Bring a database to the newest version: schemas, roles, grants."""
    from migrations.run import upgrade

    with told_plainly():
        asyncio.run(upgrade(database))
    out.print("migrated")
