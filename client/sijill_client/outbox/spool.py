"""The outbox's file: an SQLite database in which events wait until the registry has answered.

Every change is one transaction, on the disk when it returns (write-ahead log, full sync), so the
file is whole after a kill or a power cut at any point. Several processes may use one file.
"""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sijill_client.batches import EVENTS_MAX, ReadyEvent, batches
from sijill_client.conversation import SubmissionResult
from sijill_client.errors import OutboxError
from sijill_client.http import Clock, now
from sijill_client.keys import PlatformKey
from sijill_client.signing import submission_id

#: Seconds to wait while another process writes.
BUSY_SECONDS, _AGAIN_SECONDS = 30.0, 0.02
#: For how long a receipt is kept unless stated, and how many may go with one answer.
KEEP_RECEIPTS, _DROPS_MAX = timedelta(days=90), 100
_SQL = {
    path.stem: path.read_text("utf-8") for path in (Path(__file__).parent / "sql").glob("*.sql")
}

Connect = Callable[[Path], sqlite3.Connection]


class Formed(NamedTuple):
    """A batch whose id and bytes are fixed until it has its answer."""

    number: int
    submission: str
    body: bytes
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that the registry refused: nothing of it is kept there. `body` is its JSON as it
    was sent, `problem` says why, and `number` is its place in the outbox, for `forget`."""

    number: int
    id: str
    body: bytes
    submission: str
    problem: str


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """Events by what became of them. `problem`: why the last attempt to send failed, if it did."""

    waiting: int
    accepted: int
    repeated: int
    refused: int
    problem: str | None = None


def connect(path: Path) -> sqlite3.Connection:
    """Opens a file that only its owner can read, and that keeps what a commit promised."""
    # A file that stands is never opened by anybody but SQLite: to close it would drop the locks of
    # all other connections of this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    made = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _write_ahead(made)
        made.execute("PRAGMA synchronous = FULL")
    except BaseException:
        made.close()
        raise
    return made


def _write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for another process that does the same at this moment, so we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_AGAIN_SECONDS)


class Spool:
    """One connection to the file; threads take turns. `OutboxError` whenever the disk refuses.

    `keep`: how long receipts stay; None: for ever. Their age is told by `clock`.
    """

    def __init__(
        self,
        path: Path,
        key: PlatformKey,
        connect: Connect = connect,
        *,
        clock: Clock = now,
        keep: timedelta | None = KEEP_RECEIPTS,
    ) -> None:
        if keep is not None and keep < timedelta(0):
            raise ValueError(f"receipts cannot be kept for {keep}: name a time, or None for ever")
        self.path = path
        self._clock, self._keep = clock, keep
        self._process = os.getpid()
        self._turn = threading.Lock()
        with self._told("opened"):
            self._connection = connect(path)
        try:
            self._set_up()
            self._own(key)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection; what waits stays in the file."""
        with self._turn:
            self._connection.close()

    def put(self, events: Sequence[ReadyEvent]) -> None:
        """All of them or none: on the disk when it returns."""
        rows = [(event.id, event.type, event.body, EVENTS_MAX) for event in events]
        with self._changing():
            for row in rows:
                self._do("put", id=row[0], type=row[1], body=row[2], most=row[3])

    def oldest(self, key: PlatformKey) -> Formed | None:
        """The batch to send next: the oldest without an answer, else one formed of what waits."""
        with self._changing():
            return self._waiting(key) or self._formed(key)

    def settle(self, batch: Formed, result: SubmissionResult) -> None:
        """The registry holds a batch: its events go, its receipt stays."""
        with self._changing():
            if self._answered(batch, result):
                self._do("drop_events", batch=batch.number)

    def refuse(self, batch: Formed, result: SubmissionResult, faulty: dict[int, str]) -> None:
        """Sets the faulty events aside (place in the batch: why); the others wait again.

        Without a faulty one they go in halves from now on, until the one to blame is alone.
        """
        most = EVENTS_MAX if faulty else max(1, len(batch.numbers) // 2)
        with self._changing():
            if not self._answered(batch, result):
                return
            for place, problem in faulty.items():
                number = batch.numbers[place]
                self._do("refuse", number=number, submission=batch.submission, problem=problem)
                self._do("drop_event", number=number)
            self._do("free_events", batch=batch.number, most=most)

    def use_up(self, batch: Formed) -> None:
        """The id of a batch cannot be used again: the next key gives it another."""
        with self._changing():
            self._do("name_batch", batch=batch.number, submission=None)

    def refused(self) -> list[RefusedEvent]:
        """Events that were refused and not forgotten."""
        with self._reading():
            return [RefusedEvent(*row) for row in self._do("refused")]

    def forget(self, numbers: Sequence[int]) -> None:
        """Drops refused events that the platform has dealt with."""
        with self._changing():
            for number in numbers:
                self._do("forget", number=number)

    def receipts(self) -> list[SubmissionResult]:
        """What the registry signed for the batches that it holds, in order, as far as kept."""
        with self._reading():
            return [SubmissionResult(*row) for row in self._do("receipts")]

    def tally(self) -> OutboxStatus:
        """How many events wait, and what became of the others."""
        with self._reading():
            return OutboxStatus(*self._do("tally").fetchone())

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        with self._reading():
            return bool(self._do("is_empty").fetchone()[0])

    # --- inside a transaction -------------------------------------------------------------

    def _set_up(self) -> None:
        with self._changing():
            columns = [name for (name,) in self._do("columns")]
            if columns and "answered" not in columns:
                self._do("add_answered")
        with self._told("opened"):
            self._connection.executescript(_SQL["table"])

    def _own(self, key: PlatformKey) -> None:
        with self._changing():
            self._do("own", emitter=key.emitter, registry=key.registry)
            emitter, registry = self._do("owner").fetchone()
        if (emitter, registry) != (key.emitter, key.registry):
            raise OutboxError(
                f"{self.path} is the outbox of {emitter} at the registry {registry}, and the key "
                f"is {key.emitter}'s at {key.registry}: use a file of its own for each"
            )

    def _waiting(self, key: PlatformKey) -> Formed | None:
        row = self._do("oldest_batch").fetchone()
        if row is None:
            return None
        number, submission, digest = row
        events = self._do("batch_events", batch=number).fetchall()
        body = _body([ReadyEvent(*event[:3]) for event in events])
        if hashlib.sha256(body).digest() != digest:
            raise OutboxError(f"{self.path} is damaged: batch {number} is not what was formed")
        if submission is None:
            submission = submission_id(key, body)
            self._do("name_batch", batch=number, submission=submission)
        return Formed(number, submission, body, tuple(event[3] for event in events))

    def _formed(self, key: PlatformKey) -> Formed | None:
        rows = self._do("unbatched", most=EVENTS_MAX).fetchall()
        if not rows:
            return None
        most = rows[0][4]
        events = [ReadyEvent(*row[:3]) for row in rows[:most]]
        body, count = next(batches(events))
        submission = submission_id(key, body)
        numbers = tuple(row[3] for row in rows[:count])
        digest = hashlib.sha256(body).digest()
        made = self._do("new_batch", submission=submission, sha256=digest, events=count).lastrowid
        assert made is not None
        self._do("into_batch", batch=made, last=numbers[-1])
        return Formed(made, submission, body, numbers)

    def _answered(self, batch: Formed, result: SubmissionResult) -> bool:
        """Whether this answer is the first; of two senders of one file both may have one."""
        seconds = int(self._clock().timestamp())
        if self._keep is not None:
            before = seconds - int(self._keep.total_seconds())
            self._do("drop_receipts", before=before, most=_DROPS_MAX)
        done = self._do(
            "settle",
            batch=batch.number,
            state=result.state,
            leaf_index=result.leaf_index,
            answer=result.answer,
            answered=seconds,
        )
        return done.rowcount == 1

    def _do(self, name: str, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(_SQL[name], values)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._check_process()
        with self._turn, self._told("read"):
            yield

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One transaction, committed at the end or not at all."""
        self._check_process()
        with self._turn, self._told("written, nothing of this call was kept"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite may have rolled back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _check_process(self) -> None:
        """Neither a connection of SQLite nor a thread that sends survives a fork."""
        if os.getpid() != self._process:
            raise OutboxError(
                f"the outbox {self.path} was opened before this process was forked: open one in "
                "each process, after the fork; nothing of this call was kept"
            )

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as fault:
            raise OutboxError(f"the outbox {self.path} cannot be {what}: {fault}") from fault


def _body(events: Sequence[ReadyEvent]) -> bytes:
    """The bytes of events that were one batch before; they fit, as they did then."""
    (whole,) = batches(events)
    return whole.body
