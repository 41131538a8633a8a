"""The submission report, worked out when it is read: what is wrong the queries find, what follows
from it is said here. Pure.

A correction speaks for the event that it names, so what it mends is gone from the next report.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.projections.anomalies import RULES
from services.query_api.answers import Noted, ReportCounts

#: Rules that keep an event out of the sums.
LEFT_OUT = tuple(rule for rule, about in RULES.items() if not about.counted)


class Finding(NamedTuple):
    """One breach of a rule by one event; the order is that of the report."""

    event_number: int
    rule: str
    pointer: str


#: Stands before every finding.
BEGIN = Finding(-1, "", "")


class Broken(NamedTuple):
    """How many events of a submission break any rule, one of `LEFT_OUT`, and that an id is used
    once; and how many have an id that stood already, with the same content or not."""

    events: int
    left_out: int
    reused: int
    repeated: int


def counts_of(events: int, broken: Broken) -> ReportCounts:
    """Each event in one class."""
    same = broken.repeated - broken.reused
    return ReportCounts(
        accepted=events - same - broken.events,
        repeated=same,
        anomalous=broken.events - broken.left_out,
        not_counted=broken.left_out,
    )


def code_of(counts: ReportCounts) -> int:
    """0 accepted, 1 accepted with anomalies, 2 partly counted, 3 not counted (RULES 3.3)."""
    if counts.not_counted == 0:
        return 1 if counts.anomalous else 0
    return 2 if counts.accepted or counts.repeated or counts.anomalous else 3


def noted(findings: Iterable[Finding], event_ids: Mapping[int, str]) -> list[Noted]:
    """Findings with the events' own ids, what each means and how to correct it."""
    return [
        Noted(
            event_number=finding.event_number,
            event_id=event_ids.get(finding.event_number, ""),
            rule=finding.rule,
            pointer=finding.pointer,
            text=RULES[finding.rule].text,
            remedy=RULES[finding.rule].remedy,
        )
        for finding in findings
    ]
