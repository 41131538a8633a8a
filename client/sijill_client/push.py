"""The whole job: read export files, make events, sign, send, read the reports."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sijill_client.batches import Cut, ReadyEvent, batches
from sijill_client.documents import Anomaly, Problem, Report
from sijill_client.emitter import POLLS_MAX, Emitter, SubmissionResult
from sijill_client.errors import Unreachable
from sijill_client.http import Clock, Patience, Sleep, now
from sijill_client.importers.merge import Reading
from sijill_client.importers.records import Faults
from sijill_client.keys import PlatformKey
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.reader import Progress, Reader
from sijill_client.work_events import events_of

#: Seconds for which the registry may hold an answer back until the receipt is there.
WAIT = 10


@dataclass(slots=True)
class AnomalyKind:
    """All anomalies of one rule: how many were listed, and the first of them."""

    example: Anomaly
    count: int = 0


@dataclass(slots=True)
class PushResult:
    """Everything a push has to say. Counts are of this command's files and its answers.

    `was_read`: whether it came to read the files; it does not where no registry answers.
    """

    was_read: bool = False
    files: int = 0
    rows: int = 0
    repeated_rows: int = 0
    idle_rows: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    sandbox: int = 0
    overturned: int = 0
    utc_assumed: int = 0
    unit_pay_missing: int = 0
    bad_files: Faults = field(default_factory=Faults)
    unreadable: Faults = field(default_factory=Faults)
    bad_cells: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)
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

    `progress(phase, done, total)` is called with the phases `read` (bytes of the files), `make`
    (events), `send` (submissions) and `report`. A `result` passed in is filled as the job goes on,
    so that whoever interrupts it can still say how far it came. `SijillError` if the URL is not the
    key's registry, or the temporary folder is full; when the registry does not answer, at first or
    later, `result.stopped` says why.
    """
    result = PushResult() if result is None else result
    emitter = Emitter(key, url, client, clock=clock, sleep=sleep, patience=patience)
    try:
        # Reading may take an hour: whether anybody is there to send it to is asked before.
        emitter.check_registry()
        with closing(
            _prepared(files, emitter.source, pseudonyms, options, clock, progress, result)
        ) as cut:
            if len(cut):
                _send(emitter, cut, result, progress)
                _read_reports(emitter, result, progress)
    except Unreachable as fault:
        result.stopped = f"{url}: {fault}"
    return result


def _prepared(
    files: Sequence[Path],
    source: str,
    pseudonyms: Pseudonyms,
    options: PushOptions,
    clock: Clock,
    progress: Progress,
    result: PushResult,
) -> Cut:
    """All submissions. Only their bodies are needed from here on, and sending may take long."""
    reader = Reader(options.format, source, pseudonyms, clock(), options.mapping)
    try:
        reader.read(files, progress)
        tell_reading(reader.reading, options, result)
        cut = Cut(batches(_counted(reader, options, result, progress)))
        result.submissions = len(cut)
        return cut
    finally:
        reader.close()


def tell_reading(reading: Reading, options: PushOptions, result: PushResult) -> None:
    """Fills in what was read."""
    result.was_read = True
    result.files, result.rows = reading.files, reading.rows
    result.repeated_rows, result.idle_rows = reading.repeated_rows, reading.idle_rows
    counts = reading.spool.counts()
    result.by_status, result.sandbox = reading.by_status(), counts.sandbox
    result.overturned, result.utc_assumed = counts.overturned, reading.zoneless
    result.bad_files, result.unreadable = reading.bad_files, reading.faults
    result.bad_cells, result.notes = reading.bad_cells, reading.notes
    stated = options.unit_pay is not None
    result.unit_pay_missing = counts.approved_unreadable if stated else counts.approved_unstated


def events_in(reader: Reader, options: PushOptions) -> Iterator[ReadyEvent]:
    """Imported work first, then ready events in the order of their files."""
    yield from events_of(reader.reading, options, reader.source)
    yield from reader.ready


def _counted(
    reader: Reader, options: PushOptions, result: PushResult, progress: Progress
) -> Iterator[ReadyEvent]:
    # Two events an assignment is a fair guess of how far it is.
    expected = 2 * sum(result.by_status.values()) + 1
    for made, event in enumerate(events_in(reader, options)):
        result.events[event.type] += 1
        if made % 1000 == 0:
            progress("make", min(made, expected), expected)
        yield event
    progress("make", expected, expected)


def _send(emitter: Emitter, cut: Cut, result: PushResult, progress: Progress) -> None:
    """One after the other, because contracts must be sequenced before the work under them."""
    for done, body in enumerate(cut):
        progress("send", done, len(cut))
        answer = emitter.send(body, WAIT)
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
