"""A door without a database, for tests that call it from event loops of their own."""

from collections.abc import Sequence

from events.jose import PrivateKey
from events.keys import Emitter, Key, KeyRing
from events.log.protocol import Arrival, Indexed, LeafRecord, Place, Sent, Stood
from events.receipt import RegistryKeys
from events.vocabulary import EmitterKind
from services.ingest.door import Door
from services.ingest.rates import EmitterRates
from tests.support.world import Platform, SetClock

#: One emitter of each kind, with its key.
SPEAKERS = {
    kind: Platform(_name, PrivateKey.generate())
    for kind, _name in (
        (EmitterKind.AUTHORITY, "authority"),
        (EmitterKind.REGISTRY, "registry"),
        (EmitterKind.FUND, "fund"),
        (EmitterKind.PLATFORM, "alpha"),
    )
}


def speakers_ring() -> KeyRing:
    """All speakers registered."""
    ring = KeyRing()
    for kind, speaker in SPEAKERS.items():
        name = speaker.emitter
        ring.emitters[name] = Emitter(name, kind, name.title(), 0, ("cnss",))
        ring.keys[speaker.key.kid] = Key(speaker.key.kid, name, speaker.key.jwk, 0)
    return ring


class MemoryIntake:
    """An intake that keeps arrivals in a list and never gives a leaf."""

    waiting_bytes = 0

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []

    async def append(self, arrival: Arrival, *, anyway: bool = False) -> Place:
        self.arrivals.append(arrival)
        return Place(0, len(self.arrivals) - 1)

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        return []

    async def stood(self, sent: Sequence[Sent]) -> Stood:
        return Stood({}, None)

    async def wait_leaf(self, index: int, seconds: float) -> None:
        return

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        return []

    async def last_act(self) -> int | None:
        return 0

    async def key_ring(self) -> KeyRing:
        return speakers_ring()


def memory_door(intake: MemoryIntake) -> Door:
    """A door over it that lets everybody in as often as they like."""
    registry = SPEAKERS[EmitterKind.REGISTRY].key
    keys = RegistryKeys("0" * 64, {registry.kid: registry})
    return Door(intake, keys, SetClock(), EmitterRates(1e9, 1e18))
