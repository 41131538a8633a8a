"""How much is measured: whole, or quickly."""

from collections.abc import Callable
from dataclasses import dataclass

#: Every name that may be asked for, in the order of the table.
MONTH = ("ingest", "ingest-single", "fold", "rebuild", "sustained", "fresh", "memory")
LARGE = ("query", "cost")
NAMES = MONTH + LARGE


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
    def large_events(self) -> int:
        """Events of the large registry: a fold's cost is compared with that at a tenth of them."""
        return 400_000 if self.quick else 8_000_000

    @property
    def query_events(self) -> int:
        """Events that the large registry holds while it is asked."""
        return 250_000 if self.quick else 5_000_000

    @property
    def probe_events(self) -> int:
        """Events whose folding is timed, to tell its cost at some size: several batches."""
        return 100_000 if self.quick else 200_000

    @property
    def steady_seconds(self) -> int:
        """How long a steady rate must hold."""
        return 10 if self.quick else 60

    @property
    def trial_seconds(self) -> int:
        """How long a rate is tried."""
        return 5 if self.quick else 15
