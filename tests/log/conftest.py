"""The contract suite runs over every implementation in `kits.KITS`."""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.log.kits import KITS, LogKit


@pytest.fixture(params=sorted(KITS))
async def kit(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[LogKit]:
    """An empty log."""
    async with KITS[request.param](postgres) as made:
        yield made
