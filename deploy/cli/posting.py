"""`sijill post`: work out what every scheme is owed and post the difference to what stands."""

import asyncio
import sys
from collections.abc import Callable
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
    from deploy.posting import Mark, Poster

#: Rounds after another poster was faster.
_ROUNDS_MAX = 5


#: In the registry's folder: up to where all is posted. It only saves work and may be deleted.
_MARK_FILE = "posted.json"


def post(
    all_: Annotated[
        bool, typer.Option("--all", help="Assess everything again, not only what came since.")
    ] = False,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Assess what may have changed and post what differs, with the registry's key.

    Safe to run at any time: killed anywhere, or run twice at once, it posts nothing twice. Nothing
    differs: nothing is sent.
    """
    from deploy.posting import Poster

    with told_plainly():
        folder = folder_of(data)
        address = url_of(folder, url)
        signer = read_key(sign_as) if sign_as else _registry_key(folder, address)
        described = httpx.get(f"{address}/v1/registry", timeout=10).raise_for_status().json()
        poster = Poster(stores_of(data), described["country"], signer, address)
        file = folder.path / _MARK_FILE
        mark = asyncio.run(_rounds(poster, None if all_ else _read_mark(file)))
        if mark is not None:
            file.write_bytes(msgspec.json.encode(mark))


async def _rounds(poster: "Poster", mark: "Mark | None") -> "Mark | None":
    for _ in range(_ROUNDS_MAX):
        done = await poster.post(lambda line: out.print(line, highlight=False, markup=False), mark)
        waits = f"; {done.waiting} worker-months wait for an exchange rate" if done.waiting else ""
        posted = f"{done.postings} worker-months, {done.lines} entries"
        out.print(f"assessed at position {done.position}: {posted}{waits}", highlight=False)
        if not done.overtaken:
            return done.mark
        out.print(f"another poster was faster for {', '.join(done.overtaken)}: again")
    fail("another poster is faster each time: is one running already?", EXIT_FAILED)


def _read_mark(file: Path) -> "Mark | None":
    from deploy.posting import Mark

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


async def post_every(seconds: float, folder: Path, say: Callable[[str], None]) -> None:
    """Post now and then, each time in a process of its own; 0: never."""
    while True:
        await asyncio.sleep(seconds or 3600.0)
        if not seconds:
            continue
        command = (sys.executable, "-m", "deploy.cli.main", "post", "--data", str(folder))
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        try:
            said, wrong = await running.communicate()
        finally:
            if running.returncode is None:
                running.kill()
        if running.returncode:
            say(f"posting: {(wrong or said).decode().strip()}")
