"""A small register as readers meet it: the shared world, two platforms, a fund, three workers.

Figures are chosen to be added up by hand.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self

import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from events.access import Role, sign_access
from events.jose import PrivateKey
from migrations.address import engine_url
from migrations.roles import AUDIT, QUERY
from services.query_api.access import AuditTrail
from services.query_api.app import create_app
from services.query_api.database import QueryDatabase
from services.query_api.state import QueryState
from tests.support.world import Platform, World, body_of

#: Noon of the first recorded day of the story.
START = datetime.fromisoformat("2026-11-02T12:00:00+00:00")
SCHEME = "cnss"

Json = dict[str, Any]


def event(type_: str, at: str, id_: str, /, **data: Any) -> Json:
    """One event without its source, which `QueryWorld` adds."""
    return {"specversion": "1.0", "type": f"{type_}.v1", "id": id_, "time": at, "data": data}


class QueryWorld:
    """The shared world with emitters of this story, read through the query API's own roles."""

    def __init__(self, inner: World) -> None:
        self.inner = inner
        self.speakers = {
            name: Platform(name, PrivateKey.generate()) for name in ("atlas", "basma", "cnss")
        }
        self.speakers["authority"] = inner.authority
        self.speakers["registry"] = Platform("registry", inner.registry_key)
        self._engines: list[AsyncEngine] = []
        # One for all who do not need their own: each holds connections until the world ends.
        self._usual: QueryState | None = None

    @classmethod
    @asynccontextmanager
    async def around(cls, inner: World) -> AsyncIterator[Self]:
        """Begin the story on its first day; leaf 2 registers two platforms and a fund."""
        world = cls(inner)
        inner.clock.now = START
        await world.submit("authority", "act-1", world._registrations())
        await inner.door.refresh_keys(older_than=0)
        yield world
        for engine in world._engines:
            await engine.dispose()

    def _registrations(self) -> list[Json]:
        at = self.now.isoformat()
        jwk = {
            name: msgspec.to_builtins(speaker.key.jwk) for name, speaker in self.speakers.items()
        }
        fund = {"emitter": "cnss", "name": "CNSS", "schemes": [SCHEME], "key": jwk["cnss"]}
        atlas = {"emitter": "atlas", "name": "Atlas", "country": "MA", "key": jwk["atlas"]}
        basma = {"emitter": "basma", "name": "Basma", "key": jwk["basma"]}
        return [
            event("platform.registered", at, "reg-atlas", **atlas),
            event("platform.registered", at, "reg-basma", **basma),
            event("fund.registered", at, "reg-cnss", **fund),
        ]

    @property
    def now(self) -> datetime:
        return self.inner.clock()

    @property
    def identity(self) -> str:
        return self.inner.identity

    def later(self, **by: float) -> None:
        self.inner.clock.advance(**by)

    # --- telling ---------------------------------------------------------------------------

    async def push(self, emitter: str, submission: str, events: Sequence[Json]) -> None:
        """Acknowledged by the door; it has no leaf yet."""
        speaker = self.speakers[emitter]
        await self.inner.push(speaker, _sourced(emitter, events), submission)

    async def smuggle(self, emitter: str, submission: str, events: Sequence[Json]) -> None:
        """Past the door, which would have seen the conflict."""
        body = body_of(_sourced(emitter, events))
        await self.inner.append(self.speakers[emitter], body, submission, len(events))

    async def submit(self, emitter: str, submission: str, events: Sequence[Json]) -> None:
        """Acknowledge, sequence, fold."""
        await self.push(emitter, submission, events)
        await self.sequence()
        await self.fold()

    async def sequence(self) -> None:
        await self.inner.sequence()

    async def fold(self) -> None:
        await self.inner.fold()

    # --- reading ---------------------------------------------------------------------------

    def engine(self, role: str) -> AsyncEngine:
        made = create_async_engine(engine_url(self.inner.dsn(role)))
        self._engines.append(made)
        return made

    def state(self, audit: AuditTrail | None = None) -> QueryState:
        return QueryState(
            QueryDatabase(self.engine(QUERY)),
            audit or AuditTrail(self.engine(AUDIT)),
            self.inner.leaves,
            self.inner.registry_keys,
            self.inner.clock,
        )

    def client(self, state: QueryState | None = None) -> httpx.AsyncClient:
        self._usual = self._usual or self.state()
        transport = httpx.ASGITransport(create_app(state or self._usual))
        return httpx.AsyncClient(transport=transport, base_url="http://query")

    def bearer(
        self,
        role: Role,
        *,
        platform: str | None = None,
        worker: str | None = None,
        own: str | None = None,
    ) -> dict[str, str]:
        """A header: of a platform or fund by its own key, of a person by the authority's."""
        own = own or {Role.FUND: "cnss", Role.PLATFORM: platform}.get(role) or "authority"
        person = role in {Role.ANALYST, Role.INSPECTOR, Role.WORKER}
        token = sign_access(
            self.speakers[own].key,
            emitter=own,
            registry=self.identity,
            at=self.now,
            role=role if person else None,
            subject=f"{role.value} one" if person else None,
            platform=platform if person else None,
            worker=worker,
        )
        return {"Authorization": f"Bearer {token}"}


