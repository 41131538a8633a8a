"""The contract suite runs over every implementation of the log."""

import os
import uuid
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
        address = KafkaAddress(os.environ["SIJILL_TEST_KAFKA"], f"t{uuid.uuid4().hex[:12]}")
        async with kafka_kit(postgres, address) as made:
            yield made
