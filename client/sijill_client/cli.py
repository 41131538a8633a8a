"""The kit on the command line: `sijill push` and `sijill status`, or `sijill-client` for both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from sijill_client.documents import Problem
from sijill_client.emitter import WAIT_MAX, Emitter
from sijill_client.errors import KeyFileError, SijillError, Unreachable
from sijill_client.keys import PlatformKey, load_key
from sijill_client.nil import declare_nil, read_day
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms, open_pseudonyms, pseudonyms_path
from sijill_client.push import PushResult, push_files
from sijill_client.reader import Progress as Tell
from sijill_client.status import lines_of
from sijill_client.summary import show

EXIT_INCOMPLETE, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
#: Seconds without a byte after which an answer counts as lost; above what the door may hold back.
ANSWER_SECONDS = WAIT_MAX + 30.0
CONNECT_SECONDS = 10.0
_PHASES = {"read": "reading files", "send": "sending submissions", "report": "reading reports"}

app = typer.Typer(help="Report micro-tasks to a Sijill registry.", no_args_is_help=True)


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
    url: Annotated[str, typer.Option(help="Where the registry is.")],
    format_name: Annotated[
        str,
        typer.Option("--format", help="auto, mturk-web, mturk-clt, mturk-hitresults or events."),
    ] = "auto",
    unit_pay: Annotated[
        str | None, typer.Option(help="Pay of a task where the file names no reward, as in 0.05.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of --unit-pay.")] = None,
    task_group: Annotated[str | None, typer.Option(help="ILO task group of all the work.")] = None,
    residence: Annotated[
        str | None, typer.Option(help="Country of residence of all the workers, as in MA.")
    ] = None,
    nil: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE", help="Declare that a day had no work; may be repeated."),
    ] = None,
) -> None:
    """Import crowdwork export files, sign them and send them. Safe to run again at any time."""
    errors, result = Console(stderr=True), PushResult()
    if nil:
        _declare(key_file, url, nil, errors)
    if not files:
        if nil:
            return
        raise typer.BadParameter("name the files to push, or --nil DATE")
    key, pseudonyms, options = _opened(
        key_file, format_name, unit_pay, currency, task_group, residence, errors
    )
    try:
        with _client() as client, _progress(errors) as tell:
            push_files(
                files,
                key,
                url,
                client=client,
                pseudonyms=pseudonyms,
                options=options,
                progress=tell,
                result=result,
            )
    except KeyboardInterrupt:
        _say_interrupted(result, errors)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except (SijillError, ValueError, httpx.InvalidURL) as fault:
        errors.print(f"Nothing was sent: {fault}", style="red", markup=False)
        raise typer.Exit(EXIT_USAGE) from None
    show(result, Console())
    if not result.complete:
        raise typer.Exit(EXIT_INCOMPLETE)


@app.command()
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
    errors = Console(stderr=True)
    with _told(errors), _client() as client:
        days = [read_day(text) if text else None for text in (first, last)]
        found = Emitter(load_key(key_file), url, client).status(*days)
        if isinstance(found, Problem):
            raise SijillError(str(found))
        for part in lines_of(found):
            Console().print(part, soft_wrap=isinstance(part, Text))


def _declare(key_file: Path, url: str, texts: list[str], errors: Console) -> None:
    with _told(errors), _client() as client:
        days = [read_day(text) for text in texts]
        result = declare_nil(Emitter(load_key(key_file), url, client), days)
        if result.problem is not None:
            raise SijillError(f"refused: {result.problem}")
    said = "declared already" if result.state == "repeated" else "declared"
    Console().print(f"{said}: no work on {', '.join(map(str, sorted(set(days))))}", highlight=False)


@contextmanager
def _told(errors: Console) -> Iterator[None]:
    """Turns what can be expected to go wrong into one line and an exit code."""
    try:
        yield
    except Unreachable as fault:
        errors.print(f"{fault}", style="red", markup=False)
        raise typer.Exit(EXIT_INCOMPLETE) from None
    except (SijillError, ValueError, httpx.InvalidURL) as fault:
        errors.print(f"{fault}", style="red", markup=False)
        raise typer.Exit(EXIT_USAGE) from None


def _opened(
    key_file: Path,
    format_name: str,
    unit_pay: str | None,
    currency: str | None,
    task_group: str | None,
    residence: str | None,
    errors: Console,
) -> tuple[PlatformKey, Pseudonyms, PushOptions]:
    """What the options name, or a usage error."""
    try:
        options = PushOptions(format_name, unit_pay, currency, task_group, residence)
        key = load_key(key_file)
        known = pseudonyms_path(key_file).exists()
        pseudonyms = open_pseudonyms(key_file)
    except (ValueError, KeyFileError) as fault:
        raise typer.BadParameter(str(fault)) from None
    if not known:
        errors.print(
            f"Made {pseudonyms_path(key_file)}, the secret behind your workers' pseudonyms. "
            "Back it up: with another one every worker gets a new name.",
            style="yellow",
            markup=False,
        )
    return key, pseudonyms, options


def _client() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS))


@contextmanager
def _progress(console: Console) -> Iterator[Tell]:
    """A bar per phase on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
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