def _sourced(emitter: str, events: Sequence[Json]) -> list[Json]:
    return [{**one, "source": f"/emitters/{emitter}"} for one in events]


AI = "ai-training"


def contract(id_: str, at: str, contract: str) -> Json:
    return event(
        "contract.published",
        at,
        id_,
        contract=contract,
        title="Label images",
        task_group=AI,
        unit_pay={"amount": "0.50", "currency": "USD"},
        total_rule="per task",
        final_client="client-1",
        max_duration_seconds=3600,
        recourse="by mail",
        processing_platform="atlas",
        data_purpose="training",
    )


def work(task: str, worker: str, day: str, **more: Any) -> Json:
    stated = {"task": task, "worker": worker, "contract": "c-1", "task_group": AI}
    return {**stated, "submitted": f"2026-{day}T10:00:00+01:00", "residence": "MA", **more}


def done(task: str, worker: str, day: str, seconds: int, **more: Any) -> Json:
    data = work(task, worker, day, seconds=seconds, **more)
    return event("task.completed", data["submitted"], f"{task}-completed", **data)


def approved(task: str, worker: str, day: str, seconds: int, amount: str, **more: Any) -> Json:
    data = work(task, worker, day, seconds=seconds, amount=amount, currency="USD") | more
    return event("task.approved", data["submitted"], f"{task}-approved", **data)


async def tell_story(world: QueryWorld) -> None:
    """Leaves 0 to 2 establish and register; 3 to 10 are the platforms' over four recorded days."""
    # Day one (2 November), two leaves of one day: 3 and 4.
    first = "2026-11-01T10:00:00+01:00"
    await world.submit(
        "atlas",
        "s-1",
        [
            contract("c-1-published", first, "c-1"),
            done("t-1", "w-a", "11-01", 1800),
            approved("t-1", "w-a", "11-01", 1800, "2.00"),
            done("t-2", "w-b", "11-01", 3600),
        ],
    )
    world.later(hours=1)
    await world.submit(
        "atlas",
        "s-2",
        [
            event(
                "rejection.issued",
                first,
                "t-2-rejected",
                **work("t-2", "w-b", "11-01", seconds=3600, pay_refused=True),
                reason_code="quality",
                decided_by="model",
            ),
            event(
                "time.reported", first, "wait-1", worker="w-a", day="2026-11-01",
                kind="waiting", seconds=600,
            ),
        ],
    )  # fmt: skip
    # Day two (3 November): the other platform, with pay and a second currency.
    world.later(days=1)
    await world.submit(
        "basma",
        "b-1",
        [
            approved("b-1", "w-a", "11-02", 900, "5.00", task_group=None, residence=None),
            approved("b-2", "w-a", "11-02", 900, "10.00", currency="MAD", contract=None),
        ],
    )
    # Day three (4 November): payment, a correction, a repeat and a reused id.
    world.later(days=1)
    mended = work("t-1", "w-a", "11-01", seconds=1800, amount="3.00", currency="USD")
    await world.submit(
        "atlas",
        "s-3",
        [
            event(
                "payment.made", "2026-11-03T09:00:00+01:00", "pay-1",
                worker="w-a", gross="1.50", currency="USD", fee="0.10", net="1.40", rail="bank",
            ),
            event(
                "correction.replaced", "2026-11-04T09:00:00+01:00", "fix-1",
                event="t-1-approved",
                replacement={"type": "task.approved.v1", "data": mended},
            ),
            done("t-1", "w-a", "11-01", 1800),
            done("t-2", "w-b", "11-01", 3599),
        ],
    )  # fmt: skip
    # Day four (5 November): one id under two bodies, and a submission that is wholly repeated.
    world.later(days=1)
    await world.submit("atlas", "s-4", [done("t-3", "w-c", "11-04", 60)])
    await world.smuggle("atlas", "s-4", [done("t-4", "w-c", "11-04", 60)])
    await world.submit("atlas", "s-5", [done("t-3", "w-c", "11-04", 60)])
    await world.submit("atlas", "s-6", [done("t-5", "w-c", "11-04", 30, contract="c-none")])
