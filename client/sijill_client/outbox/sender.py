"""Sending what waits in an outbox: one attempt after the other, each safe to be cut anywhere.

A batch is formed and kept before it is sent, and sent with the same bytes under the same id until
its answer is kept. So an attempt whose answer was lost, or whose sender was killed, is a repeat.
"""

import random
import re
from collections.abc import Callable

from sijill_client.documents import Problem
from sijill_client.emitter import Emitter, SubmissionResult
from sijill_client.errors import SijillError, Unreachable
from sijill_client.http import Patience
from sijill_client.outbox.spool import Formed, Spool

#: Seconds for which the registry may hold an answer back until the receipt is there.
WAIT = 10
#: What the registry says about the events themselves; any other refusal is about key, clock,
#: address or the registry's own state, and passes without a change to the events.
_OF_EVENTS = frozenset({400, 409, 413, 422})
_PLACE = re.compile(r"/([0-9]{1,4})(?:/|\Z)")
#: How a sender waits by default: it never gives up, and asks twice a minute at least.
BACKGROUND = Patience(tries=1, told_longest=3600.0)

Told = Callable[[SubmissionResult], None]


class Sender:
    """Makes attempts over one spool. `after` is called with the name of each step once it is
    done: a test cuts the process there."""

    def __init__(
        self,
        spool: Spool,
        emitter: Emitter,
        *,
        patience: Patience = BACKGROUND,
        chance: Callable[[], float] = random.random,
        told: Told = lambda result: None,
        after: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._spool, self._emitter = spool, emitter
        self._patience, self._chance = patience, chance
        self._told, self._after = told, after
        self._failures, self._checked = 0, False
        self.problem: str | None = None
        #: Whether key or clock are refused: no attempt will do better until somebody acts.
        self.blocked = False

    def step(self) -> float | None:
        """One attempt. Seconds until the next one: 0 at once, None when nothing waits."""
        try:
            sent = self._attempt()
        except SijillError as fault:
            self._failures += 1
            self.problem = str(fault)
            own = self._patience.wait(self._failures, self._chance())
            return max(own, getattr(fault, "retry_after", None) or 0.0)
        self._failures, self.problem, self.blocked = 0, None, False
        return 0.0 if sent else None

    def _attempt(self) -> bool:
        batch = self._spool.oldest(self._emitter.key)
        if batch is None:
            return False
        self._after("formed")
        if not self._checked:
            self._emitter.check_registry()
            self._checked = True
        result = self._emitter.send(batch.body, WAIT, batch.submission)
        self._after("answered")
        self._take(batch, result)
        self._after("settled")
        self._told(result)
        return True

    def _take(self, batch: Formed, result: SubmissionResult) -> None:
        """Keeps the answer, or raises `Unreachable` if the batch must be sent again."""
        if result.state == "acknowledged":
            raise Unreachable("the registry keeps the submission and gave it no place yet")
        problem = result.problem
        if problem is None:
            self._spool.settle(batch, result)
        elif _is_of_events(problem):
            self._spool.refuse(batch, result, _faulty(problem, len(batch.numbers)))
        else:
            if used_up := problem.title == "key-revoked":
                self._spool.use_up(batch)
            self.blocked = used_up or problem.concerns_all
            raise Unreachable(str(problem))


def _is_of_events(problem: Problem) -> bool:
    return problem.status in _OF_EVENTS or problem.title == "conflict" or bool(problem.errors)


def _faulty(problem: Problem, events: int) -> dict[int, str]:
    """Which events of a batch are to blame, and why; empty if that is not known yet."""
    if events == 1:
        return {0: str(problem)}
    faults: dict[int, list[str]] = {}
    for fault in problem.errors:
        if (found := _PLACE.match(fault.pointer)) and int(found[1]) < events:
            rest = fault.pointer[found.end(1) :]
            faults.setdefault(int(found[1]), []).append(f"{rest} {fault.detail}".strip())
    head = f"{problem.status} {problem.title}"
    return {place: f"{head}: {'; '.join(told)}" for place, told in faults.items()}
