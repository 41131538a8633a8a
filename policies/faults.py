"""What is wrong with policy files, said so that the official who edits them can mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Faults spelled out in one error message.
FAULTS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: in which file, what and how to mend it, at which line (from 1) and key."""

    file: str
    message: str
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(part for part in (self.file, line, self.key) if part)
        return f"{place}: {self.message}"


class PolicyError(ValueError):
    """Policy files that are refused as a whole, with every fault found in them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        shown = [str(fault) for fault in self.faults[:FAULTS_SHOWN_MAX]]
        hidden = len(self.faults) - len(shown)
        super().__init__("\n".join([*shown, f"and {hidden} more"] if hidden else shown))
