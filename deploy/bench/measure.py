"""What a row of the bench says, as JSON and as a line of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure beside its bar, its peers and the limit of the machine.

    `bar`: the value to reach; a figure of which `less` is better must stay under it. `ratio`: by
    how much the first peer must be passed, where that is the bar too. `limits`: above zero, in
    `unit`. `ran`: what else was on.
    """

    name: str
    value: float
    unit: str
    bar: float | None
    ran: str
    less: bool = False
    ratio: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    cores: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached: the ratio to the first peer where it is one, else the value.

        None if there is no bar, or no peer ran beside it.
        """
        if self.ratio is not None and self.peers:
            return self.value >= self.ratio * next(iter(self.peers.values()))
        if self.bar is None or self.ratio is not None:
            return None
        return self.value <= self.bar if self.less else self.value >= self.bar

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` writes."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "bar": self.bar,
            "met": self.met,
            "peers": _named(self.peers),
            "limit": _named(self.limits),
            "with": self.ran,
            "cores": dict(self.cores),
        }

    def as_cells(self) -> list[str]:
        """Name, value, bar, whether it is met, and what stands beside it."""
        sign = "≤" if self.less else "≥"
        bar = "" if self.bar is None else f"{sign} {shown(self.bar)}"
        if self.ratio is not None:
            bar = f"{bar}, {self.ratio:g} × the first peer".removeprefix(", ")
        met = {True: "yes", False: "no", None: ""}[self.met]
        beside = [f"{name} {shown(value)}" for name, value in self.peers.items()]
        beside += [
            f"limit: {name} {shown(limit)}, {self.value / limit:.1%} of it reached"
            for name, limit in self.limits.items()
        ]
        return [self.name, f"{shown(self.value)} {self.unit}", bar, met, "; ".join(beside)]


def shown(value: float) -> str:
    """A figure with as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _named(figures: Mapping[str, float]) -> list[dict[str, Any]]:
    return [{"name": name, "value": round(value, 3)} for name, value in figures.items()]
