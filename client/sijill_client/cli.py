"""The kit on the command line: `sijill push` and `sijill status`, or `sijill-client` for both."""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from sijill_client.dry_run import dry_run as rehearse
from sijill_client.errors import KeyFileError, SijillError, UnreadableFile
from sijill_client.http import Sleep, now
from sijill_client.importers.detect import NAMES
from sijill_client.importers.mapping import load_mapping
from sijill_client.keys import PlatformKey, load_key
from sijill_client.map_command import map_
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms, open_pseudonyms, pseudonyms_path
from sijill_client.push import PushResult, push_files
from sijill_client.reader import Progress as Tell
from sijill_client.session import new_client
from sijill_client.status_command import declare, status
from sijill_client.summary import show, show_dry_run

EXIT_INCOMPLETE, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
_PHASES = {
    "read": "reading files",
    "make": "making events",
    "send": "sending submissions",
    "report": "reading reports",
}

app = typer.Typer(help="Report micro-tasks to a Sijill registry.", no_args_is_help=True)


app.command("map")(map_)
app.command()(status)


@app.command()
def push(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", exists=True, dir_okay=False, readable=True),
    ] = None,
    *,
    key_file: Annotated[
        Path, typer.Option("--as", metavar="KEYFILE", help="Key file of the platform.")
    ],
    url: Annotated[
        str | None, typer.Option(help="Where the registry is; --dry-run does not ask it.")
    ] = None,
    format_name: Annotated[
        str,
        typer.Option("--format", help=f"{', '.join(NAMES[:-1])} or {NAMES[-1]}."),
    ] = "auto",
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="MAPPING",
            help="What the columns mean, for a platform that is none of these; see `map`.",
        ),
    ] = None,
    unit_pay: Annotated[
        str | None, typer.Option(help="Pay of a task where the file names no reward, as in 0.05.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of --unit-pay.")] = None,
    task_group: Annotated[str | None, typer.Option(help="ILO task group of all the work.")] = None,
    residence: Annotated[
        str | None, typer.Option(help="Country of residence of all the workers, as in MA.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    nil: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE", help="Declare that a day had no work; may be repeated."),
    ] = None,
) -> None:
    """Import crowdwork export files, sign them and send them. Safe to run again at any time."""
    errors, result = Console(stderr=True), PushResult()
    if not files and not nil:
        raise typer.BadParameter("name the files to push, or --nil DATE")
    options = _options(format_name, unit_pay, currency, task_group, residence, mapping)
    if dry_run:
        _dry_run(files or [], key_file, options, errors)
        return
    if url is None:
        raise typer.BadParameter("--url says where to send it (or take --dry-run)")
    if nil:
        declare(key_file, url, nil)
    if not files:
        return
    key, pseudonyms = _opened(key_file, errors)
    try:
        with new_client() as client, _progress(errors) as tell:
            push_files(
                files,
                key,
                url,
                client=client,
                pseudonyms=pseudonyms,
                options=options,
                progress=tell,
                sleep=_telling(errors),
                result=result,
            )
    except KeyboardInterrupt:
        _say_interrupted(result, errors)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except (SijillError, ValueError, httpx.InvalidURL) as fault:
        errors.print(f"Nothing was sent: {fault}", style="red", markup=False)
        raise typer.Exit(EXIT_USAGE) from None
    _show(result, errors)
    if not result.complete:
        raise typer.Exit(EXIT_INCOMPLETE)


def _show(result: PushResult, errors: Console) -> None:
    try:
        show(result, Console())
    except OSError as fault:
        # What is left in the buffer would be tried again at the end, and be the exit code.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        errors.print(
            f"{result.sent} of {result.submissions} submissions have their answer; what there is "
            f"to say of them cannot be written ({fault.strerror}). Run the same command again to "
            "see it: what is there already counts as a repeat.",
            style="red",
            markup=False,
        )
        raise typer.Exit(EXIT_INCOMPLETE) from None


def _options(
    format_name: str,
    unit_pay: str | None,
    currency: str | None,
    task_group: str | None,
    residence: str | None,
    mapping: Path | None,
) -> PushOptions:
    """What the options say, or a usage error."""
    try:
        mapped = None if mapping is None else load_mapping(mapping)
        return PushOptions(format_name, unit_pay, currency, task_group, residence, mapped)
    except (ValueError, UnreadableFile) as fault:
        raise typer.BadParameter(str(fault)) from None


def _opened(key_file: Path, errors: Console) -> tuple[PlatformKey, Pseudonyms]:
    """The key and the secret beside it, or a usage error."""
    try:
        key = load_key(key_file)
        known = pseudonyms_path(key_file).exists()
        pseudonyms = open_pseudonyms(key_file)
    except KeyFileError as fault:
        raise typer.BadParameter(str(fault)) from None
    if not known:
        errors.print(
            f"Made {pseudonyms_path(key_file)}, the secret behind your workers' pseudonyms. "
            "Back it up: with another one every worker gets a new name.",
            style="yellow",
            markup=False,
        )
    return key, pseudonyms


def _dry_run(files: list[Path], key_file: Path, options: PushOptions, errors: Console) -> None:
    """Shows what would be sent. No secret is made for it: pseudonyms may be of the moment."""
    try:
        key = load_key(key_file)
        known = pseudonyms_path(key_file).exists()
        names = open_pseudonyms(key_file) if known else Pseudonyms(secrets.token_bytes())
        with _progress(errors) as tell:
            done = rehearse(files, f"/emitters/{key.emitter}", names, options, now(), tell)
    except SijillError as fault:
        raise typer.BadParameter(str(fault)) from None
    show_dry_run(done, Console())
    if done.result.unreadable or done.result.bad_files:
        raise typer.Exit(EXIT_INCOMPLETE)


def _telling(console: Console) -> Sleep:
    """Waits, and says so where it is not only for a receipt or a report."""

    def sleep(seconds: float) -> None:
        if why := getattr(seconds, "why", ""):
            words = f"The registry is away or busy ({why}); trying again in {seconds:.0f} s"
            console.print(f"{words} (Ctrl-C stops).", style="yellow", markup=False)
        time.sleep(seconds)

    return sleep


@contextmanager
def _progress(console: Console) -> Iterator[Tell]:
    """A bar per phase on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(_PHASES[phase], total=total)
            bars.update(tasks[phase], completed=done, total=total)

        yield tell


def _say_interrupted(result: PushResult, console: Console) -> None:
    known = f"{result.sent} of {result.submissions}" if result.submissions else "no"
    console.print(
        f"Interrupted: {known} submissions have their answer. Run the same command again to "
        "finish: what is there already counts as a repeat.",
        style="yellow",
        markup=False,
    )


def main() -> None:
    """Entry point of the script `sijill-client`."""
    app()


if __name__ == "__main__":
    main()
