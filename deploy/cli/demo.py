"""`sijill demo`: the whole registry on a fresh folder, in a minute, with a report to read."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.context import EXIT_FAILED, told_plainly
from deploy.folder import DataFolder, reachable_parent
from deploy.ports import PORT, PORTS_NEEDED, first_free


def demo(
    exit_: Annotated[
        bool, typer.Option("--exit", help="End after `sijill check` passed, data removed.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="HTTP port (default: the first free ones from 8470 on).")
    ] = None,
    kafka: Annotated[
        bool,
        typer.Option(
            "--kafka", help="Keep the log on Apache Kafka: SIJILL_KAFKA's, else one of its own."
        ),
    ] = False,
    report_to: Annotated[
        Path, typer.Option("--report", help="Where the report is written.")
    ] = Path("report.html"),
) -> None:
    """Live through thirty recorded days of three invented platforms, then read the figures."""
    from deploy.demo.run import Demonstration

    with (
        told_plainly(),
        tempfile.TemporaryDirectory(
            prefix="sijill-demo-", dir=reachable_parent(), ignore_cleanup_errors=True
        ) as name,
    ):
        folder = DataFolder(Path(name) / "data")
        Path(name).chmod(0o711)
        port = port or first_free(PORT, PORTS_NEEDED)
        clean = Demonstration(folder, port, report_to, ends=exit_, kafka=kafka).run()
    if not clean:
        raise typer.Exit(EXIT_FAILED)
