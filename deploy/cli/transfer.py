"""Carrying a log from the embedded database to Kafka: export and import."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer

from deploy.cli.context import Data, err, fail, folder_of, out, stores_of, told_plainly
from deploy.cli.readers import bar
from deploy.folder import DataFolder
from deploy.processes.logs import configure_logs
from deploy.processes.opening import open_sequencer_log
from deploy.processes.settings import Stores, read_stores
from deploy.processes.stopping import AWAY, told
from events.errors import Fatal
from migrations.roles import OPERATOR, SEQUENCER
from services.transfer.embedded import embedded
from services.transfer.export import export_log
from services.transfer.files import PIPE, reading, writing
from services.transfer.format import HeadLine, Line

if TYPE_CHECKING:
    from deploy.servers import Servers

#: Seconds between looks how far the index is.
_LOOK_SECONDS = 0.5
_ON_KAFKA = "this log is on Kafka already: mirror its topics instead"

Tell = Callable[[int, int | None], None]


def export(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", help="A new file, packed if its name ends in .gz; - for a pipe."
        ),
    ],
    data: Data = None,
) -> None:
    """Write a registry's whole log into a file, as it stands at one moment.

    Every leaf, and all that was acknowledged, byte for byte. The registry
    may run; of one that is stopped, the database is started meanwhile. Not
    in the file: names in the vault, the access record, the keys.
    """
    with told_plainly(), _servers_of(data) as stores:
        head = _export(stores, file)
    say = err if file == PIPE else out
    say.print(f"registry {head.identity}", highlight=False)
    say.print(f"position {head.leaves - 1}: {_counts(head)}", highlight=False)


def _export(stores: Stores, file: str) -> HeadLine:
    if stores.kafka is not None:
        raise ValueError(_ON_KAFKA)
    dsn = stores.dsn(OPERATOR)

    async def run(write: Callable[[bytes], None], tell: Tell) -> HeadLine:
        async with embedded(dsn) as source:
            return await export_log(source, write, tell)

    with writing(file) as write, bar("writing leaves and submissions") as tell:
        return asyncio.run(run(write, tell))


def import_(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="What `sijill export` wrote; - for a pipe.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Make a registry on Kafka in this new folder (default: SIJILL_* variables).",
        ),
    ] = None,
) -> None:
    """Bring an exported log into empty topics of Kafka, and make its index.

    Needs the topics (`sijill topics apply`), an empty migrated database, and
    no process of the registry on them. Ended anywhere, run it again: it goes
    on where it was, and what lies in the topics must be what the file says.
    """
    with told_plainly(), _target(data) as stores:
        head = _import(stores, file)
    out.print(f"registry {head.identity}", highlight=False)
    out.print(f"position {head.leaves - 1}: {_counts(head)}, all on Kafka", highlight=False)


def _import(stores: Stores, file: str) -> HeadLine:
    _configure_logs()
    try:
        with reading(file) as lines, bar("filling topics") as tell:
            head = asyncio.run(_fill(stores, lines, tell))
        with bar("making the index") as tell:
            asyncio.run(_make_index(stores, head, tell))
    except AWAY as error:
        raise ConnectionError(
            f"{told(error)}. Run the same import again: it goes on where it was"
        ) from error
    return head


def _configure_logs() -> None:
    configure_logs("import", "warning")
    # The client says at each of its tries what a line of ours says once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


async def _fill(stores: Stores, lines: Iterator[Line], tell: Tell) -> HeadLine:
    if stores.kafka is None:
        raise ValueError("SIJILL_KAFKA is not set: name the brokers that shall hold the log")
    # Here: an export does not load the client.
    from services.transfer.importing import import_log

    return await import_log(stores.kafka, stores.dsn(SEQUENCER), lines, tell)


async def _make_index(stores: Stores, head: HeadLine, tell: Tell) -> None:
    """As a sequencer does at its start: apply to the index what it lacks of the topic."""
    watching = asyncio.create_task(_watch_index(stores.dsn(SEQUENCER), head.leaves, tell))
    try:
        async with open_sequencer_log(stores) as log:
            last = await log.tail()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    if last is None or last.index != head.leaves - 1:
        raise Fatal(f"the topic ends with {last}, the export with leaf {head.leaves - 1}")


async def _watch_index(dsn: str, leaves: int, tell: Tell) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            last = await connection.fetchval("SELECT max(leaf_index) FROM log.leaf_place")
            tell(0 if last is None else last + 1, leaves)
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await connection.close()


@contextmanager
def _servers_of(data: Path | None) -> Iterator[Stores]:
    """Where the data lie. The servers of a folder whose registry is stopped run meanwhile."""
    folder = folder_of(data)
    elsewhere = data is None and "SIJILL_DATABASE" in os.environ
    if elsewhere or folder.running() is not None or not folder.postgres.exists():
        yield stores_of(data)
        return
    if folder.kafka.exists():
        raise ValueError(_ON_KAFKA)
    with _servers(folder, kafka=False) as servers:
        yield servers.stores


@contextmanager
def _target(data: Path | None) -> Iterator[Stores]:
    """Where the log goes: as the environment says, or into a folder of its own."""
    if data is None:
        yield read_stores()
        return
    folder = folder_of(data)
    if folder.running() is not None:
        fail(f"a registry runs in {folder.path}: an import needs one of its own, stopped")
    folder.make()
    with _servers(folder, kafka=True) as servers:
        asyncio.run(servers.prepare())
        yield servers.stores


def _servers(folder: DataFolder, *, kafka: bool) -> "Servers":
    # Here: it loads the migrations, which every other command would pay for.
    from deploy.servers import Servers

    return Servers(folder, _say, kafka=kafka)


def _say(line: str) -> None:
    err.print(line, highlight=False, markup=False, soft_wrap=True)


def _counts(head: HeadLine) -> str:
    acknowledged = sum(head.intake)
    return f"{head.leaves} leaves, {acknowledged} acknowledged submissions"
