"""What the checker says: findings (something is wrong), notes (worth knowing), and their text."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: A value longer than this is cut in the text of a finding.
_SHOWN_CHARS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: where it stands, what about it is wrong, what should stand and what does."""

    where: str
    what: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    `position` is the last leaf that the views hold, None without views; `waiting` says how many
    acknowledged bodies have no leaf yet, None if the check ended before it came to them.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    leaves: int
    events: int
    position: int | None
    waiting: int | None

    @property
    def clean(self) -> bool:
        """Whether everything holds."""
        return not self.findings


class Enough(Exception):
    """The first finding was all that was asked for."""


@dataclass(slots=True)
class Collector:
    """Keeps findings and notes; stops the check at the first finding if so asked."""

    first_only: bool
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, findings: Iterable[Finding]) -> None:
        """Keep these; raises `Enough` after one if only the first is wanted."""
        for finding in findings:
            self.findings.append(finding)
            if self.first_only:
                raise Enough


def render(report: Report) -> str:
    """The report as text for a terminal, the first difference on top."""
    lines = [_summary(report)]
    for number, finding in enumerate(report.findings, 1):
        title = "First difference" if number == 1 else f"Difference {number}"
        lines += ["", f"{title}: {finding.where}", f"  {finding.what}"]
        lines += [f"  expected: {_shown(finding.expected)}", f"  found:    {_shown(finding.found)}"]
    lines += [f"note: {note}" for note in report.notes]
    return "\n".join(lines) + "\n"


def _summary(report: Report) -> str:
    views = "no views" if report.position is None else f"views at position {report.position}"
    size = f"{report.leaves} leaves, {report.events} events, {views}"
    if report.waiting:
        size += f", {report.waiting} acknowledged bodies waiting for a leaf"
    verdict = "everything holds" if report.clean else "something does not hold"
    return f"Checked {size}: {verdict}."


def _shown(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}… ({len(text)} characters)"
