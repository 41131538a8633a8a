"""How fast the `eventsourcing` library (PyPI) folds the same events on the same PostgreSQL."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from events import vocabulary
from events.submission import decode_events
from events.vocabulary import Event, type_of

# A library of developers: whoever measures nothing needs it not.
if TYPE_CHECKING:
    from deploy.bench.peers.following import DaySums, Register, Said

SCHEMA = "peer_store"
#: Events recorded in one transaction.
_RECORD_EVENTS = 1_000


def measure(dsn: str, bodies: Sequence[bytes], limit_events: int, *, together: int = 1) -> float:
    """Events a second from the library's notifications to sums, tracking committed.

    Writing the first `limit_events` events of the bodies is not in it. `together`: events of one
    transaction; the library's way is 1, and more is what it could do at best. Blocks; needs a role
    that may make a schema, which is gone afterwards.
    """
    with opened(dsn) as store:
        recorded = store.record(islice(_events_of(bodies), limit_events))
        started = perf_counter()
        store.follow(together)
        return recorded / (perf_counter() - started)


class Store:
    """A register of the library's and the view that follows it. Made by `opened`."""

    def __init__(self, register: "Register", view: "DaySums") -> None:
        self.register, self.view = register, view
        self._versions = Counter[UUID]()
        self._last = 0

    def record(self, events: Iterator[Event]) -> int:
        """Keep events in the logs of their workers; how many."""
        count = 0
        while said := [self._said(event) for event in islice(events, _RECORD_EVENTS)]:
            self._last = self.register.save(*said)[-1].notification.id
            count += len(said)
        return count

    def follow(self, together: int = 1) -> None:
        """Bring the sums up to the last event."""
        from deploy.bench.peers.following import SumsByDay, follow

        follow(self.register, SumsByDay(self.view, together), self._last)

    def _said(self, event: Event) -> "Said":
        """The library's event of ours, next in the log of its worker."""
        from deploy.bench.peers import following

        data = event.data
        emitter, worker = event.source.removeprefix("/emitters/"), getattr(data, "worker", "")
        log = uuid5(NAMESPACE_URL, f"{event.source}/{worker}")
        self._versions[log] += 1
        common = (log, self._versions[log], event.time, emitter, worker)
        match event:
            case vocabulary.TaskCompleted():
                return following.TaskCompleted(*common, data.task, data.seconds or 0)
            case vocabulary.TaskApproved() if data.amount is not None:
                amount = Decimal(data.amount)
                return following.TaskApproved(*common, data.task, amount, data.currency)
            case vocabulary.PaymentMade():
                return following.PaymentMade(*common, Decimal(data.gross), data.currency)
            case _:
                return following.OtherSaid(*common, type_of(type(event)))


@contextmanager
def opened(dsn: str) -> Iterator[Store]:
    """An empty store in a schema of its own."""
    import psycopg
    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import Environment

    from deploy.bench.peers.following import DaySums, Register, SumsByDay

    environment = _environment(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        factory: Any = InfrastructureFactory.construct(Environment(SumsByDay.name, environment))
        try:
            with factory, Register(environment) as register:
                yield Store(register, factory.tracking_recorder(DaySums))
        finally:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _environment(dsn: str) -> dict[str, str]:
    """How the library is told of a database."""
    from psycopg.conninfo import conninfo_to_dict

    named = conninfo_to_dict(dsn)
    given = {part: str(named.get(part) or "") for part in ("host", "port", "user", "password")}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_SCHEMA": SCHEMA,
        "POSTGRES_DBNAME": str(named["dbname"]),
        **{f"POSTGRES_{part.upper()}": value for part, value in given.items()},
    }


def _events_of(bodies: Sequence[bytes]) -> Iterator[Event]:
    for body in bodies:
        yield from decode_events(body)
