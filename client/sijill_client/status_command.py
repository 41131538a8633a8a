"""`status`, and the `--nil` of `push`, on the command line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.text import Text

from sijill_client.documents import Problem
from sijill_client.emitter import Emitter
from sijill_client.errors import SijillError, Unreachable
from sijill_client.keys import load_key
from sijill_client.nil import declare_nil, read_day
from sijill_client.session import new_client
from sijill_client.status import lines_of

_EXIT_INCOMPLETE, _EXIT_USAGE = 1, 2


def status(
    key_file: Annotated[
        Path, typer.Option("--as", metavar="KEYFILE", help="Key file of the platform.")
    ],
    url: Annotated[str, typer.Option(help="Where the registry is.")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day (default: 30 days ago).")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day (default: today).")
    ] = None,
) -> None:
    """Show what the registry holds of a platform: by day, what is wrong, which days are missing."""
    with _told(), new_client() as client:
        days = [read_day(text) if text else None for text in (first, last)]
        found = Emitter(load_key(key_file), url, client).status(*days)
        if isinstance(found, Problem):
            raise SijillError(str(found))
        for part in lines_of(found):
            Console().print(part, soft_wrap=isinstance(part, Text))


def declare(key_file: Path, url: str, dates: Sequence[str]) -> None:
    """Declares that days had no work, and says so."""
    with _told(), new_client() as client:
        days = sorted({read_day(text) for text in dates})
        result = declare_nil(Emitter(load_key(key_file), url, client), days)
        if result.problem is not None:
            raise SijillError(f"refused: {result.problem}")
    said = "declared already" if result.state == "repeated" else "declared"
    Console().print(
        f"{said}: no work on {', '.join(map(str, days))}", highlight=False, soft_wrap=True
    )


@contextmanager
def _told() -> Iterator[None]:
    """Turns what can be expected to go wrong into one line and an exit code."""
    try:
        yield
    except (SijillError, ValueError, httpx.InvalidURL) as fault:
        Console(stderr=True).print(str(fault), style="red", markup=False, soft_wrap=True)
        away = isinstance(fault, Unreachable)
        raise typer.Exit(_EXIT_INCOMPLETE if away else _EXIT_USAGE) from None
