"""How much is measured: whole, or quickly."""

from collections.abc import Callable
from dataclasses import dataclass

#: Every name that may be asked for, in the order of the table.
NAMES = ("ingest", "ingest-single", "fold", "rebuild", "sustained", "fresh", "memory")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and how long. `names`: rows that were asked for; none: all."""

    names: tuple[str, ...]
    kafka: bool
    quick: bool
    say: Callable[[str], None]
    #: Registries of up to so many events are checked after their rows.
    check_events_max: int = 2_000_000

    def wants(self, *names: str) -> bool:
        """Whether one of these rows is to run."""
        return not self.names or not set(names).isdisjoint(self.names)

    @property
    def month_events(self) -> int:
        """Events that are pushed, folded and rebuilt."""
        return 100_000 if self.quick else 1_000_000

    @property
    def steady_seconds(self) -> int:
        """How long a steady rate must hold."""
        return 10 if self.quick else 60

    @property
    def trial_seconds(self) -> int:
        """How long a rate is tried."""
        return 5 if self.quick else 15
