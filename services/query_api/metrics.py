"""Figures for whoever keeps the service running (Prometheus)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters of one process; labels are from closed sets, never from a reader's text."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "sijill_query_requests",
            "Requests by route and status.",
            ["route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "sijill_query_seconds",
            "Seconds until the answer began, by route.",
            ["route"],
            registry=self._registry,
        )
        self.refusals = Counter(
            "sijill_query_refusals",
            "Requests refused, by problem type.",
            ["reason"],
            registry=self._registry,
        )
        self.position = self._gauge("position", "Position of the views; -1 before the first leaf.")
        self.lag_leaves = self._gauge("lag_leaves", "Leaves that the views do not hold yet.")
        self.lag_seconds = self._gauge("lag_seconds", "Age of the oldest leaf not in the views.")
        self.up = self._gauge("up", "Whether the views could be read for these figures.")
        self.last_error = Gauge(
            "sijill_query_last_error_timestamp_seconds",
            "When an error of the service last happened, by kind.",
            ["kind"],
            registry=self._registry,
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"sijill_query_{name}", text, registry=self._registry)

    def turned_away(self) -> None:
        """Count a request that came before the service was open."""
        self.refusals.labels("unavailable").inc()

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self._registry)
