"""What leaf 0 says of the registry: who keeps it, where, and in which days."""

from dataclasses import dataclass

from events import vocabulary
from events.leaf import leaf_hash
from events.log.protocol import Leaves
from events.submission import decode_events


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry as established. `identity` is the hex hash of leaf 0."""

    identity: str
    name: str
    country: str
    time_zone: str


async def registry_of(leaves: Leaves) -> Registry | None:
    """Read leaf 0; None while the log is empty."""
    first = await leaves.leaves(0, 1)
    if not first:
        return None
    (body,) = await leaves.bodies([first[0].place])
    (event,) = decode_events(body)
    assert isinstance(event, vocabulary.AuthorityEstablished)
    data = event.data
    return Registry(leaf_hash(first[0].leaf).hex(), data.name, data.country, data.time_zone)
