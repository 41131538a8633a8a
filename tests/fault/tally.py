"""What a fault run did and what came of it, as a table for people and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fault.plan import Fault


@dataclass
class Tally:
    """Counted while a run goes on; a run that failed has no tally of survivors."""

    seed: int
    log: str
    commit: str
    injected: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Seconds until everything worked again, after each round of faults.
    converged: list[float] = field(default_factory=list)
    #: Of the whole run: attempts by answer, leaves, and so on.
    figures: dict[str, Any] = field(default_factory=dict)

    def hit(self, fault: Fault) -> None:
        """A fault was done."""
        self.injected[fault.target, fault.kind.value] += 1

    def miss(self, fault: Fault) -> None:
        """Nobody was there to be hurt."""
        self.missed[fault.target, fault.kind.value] += 1

    @property
    def faults(self) -> int:
        """How many were done."""
        return self.injected.total()

    def document(self) -> dict[str, Any]:
        """All of it."""
        rows = [
            {"target": target, "fault": kind, "injected": count, "survived": count}
            for (target, kind), count in sorted(self.injected.items())
        ]
        return {
            "log": self.log,
            "seed": self.seed,
            "commit": self.commit,
            "faults": self.faults,
            "missed": self.missed.total(),
            "converge_seconds": [round(one, 1) for one in self.converged],
            **self.figures,
            "table": rows,
        }

    def write(self, folder: Path) -> None:
        """`LOG-SEED.json` and `LOG-SEED.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.log}-{self.seed}"
        path.with_suffix(".json").write_text(json.dumps(self.document(), indent=1) + "\n")
        path.with_suffix(".md").write_text("\n".join(self._lines()) + "\n")

    def _lines(self) -> Iterator[str]:
        yield f"Log: {self.log}. Seed {self.seed}, commit {self.commit}: {self.faults} faults."
        figures = ", ".join(f"{name}: {value}" for name, value in self.figures.items())
        worst = max(self.converged, default=0.0)
        yield f"Whole again after at most {worst:.1f} s. {figures}."
        yield ""
        yield from self._table()

    def _table(self) -> Iterator[str]:
        """Targets down, kinds across."""
        kinds = sorted({kind for _, kind in self.injected})
        yield "| | " + " | ".join(kinds) + " |"
        yield "|---" * (len(kinds) + 1) + "|"
        for target in sorted({target for target, _ in self.injected}):
            counts = [self.injected[target, kind] for kind in kinds]
            yield f"| {target} | " + " | ".join(str(one or "") for one in counts) + " |"
