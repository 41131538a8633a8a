"""Watching the log: a look that is given up ends in silence."""

import asyncio
import gc
from typing import Any

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.processes import opening
from deploy.processes.settings import Stores
from migrations.roles import QUERY
from tests.fault.waiting import until
from tests.support.world import TEMPLATE


async def test_a_look_that_is_given_up_says_nothing_later(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault left `Task exception was never retrieved` and a trace in the process's log."""
    failed, told = list[int](), list[dict[str, Any]]()

    async def look(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            failed.append(1)
            raise asyncpg.InterfaceError("pool is closed") from None

    async def several() -> bool:
        return len(failed) > 2

    monkeypatch.setattr(opening, "_look", look)
    monkeypatch.setattr(opening, "_WATCH_SECONDS", 0)
    monkeypatch.setattr(opening, "_LOOK_SECONDS", 0.001)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    stores = Stores(postgres.dsn(TEMPLATE, "ROLE").replace("ROLE", "{role}", 1))
    watching = asyncio.create_task(opening.watch_log(stores, QUERY, lambda _: None))
    await until(several, "looks that failed after they were given up")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    gc.collect()
    loop.set_exception_handler(None)
    assert told == []
