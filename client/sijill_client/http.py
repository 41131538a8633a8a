"""One request to the registry, tried again where trying again can help.

Sending the same bytes again is always safe: the registry knows a submission by its id and bytes.
So an answer that never came is treated like one that says "later". A refusal is final.
"""

import email.utils
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from sijill_client.errors import Unreachable

LATER = frozenset({429, 502, 503, 504})

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


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


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests with patience. The client, the clock, sleep and chance come from outside."""

    client: httpx.Client
    clock: Clock
    sleep: Sleep
    patience: Patience = Patience()
    chance: Callable[[], float] = random.random

    def call(self, make: Callable[[], httpx.Request]) -> httpx.Response:
        """The first answer that is not "later"; `make` builds each try anew (signatures age).

        `Unreachable` when the tries are used up, with the last reason.
        """
        reason, told = "", None
        for tried in range(1, self.patience.tries + 1):
            reason, told = "", None
            try:
                answer = self.client.send(make())
            except httpx.TransportError as fault:
                reason = f"{type(fault).__name__}: {fault}"
            else:
                if answer.status_code not in LATER:
                    return answer
                reason = f"answered {answer.status_code} {answer.reason_phrase}".rstrip()
                told = self._retry_after(answer)
            if told is not None and told > self.patience.told_longest:
                said = f"the registry asks to come back in {told:.0f} s ({reason})"
                raise Unreachable(said, told)
            if tried < self.patience.tries:
                own = self.patience.wait(tried, self.chance())
                self.sleep(max(own, told or 0.0))
        tries = "1 try" if self.patience.tries == 1 else f"{self.patience.tries} tries"
        raise Unreachable(f"no answer after {tries}; the last one: {reason}", told)

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
