"""The whole job: read export files, make events, sign, send, read the reports."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sijill_client.batches import Batch, ReadyEvent, batches
from sijill_client.documents import Anomaly, Problem, Report
from sijill_client.emitter import POLLS_MAX, Emitter, SubmissionResult
from sijill_client.errors import Unreachable
from sijill_client.http import Clock, Patience, Sleep, now
from sijill_client.importers.merge import Reading
from sijill_client.importers.records import Fault
from sijill_client.keys import PlatformKey
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.reader import Progress, Reader
from sijill_client.work_events import earned, events_of

#: Seconds for which the registry may hold an answer back until the receipt is there.
WAIT = 10


@dataclass(slots=True)
class AnomalyKind:
    """All anomalies of one rule: how many were listed, and the first of them."""

    example: Anomaly
    count: int = 0


@dataclass(slots=True)
class PushResult:
    """Everything a push has to say. Counts are of this command's files and its answers."""

    files: int = 0
    rows: int = 0
    repeated_rows: int = 0
    idle_rows: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    sandbox: int = 0
    overturned: int = 0
    utc_assumed: int = 0
    unit_pay_missing: int = 0
    bad_files: list[Fault] = field(default_factory=list)
    unreadable: list[Fault] = field(default_factory=list)
    bad_cells: list[Fault] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    submissions: int = 0
    accepted: list[SubmissionResult] = field(default_factory=list)
    repeated: list[SubmissionResult] = field(default_factory=list)
    acknowledged: list[SubmissionResult] = field(default_factory=list)
    refused: list[SubmissionResult] = field(default_factory=list)
    stopped: str | None = None
    event_counts: Counter[str] = field(default_factory=Counter)
    anomalies: dict[str, AnomalyKind] = field(default_factory=dict)
    anomalies_total: int = 0
    reports_missing: int = 0
    reports_refused: str | None = None

    @property
    def sent(self) -> int:
        """Submissions that got an answer, whatever it was."""
        return sum(map(len, (self.accepted, self.repeated, self.acknowledged, self.refused)))

    @property
    def complete(self) -> bool:
        """Whether every row was read, and every submission is counted by the registry."""
        counted = len(self.accepted) + len(self.repeated)
        return counted == self.submissions and not (
            self.stopped or self.unreadable or self.bad_files
        )

    def take(self, result: SubmissionResult) -> None:
        """Files an answer under its state."""
        shelves = {
            "accepted": self.accepted,
            "repeated": self.repeated,
            "acknowledged": self.acknowledged,
            "refused": self.refused,
        }
        shelves[result.state].append(result)

    def take_report(self, report: Report | None) -> None:
        """Adds up what became of the events of one submission."""
        if report is None:
            self.reports_missing += 1
            return
        self.event_counts.update(report.counts)
        self.anomalies_total += report.anomalies_total
        for anomaly in report.anomalies:
            self.anomalies.setdefault(anomaly.rule, AnomalyKind(anomaly)).count += 1


def push_files(
    files: Sequence[Path],
    key: PlatformKey,
    url: str,
    *,
    client: httpx.Client,
    pseudonyms: Pseudonyms,
    options: PushOptions = PushOptions(),
    clock: Clock = now,
    sleep: Sleep = time.sleep,
    patience: Patience = Patience(),
    progress: Progress = lambda phase, done, total: None,
    result: PushResult | None = None,
) -> PushResult:
    """Reads, sends and reads back. Running it again sends the same submissions: all repeats.

    `progress(phase, done, total)` is called with the phases `read` (files), `send` (submissions)
    and `report`. A `result` passed in is filled as the job goes on, so that whoever interrupts it
    can still say how far it came. `SijillError` if the URL is not the key's registry; when the
    registry stops answering, `result.stopped` says why.
    """
    result = PushResult() if result is None else result
    emitter = Emitter(key, url, client, clock=clock, sleep=sleep, patience=patience)
    reader = Reader(options.format, emitter.source, pseudonyms, clock())
    reader.read(files, progress)
    _tell_reading(reader.reading, options, result)
    cut = _cut(reader, options, result)
    # Only the bodies are needed from here on, and sending may take long.
    del reader
    if cut:
        try:
            emitter.check_registry()
            _send(emitter, cut, result, progress)
            _read_reports(emitter, result, progress)
        except Unreachable as fault:
            result.stopped = str(fault)
    return result


def _tell_reading(reading: Reading, options: PushOptions, result: PushResult) -> None:
    result.files, result.rows = reading.files, reading.rows
    result.repeated_rows, result.idle_rows = reading.repeated_rows, reading.idle_rows
    result.by_status, result.sandbox = reading.by_status(), reading.sandbox()
    result.overturned, result.utc_assumed = reading.overturned(), reading.zoneless
    result.bad_files, result.unreadable = reading.bad_files, reading.faults
    result.bad_cells = reading.bad_cells
    result.unit_pay_missing = sum(
        one.verdict.status == "approved" and not earned(one, options)
        for one in reading.assignments.values()
    )


def _cut(reader: Reader, options: PushOptions, result: PushResult) -> list[Batch]:
    """All submissions. Imported work goes first, then ready events in the order of their files."""
    events: list[ReadyEvent] = [
        *events_of(reader.reading, options, reader.source),
        *reader.ready,
    ]
    result.events = Counter(event.type for event in events)
    cut = list(batches(events))
    result.submissions = len(cut)
    return cut


def _send(emitter: Emitter, cut: list[Batch], result: PushResult, progress: Progress) -> None:
    """One after the other, because contracts must be sequenced before the work under them."""
    for done, batch in enumerate(cut):
        progress("send", done, len(cut))
        answer = emitter.send(batch.body, WAIT)
        result.take(answer)
        if answer.problem is not None and answer.problem.concerns_all:
            result.stopped = str(answer.problem)
            return
    progress("send", len(cut), len(cut))


def _read_reports(emitter: Emitter, result: PushResult, progress: Progress) -> None:
    if result.stopped:
        return
    counted = result.accepted + result.repeated
    for done, one in enumerate(counted):
        progress("report", done, len(counted))
        # The views read in order: once one report is late, those behind it are not waited for.
        polls = 1 if result.reports_missing else POLLS_MAX
        try:
            found = emitter.report(one.submission, polls)
        except Unreachable as fault:
            found = Problem(title=str(fault))
        if isinstance(found, Problem):
            # The submissions stand all the same; only what became of each event is not told.
            result.reports_refused = str(found)
            result.reports_missing += len(counted) - done
            return
        result.take_report(found)
    progress("report", len(counted), len(counted))
