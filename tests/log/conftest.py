"""The contract suite runs over every implementation of the log."""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from tests.log.kits import LogKit, kafka_kit, postgres_kit


@pytest.fixture(params=["postgres", "kafka"])
async def kit(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[LogKit]:
    """An empty log."""
    if request.param == "postgres":
        async with postgres_kit(postgres) as embedded:
            yield embedded
    else:
        bootstrap = request.getfixturevalue("kafka")
        address = KafkaAddress(bootstrap, request.getfixturevalue("topics"))
        async with kafka_kit(postgres, address) as distributed:
            yield distributed
