"""What is measured, and how much of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

#: The rows over one month's registry, those over a large one, those over assessing, those over a
#: ledger, and all in the order of the table.
MONTH = ("ingest", "ingest-single", "fold", "rebuild", "sustained", "fresh", "memory")
LARGE = ("query", "cost")
ASSESSED, LEDGER = ("assess",), ("post", "pull", "repost")
NAMES = MONTH + LARGE + ASSESSED + LEDGER


@dataclass(frozen=True, slots=True)
class Sizes:
    """Events and seconds.

    `month`: events that are pushed, folded and rebuilt. `large`: events of the large registry; its
    fold is compared with that at a tenth of them. `asked`: how many it holds while it is asked;
    `probe`: events whose folding is timed there, several batches, behind as many that are not.
    `steady`: seconds for which a rate must hold; `trial`: for which it is tried. `worker_months`:
    months of pay to assess.
    """

    month: int
    large: int
    asked: int
    probe: int
    steady: int
    trial: int
    worker_months: int = 10_000


WHOLE = Sizes(1_000_000, 8_000_000, 5_000_000, 200_000, 60, 15, 100_000)
QUICK = Sizes(60_000, 160_000, 120_000, 40_000, 3, 2)
#: The rows over contributions and over a ledger as large as a country's.
FULL = replace(WHOLE, worker_months=1_000_000)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `names`: rows that were asked for; none: all."""

    names: tuple[str, ...]
    kafka: bool
    sizes: Sizes
    say: Callable[[str], None]
    #: Registries of up to so many events are checked after their rows.
    check_events_max: int = 2_000_000

    def wants(self, *names: str) -> bool:
        """Whether one of these rows is to run."""
        return not self.names or not set(names).isdisjoint(self.names)
