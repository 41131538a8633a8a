"""The `sijill` command."""

import typer
from sijill_client.cli import push
from sijill_client.map_command import map_
from sijill_client.status_command import status

from deploy.cli import authority, ledgers, processes, readers, transfer
from deploy.cli.bench import bench
from deploy.cli.demo import demo
from deploy.cli.describe import describe
from deploy.cli.kafka import kafka
from deploy.cli.policy import policy
from deploy.cli.posting import post
from deploy.cli.topics import topics

app = typer.Typer(
    help="A national registry of micro-tasks: signed events in, defensible figures out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(processes.up)
app.command()(demo)
app.command()(push)
app.command()(status)
app.command("map")(map_)
app.command()(readers.check)
app.command()(bench)
app.command()(readers.rebuild)
app.command()(readers.token)
app.command()(transfer.export)
app.command("import")(transfer.import_)
app.add_typer(authority.authority, name="authority")
app.add_typer(topics, name="topics")
app.add_typer(authority.platform, name="platform")
app.add_typer(authority.fund, name="fund")
app.add_typer(authority.key, name="key")
app.add_typer(policy, name="policy")
app.add_typer(authority.rate, name="rate")
app.add_typer(ledgers.scheme, name="scheme")
app.add_typer(ledgers.worker, name="worker")
app.add_typer(ledgers.period, name="period")
app.add_typer(ledgers.remittance, name="remittance")
app.command()(ledgers.explain)
app.command()(post)
app.command()(authority.quarantine)
app.command(rich_help_panel="Processes")(processes.serve)
app.command(rich_help_panel="Processes")(processes.ingest)
app.command(rich_help_panel="Processes")(processes.query)
app.command(rich_help_panel="Processes")(processes.sequence)
app.command(rich_help_panel="Processes")(processes.project)
app.command(rich_help_panel="Processes")(processes.migrate)
app.command(rich_help_panel="Processes")(kafka)
app.command(hidden=True)(describe)


def main() -> None:
    """Entry point of the script."""
    app()


if __name__ == "__main__":
    main()
