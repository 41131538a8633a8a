"""`sijill describe`: the docs' tables, schemas and API description, from the code."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.context import out, told_plainly


def describe(
    folder: Annotated[
        Path, typer.Option("--out", exists=True, file_okay=False, help="The docs folder.")
    ] = Path("docs"),
) -> None:
    """Write tables, schemas and the API description into the docs, from the code."""
    from deploy.describing import write_descriptions

    with told_plainly():
        changed = write_descriptions(folder)
    for path in changed:
        out.print(f"wrote {path}", highlight=False)
