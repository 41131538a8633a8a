"""What the door counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from events.receipt import Acknowledgement
from services.ingest.door import Accepted


class IngestMetrics:
    """The door's own collectors: one set for each application, so tests never share them."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.submissions = Counter(
            "sijill_ingest_submissions", "Submissions answered.", ["answer"], registry=own
        )
        self.events = Counter("sijill_ingest_events", "Events accepted.", registry=own)
        self.bytes = Counter("sijill_ingest_bytes", "Bytes of bodies accepted.", registry=own)
        self.refused = Counter(
            "sijill_ingest_refused", "Submissions refused, by reason.", ["reason"], registry=own
        )
        self.log_errors = Counter(
            "sijill_ingest_log_errors", "Times the log could not be reached.", registry=own
        )
        self.not_confirmed = Counter(
            "sijill_ingest_not_confirmed", "Appends of unknown outcome.", registry=own
        )
        self.waiting = Gauge(
            "sijill_ingest_bytes_waiting", "Bytes the log has not confirmed.", registry=own
        )
        self.in_flight = Gauge(
            "sijill_ingest_bytes_in_flight", "Bytes of bodies held.", registry=own
        )
        self.seconds = Histogram(
            "sijill_ingest_seconds", "Seconds from body to answer.", registry=own
        )

    def count(self, accepted: Accepted, size: int) -> None:
        """Count one answered submission."""
        if accepted.repeat:
            self.submissions.labels("repeat").inc()
            return
        acknowledged = isinstance(accepted.document, Acknowledgement)
        self.submissions.labels("acknowledged" if acknowledged else "sequenced").inc()
        self.events.inc(accepted.events)
        self.bytes.inc(size)

    def turned_away(self) -> None:
        """Count a submission that came before the door was open."""
        self.refused.labels("unavailable").inc()

    def page(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)
