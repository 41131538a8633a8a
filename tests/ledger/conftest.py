"""Registries whose ledger the real poster keeps, with the log in the database and on Kafka."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from tests.support.books import Books, books_of
from tests.support.kafka import delete_topics
from tests.support.world import new_world

NewBooks = Callable[[], AbstractAsyncContextManager[Books]]


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def new_books(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> NewBooks:
    """Makes books over a fresh registry, on the one log and on the other."""
    servers = request.getfixturevalue("kafka") if request.param == "kafka" else None

    @asynccontextmanager
    async def made() -> AsyncIterator[Books]:
        prefix = f"t{uuid4().hex}"
        address = KafkaAddress(servers, prefix) if servers else None
        async with new_world(postgres, address) as world, books_of(world) as books:
            yield books
        if servers:
            delete_topics(servers, prefix)

    return made
