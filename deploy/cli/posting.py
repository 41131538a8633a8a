"""`sijill post`: work out what every scheme is owed and post the difference to what stands."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import msgspec
import typer

from deploy.cli.context import (
    EXIT_FAILED,
    Data,
    SignAs,
    Url,
    fail,
    folder_of,
    out,
    stores_of,
    told_plainly,
    url_of,
)
from deploy.folder import DataFolder
from deploy.keyfiles import REGISTRY_GLOB, KeyFile, read_key
from events.keys import REGISTRY

if TYPE_CHECKING:
    from deploy.assessing import Mark, Only
    from deploy.posting import Poster, Preview, Round, Say

#: Rounds after another poster was faster.
_ROUNDS_MAX = 5


#: In the registry's folder: up to where all is posted. It only saves work and may be deleted.
_MARK_FILE = "posted.json"


class Posted(msgspec.Struct, frozen=True):
    """What `--json` prints: a round's position, and what was posted since the command began.

    `waiting`: worker-months that wait for an exchange rate.
    """

    position: int
    worker_months: int
    entries: int
    waiting: int
    seconds: float


def post(
    scheme: Annotated[
        str | None, typer.Argument(help="Only this scheme, like cnss (default: every one).")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(help="Only pay of this month, as YYYY-MM (default: every month)."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be posted, and post nothing.")
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Assess everything again, not only what came since.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON and nothing else.")
    ] = False,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Assess what may have changed and post what differs, with the registry's key.

    Without arguments everything is posted that came since the last time. `sijill post cnss
    --period 2026-03` looks at all of one scheme's month, and `--dry-run` shows what it comes to.
    A month whose books are closed is posted to the oldest open one.

    Safe to run at any time: killed anywhere, or run twice at once, it posts nothing twice. Nothing
    differs: nothing is sent.
    """
    from deploy.assessing import Only

    with told_plainly():
        only = Only(scheme, period)
        if dry_run and json:
            raise ValueError("--json tells what was posted: it does not go with --dry-run")
        file = folder_of(data).path / _MARK_FILE
        mark = None if all_ or scheme or period else _read_mark(file)
        reached = asyncio.run(_Work(only, mark, dry_run, json).run(_found(data, url, sign_as)))
        if reached is not None:
            file.write_bytes(msgspec.json.encode(reached))


def _found(
    data: Path | None, url: str | None, key: Path | None
) -> "AbstractAsyncContextManager[Poster]":
    """A poster for the registry that is meant."""
    from deploy.posting import open_poster, sending

    folder = folder_of(data)
    address = url_of(folder, url)
    signer = read_key(key) if key else _registry_key(folder, address)
    described = httpx.get(f"{address}/v1/registry", timeout=10).raise_for_status().json()
    return open_poster(stores_of(data), described["country"], sending(signer, address))


class _Work:
    """One command."""

    def __init__(self, only: "Only", mark: "Mark | None", dry_run: bool, json: bool) -> None:
        self._only, self._mark, self._dry_run, self._json = only, mark, dry_run, json
        self._say: Say = (lambda line: None) if json else _print
        self._began, self._months, self._entries = time.monotonic(), 0, 0

    async def run(self, found: "AbstractAsyncContextManager[Poster]") -> "Mark | None":
        """Post or preview; the mark for the next time."""
        async with found as poster:
            if self._dry_run:
                _show(await poster.preview(self._say, self._mark, self._only), self._say)
                return None
            return await self._rounds(poster)

    async def _rounds(self, poster: "Poster") -> "Mark | None":
        for _ in range(_ROUNDS_MAX):
            done = await poster.post(self._say, self._mark, self._only)
            self._months += done.postings
            self._entries += done.lines
            self._tell(done)
            if not done.overtaken:
                return done.mark
            self._say(f"another poster was faster for {', '.join(done.overtaken)}: again")
        fail("another poster is faster each time: is one running already?", EXIT_FAILED)

    def _tell(self, done: "Round") -> None:
        waits = f"; {done.waiting} worker-months wait for an exchange rate" if done.waiting else ""
        posted = f"{done.postings} worker-months, {done.lines} entries"
        self._say(f"assessed at position {done.position}: {posted}{waits}")
        if self._json and not done.overtaken:
            took = round(time.monotonic() - self._began, 3)
            said = Posted(done.position, self._months, self._entries, done.waiting, took)
            print(msgspec.json.encode(said).decode())


def _print(line: str) -> None:
    out.print(line, highlight=False, markup=False)


def _show(seen: "Preview", say: "Say") -> None:
    """What would be posted, month by month."""
    from events.money import from_micros

    for (scheme, month), (count, entries) in sorted(seen.months.items()):
        say(f"{scheme} {month}: {count} worker-months, {entries} entries")
        for key, (debit, credit) in sorted(seen.accounts.items()):
            if (key.scheme, key.month) == (scheme, month):
                sides = f"debit {from_micros(debit)}, credit {from_micros(credit)}"
                say(f"  {key.account:20} {sides} {key.currency}")
    waits = f"; {seen.waiting} worker-months wait for an exchange rate" if seen.waiting else ""
    nothing = "" if seen.months else "nothing would be posted; "
    say(f"{nothing}assessed at position {seen.position}, nothing was sent{waits}")


def _read_mark(file: Path) -> "Mark | None":
    from deploy.assessing import Mark

    try:
        mark: Mark = msgspec.json.decode(file.read_bytes(), type=Mark)
    except (OSError, msgspec.DecodeError):
        return None
    return mark


def _registry_key(folder: DataFolder, address: str) -> KeyFile:
    """The newest of the registry's keys that stands in the log and lies here."""
    listed = httpx.get(f"{address}/v1/keys", timeout=10).raise_for_status().json()["rows"]
    added = {
        row["kid"]: row["added_leaf"]
        for row in listed
        if row["emitter"] == REGISTRY and row["revoked_leaf"] is None
    }
    found = [read_key(path) for path in sorted(folder.keys.glob(REGISTRY_GLOB))]
    usable = [one for one in found if one.key.kid in added]
    if not usable:
        raise ValueError(f"{folder.keys} holds no key of the registry that is in force")
    newest = max(usable, key=lambda one: (added[one.key.kid], one.key.kid))
    return KeyFile(REGISTRY, newest.key, newest.registry)
