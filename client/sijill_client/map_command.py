"""`map`: a first mapping for a table that the kit does not know."""

from pathlib import Path
from typing import Annotated

import typer

from sijill_client.errors import UnreadableFile
from sijill_client.importers.guess import guess_mapping


def map_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where to write it; without, it is printed.")
    ] = None,
) -> None:
    """Look at a CSV, NDJSON or Parquet file and write a first mapping for `push --map`."""
    try:
        text = guess_mapping(file)
    except UnreadableFile as fault:
        raise typer.BadParameter(f"{file}: {fault}") from None
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError:
        raise typer.BadParameter(
            f"{out} exists already; a mapping that you may have edited is never written over"
        ) from None
    except OSError as fault:
        raise typer.BadParameter(f"cannot write {out}: {fault.strerror}") from None
    typer.echo(f"Wrote {out}. Check every line, then: push {file} --map {out} --dry-run")
