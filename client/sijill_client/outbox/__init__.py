"""The outbox: a durable local spool of events, and the sender that empties it."""

from sijill_client.outbox.outbox import Outbox
from sijill_client.outbox.spool import OutboxStatus, RefusedEvent

__all__ = ["Outbox", "OutboxStatus", "RefusedEvent"]
