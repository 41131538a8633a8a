"""One request to the registry, tried again where trying again can help.

Sending the same bytes again is always safe: the registry knows a submission by its id and bytes.
So an answer that never came is treated like one that says "later". A refusal is final.

What to do next is decided in generators that touch no network and no clock: they yield what they
want done, and `run` or `arun` does it. So there is one logic, and a client of either kind.
"""

import email.utils
import random
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeAlias, TypeVar

import httpx

from sijill_client.errors import Unreachable

LATER = frozenset({429, 502, 503, 504})

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]


class Pause(float):
    """Seconds to wait. `why`: what the registry said, or that it did not; empty between two looks
    for a receipt or a report."""

    def __new__(cls, seconds: float, why: str = "") -> Self:
        """So many seconds, for that reason."""
        made = super().__new__(cls, seconds)
        made.why = why
        return made

    why: str


_Result = TypeVar("_Result")
#: Yields a request to be sent, and is given its answer or why none came; or a wait.
Steps: TypeAlias = Generator[
    httpx.Request | Pause, httpx.Response | httpx.RequestError | None, _Result
]


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is tried, and the seconds of the waits between.

    Waits double from `first` to `longest`, each shortened by chance so that many clients do not
    come back at once. A `Retry-After` is kept to; one above `told_longest` ends the tries.
    """

    tries: int = 8
    first: float = 0.5
    longest: float = 30.0
    told_longest: float = 300.0

    def wait(self, tried: int, chance: float) -> float:
        """Seconds to wait after the given number of tries; `chance` lies in [0, 1)."""
        # A sender in the background may have tried for weeks: the power must not overflow.
        full = min(self.longest, self.first * 2.0 ** min(tried - 1, 60))
        return full * (1 - chance / 2)


def run(steps: Steps[_Result], client: httpx.Client, sleep: Sleep) -> _Result:
    """Does what the steps ask for, one after the other."""
    given: httpx.Response | httpx.RequestError | None = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration as end:
            result: _Result = end.value
            return result
        given = None
        if not isinstance(step, httpx.Request):
            sleep(step)
            continue
        try:
            given = client.send(step)
        except httpx.RequestError as fault:
            given = fault


async def arun(steps: Steps[_Result], client: httpx.AsyncClient, sleep: AsyncSleep) -> _Result:
    """As `run`, with awaits."""
    given: httpx.Response | httpx.RequestError | None = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration as end:
            result: _Result = end.value
            return result
        given = None
        if not isinstance(step, httpx.Request):
            await sleep(step)
            continue
        try:
            given = await client.send(step)
        except httpx.RequestError as fault:
            given = fault


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks with patience. The clock and chance come from outside."""

    clock: Clock
    patience: Patience = Patience()
    chance: Callable[[], float] = random.random

    def call(self, make: Callable[[], httpx.Request]) -> Steps[httpx.Response]:
        """The first answer that is not "later"; `make` builds each try anew (signatures age).

        `Unreachable` when the tries are used up, with the last reason.
        """
        reason, told = "", None
        for tried in range(1, self.patience.tries + 1):
            answer = yield make()
            reason, told = self._later(answer)
            if isinstance(answer, httpx.Response) and not reason:
                return answer
            if told is not None and told > self.patience.told_longest:
                said = f"the registry asks to come back in {told:.0f} s ({reason})"
                raise Unreachable(said, told)
            if tried < self.patience.tries:
                own = self.patience.wait(tried, self.chance())
                yield Pause(max(own, told or 0.0), reason)
        tries = "1 try" if self.patience.tries == 1 else f"{self.patience.tries} tries"
        raise Unreachable(f"no answer after {tries}; the last one: {reason}", told)

    def _later(
        self, answer: httpx.Response | httpx.RequestError | None
    ) -> tuple[str, float | None]:
        """Why to ask again, and after how many seconds if it says so; no reason: it is final."""
        if not isinstance(answer, httpx.Response):
            return f"{type(answer).__name__}: {answer}", None
        if answer.status_code not in LATER:
            return "", None
        reason = f"answered {answer.status_code} {answer.reason_phrase}".rstrip()
        return reason, self._retry_after(answer)

    def _retry_after(self, answer: httpx.Response) -> float | None:
        """Seconds that the answer asks for, stated as such or as an HTTP date (RFC 9110)."""
        text = answer.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            date = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, (date - self.clock()).total_seconds()) if date.tzinfo else None
