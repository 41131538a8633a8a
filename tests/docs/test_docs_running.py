"""The pages for platforms are run from top to bottom against a real registry."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.keyfiles import write_key
from events.access import Role, sign_access
from events.jose import PrivateKey
from migrations.roles import OPERATOR
from tests.docs.pages import ROOT, Block, all_blocks, blocks
from tests.docs.running import answering
from tests.support.programs import needed
from tests.support.world import Platform, World

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")),
    reason="the pages' commands need curl and bash, which this machine lacks",
)
_EMITTER = "atlas-tasks"
SIGNERS = ROOT / "docs" / "platforms" / "signers"
#: Seconds after which a program of a page counts as hung.
_PATIENCE = 120


@pytest.fixture
async def atlas(world: World, tmp_path: Path) -> Platform:
    """The platform of the pages, its key file in the folder where they are run."""
    made = Platform(_EMITTER, PrivateKey.generate())
    await world.register(made)
    write_key(tmp_path / "platform.key", _EMITTER, made.key, world.identity)
    return made


async def test_the_quickstart_does_what_it_says(
    world: World, atlas: Platform, tmp_path: Path
) -> None:
    async with answering(world) as address:
        await _run_page("docs/platforms/quickstart.md", tmp_path, {"REGISTRY": address})
    # Five events of the export, four of the kit, one of plain HTTP; the repeat added none.
    events = [row for row in await world.view("fact") if row["emitter"] == atlas.emitter]
    assert len(events) == 10


async def test_the_page_about_a_daily_job_does_what_it_says(
    world: World, atlas: Platform, tmp_path: Path
) -> None:
    async with answering(world) as address:
        await _run_page("docs/platforms/daily.md", tmp_path, {"REGISTRY": address})
    facts = [row for row in await world.view("fact") if row["emitter"] == atlas.emitter]
    assert sum(row["amount"] for row in facts if row["kind"] == "approved") == 70_000


async def test_the_page_about_signing_does_what_it_says(
    world: World, atlas: Platform, tmp_path: Path
) -> None:
    needed("node", "openssl")
    shutil.copytree(SIGNERS, tmp_path / "signers")
    async with answering(world) as address:
        await _run_page("docs/platforms/signing.md", tmp_path, {"REGISTRY": address})
    events = [row for row in await world.view("fact") if row["emitter"] == atlas.emitter]
    assert {row["task"] for row in events if row["kind"] == "completed"} == {"t-510", "t-511"}


@pytest.mark.parametrize("name", ["sign.py", "bearer.py"])
def test_the_programs_of_the_first_page_are_those_in_the_folder(name: str) -> None:
    (shown,) = [
        one.text for one in blocks("docs/platforms/quickstart.md") if one.mark == f"file={name}"
    ]
    assert shown == (SIGNERS / name).read_text("utf-8")


async def test_a_table_of_an_unknown_platform_goes_through_as_its_page_says(
    world: World, atlas: Platform, tmp_path: Path
) -> None:
    async with answering(world) as address:
        await _run_page("docs/platforms/mapping.md", tmp_path, {"REGISTRY": address})
    events = [row for row in await world.view("fact") if row["emitter"] == atlas.emitter]
    assert len(events) == 5


async def test_the_api_answers_as_its_page_shows(
    world: World, atlas: Platform, tmp_path: Path
) -> None:
    shown = [json.loads(one.text) for one in all_blocks() if one.mark == "event"]
    world.clock.now = datetime.now(UTC)
    await world.tell(*shown, platform=atlas)
    # The examples are also good practice: as a whole they leave nothing to mend.
    assert await world.view("anomaly") == []
    tokens = {
        "ANALYST": _token(world, Role.ANALYST),
        "INSPECTOR": _token(world, Role.INSPECTOR),
        "WORKER": _token(world, Role.WORKER, platform=_EMITTER, worker="w-7f3a"),
    }
    async with answering(world) as address:
        await _run_page("docs/api.md", tmp_path, {"REGISTRY": address, **tokens})
    lines = [row["what"] for row in await _access_lines(world)]
    assert "GET /v1/platforms/atlas-tasks/workers/w-7f3a" in lines


def _token(world: World, role: Role, **scope: Any) -> str:
    return sign_access(
        world.authority.key,
        emitter=world.authority.emitter,
        registry=world.identity,
        at=world.clock(),
        role=role,
        subject="a reader",
        **scope,
    )


async def _access_lines(world: World) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(world.dsn(OPERATOR))
    try:
        found: list[asyncpg.Record] = await connection.fetch("SELECT what FROM audit.access")
    finally:
        await connection.close()
    return found


async def _run_page(page: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Write the page's files, run what it runs, and look for what it shows."""
    printed = ""
    for block in blocks(page):
        if block.mark.startswith("file="):
            (folder / block.mark.removeprefix("file=")).write_text(block.text)
        elif block.mark == "run":
            printed = await _run(block, folder, environment)
        elif block.mark == "output":
            assert _missing(block.text, printed) == [], f"{block} printed:\n{printed}"


def _missing(shown: str, printed: str) -> list[str]:
    """Lines of a page that were not printed; runs of blanks count as one."""
    plain = _plain(printed)
    return [line for line in shown.splitlines() if _plain(line) not in plain]


def _plain(text: str) -> str:
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines())


async def _run(block: Block, folder: Path, given: Mapping[str, str]) -> str:
    """What a block prints; it must end well."""
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        **given,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")]),
        "COLUMNS": "200",
    }
    command = {
        "sh": ("bash", "-e", "-o", "pipefail", "-c", block.text),
        "python": (sys.executable, "-c", block.text),
    }[block.language]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
    except TimeoutError:
        # All that it started ends with it: a loop of a page would go on for ever.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise AssertionError(f"{block} did not end within {_PATIENCE} s") from None
    assert process.returncode == 0, f"{block} ended with {process.returncode}:\n{output.decode()}"
    return output.decode()
