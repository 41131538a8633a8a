"""How much one emitter may send: a bucket of requests and one of bytes, pure."""

from collections import OrderedDict
from dataclasses import dataclass

from events.limits import (
    EMITTER_BURST_SECONDS,
    EMITTER_BYTES_PER_SECOND,
    EMITTER_REQUESTS_PER_SECOND,
)

#: Emitters whose buckets are remembered; the one longest silent is forgotten first, full again.
_EMITTERS_MAX = 10_000


@dataclass(slots=True)
class Bucket:
    """Refills at `rate` a second up to `burst` seconds' worth; `level` may fall below zero."""

    rate: float
    burst: float
    level: float
    at: float

    def lacking(self, now: float) -> float:
        """Seconds until something may be taken again; 0 if it may be now."""
        self.level = min(self.rate * self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.level > 0 else (1 - self.level) / self.rate


class EmitterRates:
    """The buckets of all emitters. `now` is a monotonic clock's seconds."""

    def __init__(
        self,
        requests: float = EMITTER_REQUESTS_PER_SECOND,
        bytes_: float = EMITTER_BYTES_PER_SECOND,
    ) -> None:
        self._rates = (requests, bytes_)
        self._buckets: OrderedDict[str, tuple[Bucket, Bucket]] = OrderedDict()

    def wait(self, emitter: str, size: int, now: float) -> float:
        """Seconds the emitter must wait before this submission; 0 lets it in and counts it."""
        requests, bytes_ = self._of(emitter, now)
        seconds = max(requests.lacking(now), bytes_.lacking(now))
        if seconds == 0:
            requests.level -= 1
            bytes_.level -= size
        return seconds

    def _of(self, emitter: str, now: float) -> tuple[Bucket, Bucket]:
        found = self._buckets.get(emitter)
        if found is None:
            burst = EMITTER_BURST_SECONDS
            requests, bytes_ = (Bucket(rate, burst, rate * burst, now) for rate in self._rates)
            found = self._buckets[emitter] = (requests, bytes_)
            if len(self._buckets) > _EMITTERS_MAX:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(emitter)
        return found
