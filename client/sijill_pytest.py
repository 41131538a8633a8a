"""Plugin of pytest: the fixture `sijill_sandbox`, a registry for a platform's own tests.

A module of its own, so that pytest does not load the kit where no test asks for it.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sijill_client import PlatformKey

#: The registry's command, unless `sijill` on the PATH is it.
COMMAND = "SIJILL_COMMAND"
#: Seconds in which a registry starts, even on a busy machine, and in which it ends.
START_SECONDS, STOP_SECONDS = 120.0, 60.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A registry that answers at `url` on this machine, and the key file of one platform there."""

    url: str
    key_file: Path

    @property
    def key(self) -> "PlatformKey":
        """The platform's key, for `Emitter` and `Outbox`."""
        from sijill_client import load_key

        return load_key(self.key_file)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The emitter's id, for tests that know it by heart."""
    parser.addini(
        "sijill_emitter", "id under which the sandbox's platform speaks", default="sandbox"
    )


@pytest.fixture(scope="session")
def sijill_sandbox(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """A registry of this test session, thrown away at its end.

    All tests share it, so give events ids of their own. Its platform is `sandbox`, or what
    `sijill_emitter` says in pytest's settings. Its command is `sijill` on the PATH, or
    what SIJILL_COMMAND names.
    """
    command = os.environ.get(COMMAND) or shutil.which("sijill")
    if command is None:
        pytest.fail(
            f"there is no `sijill` on the PATH: install the registry for these tests (`make setup` "
            f"in a checkout), or name its command in {COMMAND}"
        )
    emitter: str = pytestconfig.getini("sijill_emitter")
    with running(command, tmp_path_factory.mktemp("sijill"), emitter) as sandbox:
        yield sandbox


@contextmanager
def running(command: str, folder: Path, emitter: str = "sandbox") -> Iterator[Sandbox]:
    """Starts a sandbox; it ends with the block, and with this process however that ends."""
    key_file, log = folder / "sandbox.key", folder / "sandbox.log"
    whose = ("--emitter", emitter, "--key-out", str(key_file))
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 (the command is the caller's own)
            # Tests side by side each start their own, on any port.
            [command, "up", "--sandbox", "--port", "0", "--until-eof", *whose],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=folder,
            # Ctrl-C is for pytest; the sandbox is ended below.
            start_new_session=True,
        )
    try:
        yield _started(process, key_file, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(STOP_SECONDS)


def _started(process: subprocess.Popen[bytes], key_file: Path, log: Path) -> Sandbox:
    deadline = time.monotonic() + START_SECONDS
    while not key_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the sandbox did not start:\n{log.read_text('utf-8', 'replace')}")
        time.sleep(_LOOK_SECONDS)
    found = re.search(r"^registry +(http\S+)", log.read_text("utf-8"), re.MULTILINE)
    assert found is not None, "the sandbox does not say where it answers"
    return Sandbox(found[1], key_file)
