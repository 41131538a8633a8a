"""What tests of the views share."""

import pytest

from events.jose import PrivateKey
from tests.support.world import Platform, World


@pytest.fixture
async def beta(world: World) -> Platform:
    """A second platform."""
    made = Platform("beta", PrivateKey.generate())
    await world.register(made)
    return made
