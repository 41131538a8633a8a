"""What the query API is made of; everything that touches the world is passed in."""

from dataclasses import dataclass, field
from datetime import date

from events import vocabulary
from events.clock import Clock
from events.days import Days
from events.log.protocol import Leaves
from events.receipt import RegistryKeys
from events.submission import decode_events
from services.query_api.access import AuditTrail, Keys
from services.query_api.database import QueryDatabase
from services.query_api.metrics import Metrics
from services.web.problems import Problem


@dataclass(slots=True)
class Establishment:
    """What leaf 0 says of the registry; it never changes."""

    name: str
    country: str
    days: Days


@dataclass(slots=True)
class QueryState:
    """Parts of one query service. `leaves` reads the log, for keys and signed bytes."""

    database: QueryDatabase
    audit: AuditTrail
    leaves: Leaves
    registry_keys: RegistryKeys
    clock: Clock
    metrics: Metrics = field(default_factory=Metrics)
    keys: Keys = field(init=False)
    _established: Establishment | None = None

    def __post_init__(self) -> None:
        self.keys = Keys(self.leaves)

    @property
    def identity(self) -> str:
        """The registry's identity: the hash of leaf 0."""
        return self.registry_keys.identity

    async def establishment(self) -> Establishment:
        """Leaf 0, read once. Problem 503 while the log is empty."""
        if self._established is None:
            first = await self.leaves.leaves(0, 1)
            if not first:
                raise Problem(503, "not-established", "the register has no leaf yet")
            (body,) = await self.leaves.bodies([first[0].place])
            act = decode_events(body)[0]
            assert isinstance(act, vocabulary.AuthorityEstablished)
            days = Days(act.data.time_zone)
            self._established = Establishment(act.data.name, act.data.country, days)
        return self._established

    def today(self, days: Days) -> date:
        """The registry's date."""
        return days.day_of(self.clock())
