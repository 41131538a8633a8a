"""The pages for platforms are run from top to bottom against a real registry."""

import asyncio
import os
import re
import sys
from pathlib import Path

from deploy.keyfiles import write_key
from events.jose import PrivateKey
from tests.docs.pages import ROOT, Block, blocks
from tests.docs.running import answering
from tests.support.world import Platform, World

_EMITTER = "atlas-tasks"
#: Seconds after which a program of a page counts as hung.
_PATIENCE = 120


async def test_the_quickstart_does_what_it_says(world: World, tmp_path: Path) -> None:
    key = PrivateKey.generate()
    await world.register(Platform(_EMITTER, key))
    write_key(tmp_path / "platform.key", _EMITTER, key, world.identity)
    async with answering(world) as address:
        printed = ""
        for block in blocks("docs/platforms/quickstart.md"):
            if block.mark.startswith("file="):
                (tmp_path / block.mark.removeprefix("file=")).write_text(block.text)
            elif block.mark == "run":
                printed = await _run(block, tmp_path, address)
            elif block.mark == "output":
                assert _missing(block.text, printed) == [], f"{block} printed:\n{printed}"
    # Four events of the export, one of the kit, one of plain HTTP; the repeat added none.
    events = [row for row in await world.view("fact") if row["emitter"] == _EMITTER]
    assert len(events) == 7


def _missing(shown: str, printed: str) -> list[str]:
    """Lines of a page that were not printed; runs of blanks count as one."""
    plain = _plain(printed)
    return [line for line in shown.splitlines() if _plain(line) not in plain]


def _plain(text: str) -> str:
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines())


async def _run(block: Block, folder: Path, address: str) -> str:
    """What a block prints; it must end well."""
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "REGISTRY": address,
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
    )
    output, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
    assert process.returncode == 0, f"{block} ended with {process.returncode}:\n{output.decode()}"
    return output.decode()
