"""What the commands share: which registry, whose key, how errors are told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from sijill_client.errors import SijillError

from deploy.acts import Act, ActRefused, send_acts
from deploy.embedded.errors import EmbeddedPostgresError
from deploy.folder import DataFolder, default_folder
from deploy.kafka.errors import KafkaClusterError
from deploy.keyfiles import AUTHORITY_FILE, KeyFile, read_key
from deploy.processes.settings import SettingsError, Stores, read_stores
from deploy.processes.stopping import AWAY, told
from events.errors import Fatal, Refused

out = Console()
err = Console(stderr=True)
EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The registry's folder (default: ./sijill-data)."),
]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the registry (default: the one running).")
]
SignAs = Annotated[
    Path | None,
    typer.Option("--as", help="Key file of who signs (default: the authority's in --data)."),
]


def folder_of(data: Path | None) -> DataFolder:
    """The folder named, or the default one."""
    return DataFolder((data or default_folder()).absolute())


def url_of(folder: DataFolder, url: str | None) -> str:
    """The address named, or that of the registry that runs in the folder."""
    running = folder.running()
    if url is None and running is None:
        fail(f"no registry runs in {folder.path}: start one with `sijill up`, or name its --url")
    return url or (running or {})["url"]


def stores_of(data: Path | None) -> Stores:
    """Where the data lie: of the registry that runs in the folder, else as the environment says."""
    if data is None and "SIJILL_DATABASE" in os.environ:
        return read_stores()
    folder = folder_of(data)
    running = folder.running()
    if running is None:
        fail(
            f"no registry runs in {folder.path}: start it with `sijill up --data {folder.path}`, "
            "or set SIJILL_DATABASE and what goes with it for one that runs elsewhere"
        )
    return read_stores(running)


def signer_of(folder: DataFolder, key_file: Path | None) -> KeyFile:
    """The key that signs an act."""
    return read_key(key_file or folder.keys / AUTHORITY_FILE)


def act(data: Path | None, url: str | None, key_file: Path | None, *acts: Act) -> None:
    """Send acts and say which leaf they became."""
    folder = folder_of(data)
    result = send_acts(acts, signer_of(folder, key_file), url_of(folder, url))
    out.print(f"leaf {result.leaf_index}: {', '.join(one.type for one in acts)}", highlight=False)


def fail(message: str, code: int = EXIT_USAGE) -> NoReturn:
    """Say what to do, and end."""
    err.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(code)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn every expected error into one clear line and an exit code."""
    try:
        yield
    except (SettingsError, SijillError, ValueError) as error:
        fail(str(error))
    except (ActRefused, Refused, Fatal, EmbeddedPostgresError, KafkaClusterError) as error:
        fail(str(error), EXIT_FAILED)
    except AWAY as error:
        fail(f"cannot reach the registry's data: {told(error)}", EXIT_FAILED)
    except KeyboardInterrupt:
        fail("stopped", EXIT_INTERRUPTED)
