"""`sijill up --sandbox`: a registry for one platform's own tests, gone when it ends."""

import asyncio
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvloop
from sijill_client.errors import KeyFileError
from sijill_client.keys import PlatformKey, make_key, public_jwk, save_key

from deploy.acts import Act, send_acts
from deploy.folder import DataFolder, reachable_parent
from deploy.keyfiles import AUTHORITY_FILE, read_key
from deploy.ports import PORT, PORTS_NEEDED, first_free
from deploy.processes.stopping import input_ended
from deploy.up import Plan, run_up

#: Where one of any ports is looked for: below those that a system gives to clients.
_ANY_PORT = (12_000, 30_000)
#: Who the tests speak as, unless they say.
EMITTER = "sandbox"
_NAME = "Sandbox"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A passing registry on loopback. The key file appears once the platform may speak, and goes
    with the data; `ValueError` or `KeyFileError` before anything is started."""

    key_out: Path
    port: int | None
    until_eof: bool
    say: Callable[[str], None]
    emitter: str = EMITTER

    def run(self) -> None:
        """Until a signal, or the end of standard input if that was asked for."""
        if self.key_out.exists():
            raise KeyFileError(
                f"{self.key_out} exists: a key is never overwritten. If it is left from a sandbox "
                "that was killed, remove it; else name another file with --key-out"
            )
        with tempfile.TemporaryDirectory(
            prefix="sijill-sandbox-", dir=reachable_parent(), ignore_cleanup_errors=True
        ) as name:
            Path(name).chmod(0o711)
            plan = Plan(
                DataFolder(Path(name) / "data"), self._free_port(), name=_NAME, passing=True
            )
            try:
                uvloop.run(run_up(plan, self.say, self._ready))
            finally:
                self.key_out.unlink(missing_ok=True)

    def _free_port(self) -> int:
        """The port that was asked for; 0 is any, so that many may start side by side."""
        if self.port is None:
            return first_free(PORT, PORTS_NEEDED)
        begin = random.randrange(*_ANY_PORT)  # noqa: S311 (no secret)
        return self.port or first_free(begin, PORTS_NEEDED)

    async def _ready(self, plan: Plan) -> None:
        key = await asyncio.to_thread(_register, plan, self.emitter)
        for line in (
            f"registry   {plan.url}  (API description: {plan.url}/openapi.json)",
            f"platform   {key.emitter}, key in {self.key_out.absolute()}",
            f"push       sijill push FILE --as {self.key_out} --url {plan.url}",
            f"more       sijill platform add NAME --tax-id ID --key-out FILE "
            f"--data {plan.folder.path}",
            "stop       Ctrl-C; everything is thrown away",
        ):
            self.say(line)
        # Who waits for this file finds all of the above true.
        save_key(key, self.key_out)
        await (input_ended() if self.until_eof else asyncio.Event().wait())


def _register(plan: Plan, emitter: str) -> PlatformKey:
    authority = read_key(plan.folder.keys / AUTHORITY_FILE)
    said = httpx.get(f"{plan.url}/v1/registry", timeout=10).raise_for_status().json()
    key = make_key(emitter, said["identity"])
    named = {"emitter": emitter, "name": _NAME, "key": public_jwk(key.private)}
    send_acts([Act("platform.registered", named)], authority, plan.url, plan.clock)
    return key
