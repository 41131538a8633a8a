"""One process of a registry, started as an operator starts it, for a test to freeze and to kill."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.fault.waiting import until
from tests.support.plain import PLAIN
from tests.support.world import World

Start = Callable[..., "Process"]


@dataclass
class Process:
    """A command with health pages."""

    child: subprocess.Popen[bytes]
    url: str

    async def health(self) -> dict[str, object]:
        """What /readyz says; nothing while it does not answer."""
        try:
            async with httpx.AsyncClient(verify=PLAIN) as client:
                answer = await client.get(f"{self.url}/readyz")
        except httpx.TransportError:
            return {}
        return {**answer.json(), "status": answer.status_code}

    async def until(self, what: str, value: object) -> None:
        """Wait until a member of its health has this value."""

        async def so() -> bool:
            assert self.child.poll() is None, f"ended with status {self.child.returncode}"
            return (await self.health()).get(what) == value

        await until(so, f"{what} = {value}")

    def freeze(self) -> None:
        """Nothing runs in it any more, and its connections stay open."""
        self.child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, knowing nothing of the time between."""
        self.child.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """It says goodbye to nobody."""
        self.child.kill()
        self.child.wait()


@contextmanager
def starting(world: World, keys: Path, command: str) -> Iterator[Start]:
    """Starts `sijill COMMAND` on the world's database; all are gone afterwards.

    What it gives takes further settings by name: `start(SIJILL_CLOCK="file:clock")`.
    """
    with ExitStack() as stack:

        def begin(**more: str) -> Process:
            port = _free_port()
            environment = {
                **os.environ,
                "SIJILL_DATABASE": world.dsn("ROLE").replace("ROLE", "{role}", 1),
                "SIJILL_KEYS": str(keys),
                "SIJILL_PORT": str(port),
                **more,
            }
            child = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli.main", command],
                env=environment,
                stderr=subprocess.DEVNULL,
            )
            process = Process(child, f"http://127.0.0.1:{port}")
            stack.callback(process.kill)
            return process

        yield begin


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
