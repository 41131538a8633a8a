"""A registry in a test: emitters with keys, the real intake, sequencer and projection."""

import hashlib
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from events.days import Days
from events.jose import PrivateKey
from events.leaf import utc_text
from events.log.postgres import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    PostgresIntake,
    PostgresSequencerLog,
)
from events.log.protocol import Arrival
from events.token import sign_submission
from services.checker.check import check
from services.checker.report import Report
from services.projections.building import BuilderHere
from services.projections.generation import create_generation
from services.projections.projection import Projection
from services.sequencer.sequencer import Sequencer

Event = dict[str, Any]
ZONE = "Africa/Casablanca"
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
_numbers = itertools.count(1)


def event(kind: str, data: Event, **more: Any) -> Event:
    """An event of version 1; `source` is filled in when it is sent."""
    made = {
        "id": f"e{next(_numbers)}",
        "specversion": "1.0",
        "type": f"{kind}.v1",
        "time": "2026-03-01T12:00:00Z",
        "data": data,
    }
    return {**made, **more}


def public(key: PrivateKey) -> Event:
    """A key's public JWK as JSON."""
    jwk: Event = msgspec.to_builtins(key.jwk)
    return jwk


def arrival(
    emitter: str, key: PrivateKey, submission: str, events: Iterable[Event], at: datetime
) -> Arrival:
    """A signed submission as the door hands it to the intake."""
    said = [{"source": f"/emitters/{emitter}", **one} for one in events]
    body = json.dumps(said).encode()
    token = sign_submission(
        key, emitter=emitter, submission=submission, at=int(at.timestamp()), body=body
    )
    digest = hashlib.sha256(body).digest()
    return Arrival(emitter, submission, digest, token, len(said), utc_text(at), body)


@dataclass
class World:
    """One database with a log and one generation of views; the clock is moved by hand.

    `views`: of another database for the views.
    """

    dsn: str
    pool: asyncpg.Pool
    now: datetime = START
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    views: str | None = None

    def __post_init__(self) -> None:
        leaf_hints, intake_hints = Hints(self.dsn, LEAF_CHANNEL), Hints(self.dsn, INTAKE_CHANNEL)
        self.intake = PostgresIntake(self.pool, leaf_hints)
        self.log = PostgresSequencerLog(self.pool, leaf_hints, intake_hints)
        self.sequencer = Sequencer(self.log, lambda: self.now)

    async def send(
        self, emitter: str, *events: Event, submission: str = "", key: PrivateKey | None = None
    ) -> Arrival:
        """Append a submission to the intake."""
        name = submission or f"s{next(_numbers)}"
        made = arrival(emitter, key or self.keys[emitter], name, events, self.now)
        await self.intake.append(made, anyway=True)
        return made

    async def settle(self) -> None:
        """Let the sequencer give leaves to all that waits, then let the views fold them."""
        await self.sequence()
        await self.fold()

    async def sequence(self) -> None:
        """Give leaves to all that waits."""
        while await self.sequencer.commit_round():
            pass

    async def fold(self) -> None:
        """Fold all leaves into the active generation."""
        connection = await asyncpg.connect(self.views or self.dsn)
        try:
            number = await create_generation(connection, active=True)
            projection = Projection(connection, self.log, BuilderHere(Days(ZONE)), number)
            await projection.prepare()
            while await projection.fold_batch():
                pass
        finally:
            await connection.close()

    async def say(self, emitter: str, *events: Event, **more: Any) -> None:
        """Send, then settle."""
        await self.send(emitter, *events, **more)
        await self.settle()

    def pass_days(self, days: int) -> None:
        """Move the clock on."""
        self.now += timedelta(days=days)

    async def establish(self, *platforms: str) -> None:
        """Leaf 0, and platforms registered in leaf 1."""
        for name in ("authority", "registry", *platforms):
            self.keys[name] = PrivateKey.generate()
        await self.send("authority", established(self.keys))
        await self.sequence()
        if platforms:
            acts = [registered(name, self.keys[name]) for name in platforms]
            await self.send("authority", *acts)
            await self.sequence()

    async def check(self, **more: Any) -> Report:
        """What the checker says, all of it."""
        return await check(self.dsn, **{"views": self.views, "first_only": False, **more})


def established(keys: dict[str, PrivateKey]) -> Event:
    """The act of leaf 0."""
    data = {
        "name": "Registry",
        "country": "MA",
        "time_zone": ZONE,
        "key": public(keys["authority"]),
        "registry_key": public(keys["registry"]),
    }
    return event("authority.established", data)


def registered(emitter: str, key: PrivateKey) -> Event:
    """The act that lets a platform speak."""
    data = {"emitter": emitter, "name": emitter.title(), "key": public(key)}
    return event("platform.registered", data)


def work(**more: Any) -> Event:
    """Data of a piece of work."""
    return {"task": "t1", "worker": "w1", **more}
