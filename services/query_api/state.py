"""What the query API is made of; everything that touches the world is passed in."""

from dataclasses import dataclass, field
from datetime import date

from events.clock import Clock
from events.days import Days
from events.log.identity import Registry, registry_of
from events.log.protocol import Leaves
from events.receipt import RegistryKeys
from services.query_api.access import AuditTrail, Keys
from services.query_api.database import QueryDatabase
from services.query_api.metrics import Metrics
from services.query_api.recorded_days import RecordedDays
from services.query_api.remembered import Remembered
from services.web.problems import Problem


@dataclass(slots=True)
class QueryState:
    """Parts of one query service. `leaves` reads the log, for keys and signed bytes."""

    database: QueryDatabase
    audit: AuditTrail
    leaves: Leaves
    registry_keys: RegistryKeys
    clock: Clock
    metrics: Metrics = field(default_factory=Metrics)
    remembered: Remembered = field(default_factory=Remembered)
    keys: Keys = field(init=False)
    recorded: RecordedDays = field(init=False)
    _established: tuple[Registry, Days] | None = None

    def __post_init__(self) -> None:
        self.keys = Keys(self.leaves)
        self.recorded = RecordedDays(self.leaves)

    @property
    def identity(self) -> str:
        """The registry's identity: the hash of leaf 0."""
        return self.registry_keys.identity

    async def establishment(self) -> tuple[Registry, Days]:
        """What leaf 0 says and its calendar, read once. Problem 503 while the log is empty."""
        if self._established is None:
            registry = await registry_of(self.leaves)
            if registry is None:
                raise Problem(503, "not-established", "the register has no leaf yet")
            self._established = registry, Days(registry.time_zone)
        return self._established

    def today(self, days: Days) -> date:
        """The registry's date."""
        return days.day_of(self.clock())
