"""`sijill bench`: how fast the registry is here, beside what a team would write instead."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from deploy.bench.plan import FULL, NAMES, QUICK, WHOLE, Plan
from deploy.cli.context import err, told_plainly


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Rows to run: {', '.join(NAMES)} (default: all).")
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write one object a measure to a file.")
    ] = None,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="Keep the log on Apache Kafka, one broker of its own.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Three minutes: fewer events, shorter loads.")
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Rows assess, post, pull and repost over a million worker-months instead of a "
            "hundred thousand: half an hour and 25 GB of disk.",
        ),
    ] = False,
) -> None:
    """Measure this machine: real processes, a real database, signed events over HTTP."""
    unknown = sorted(set(names or ()) - set(NAMES))
    if unknown:
        raise typer.BadParameter(f"no row {unknown[0]}: there are {', '.join(NAMES)}")
    if quick and full:
        raise typer.BadParameter("--quick and --full are two sizes: name one")
    from deploy.bench.run import run, show
    from deploy.cli.readers import bar
    from deploy.processes.stopping import cancelled_by_sigterm

    sizes = QUICK if quick else FULL if full else WHOLE
    plan = Plan(tuple(names or ()), kafka, sizes, lambda text: err.print(text, highlight=False))
    with told_plainly():
        with bar("rows") as tell:
            measures = uvloop.run(cancelled_by_sigterm(run(plan, json_to, tell)))
        show(measures)
