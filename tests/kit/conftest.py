"""One registry that answers, for a file of tests of what a platform runs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sijill_client.keys import PlatformKey, make_key, public_jwk, save_key

from deploy.acts import Act, send_acts
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.keyfiles import KeyFile
from tests.docs.running import answering
from tests.fault.waiting import until
from tests.support.world import World, new_world


@dataclass
class Answering:
    """A world that sequences and folds by itself, and where it answers."""

    world: World
    url: str

    async def platform(self, emitter: str, folder: Path, *, p256: bool = False) -> Path:
        """Registers a platform; its key file."""
        path = folder / f"{emitter}.key"
        key = make_key(emitter, self.world.identity, p256=p256)
        save_key(key, path)
        named = {"emitter": emitter, "name": emitter.title(), "key": public_jwk(key.private)}
        await self.act("platform.registered", **named)
        await self.world.door.refresh_keys()
        return path

    async def another_key(self, emitter: str, folder: Path) -> Path:
        """One more key of a platform; its key file."""
        path = folder / f"{emitter}-new.key"
        key = make_key(emitter, self.world.identity)
        save_key(key, path)
        await self.act("key.added", emitter=emitter, key=public_jwk(key.private))
        return path

    async def act(self, type_: str, **data: object) -> None:
        """An act of the authority, with its leaf."""
        signer = self.world.authority
        key = KeyFile(signer.emitter, signer.key, self.world.identity)
        await asyncio.to_thread(send_acts, [Act(type_, data)], key, self.url)

    async def event_ids(self, key: PlatformKey) -> list[str]:
        """The ids of a platform's events in the views, each as often as it stands there."""
        tail = await self.world.leaves.tail()
        assert tail is not None

        async def folded() -> bool:
            return self.world.projection.progress.next_leaf > tail.index

        await until(folded, f"leaf {tail.index} is folded")
        rows = await self.world.view("fact")
        return sorted(row["event_id"] for row in rows if row["emitter"] == key.emitter)


@pytest.fixture(scope="module")
async def registry(postgres: EmbeddedPostgres) -> AsyncIterator[Answering]:
    """The registry of one file."""
    async with new_world(postgres) as world, answering(world) as url:
        yield Answering(world, url)
