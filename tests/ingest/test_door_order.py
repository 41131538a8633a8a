"""The order of the checks (RULES 1.6), and what happens when the log changes between them."""

import msgspec
import pytest

from events.jose import PrivateKey
from events.keys import KeyRing
from services.ingest.app import create_app
from services.ingest.door import Door
from tests.ingest.speaking import (
    Caller,
    FaultyIntake,
    nil_day,
    outcomes,
    problem,
    sequencing,
    small,
)
from tests.support.world import Platform, World, body_of


async def _revoke(world: World, platform: Platform) -> None:
    await world.act("key.revoked", {"kid": platform.key.kid})


async def test_a_known_repeat_gets_its_receipt_from_a_key_revoked_since(caller: Caller) -> None:
    world = caller.world
    body = small(world)
    async with sequencing(world):
        first = await caller.send(body, "known", wait=20)
    await _revoke(world, world.alpha)
    again = await caller.send(body, "known")
    assert (again.status_code, again.content) == (200, first.content)
    problem(await caller.send(small(world), "new"), 403, "revoked-key")
    # Other bytes under a known id are a conflict before they are a revoked key.
    problem(await caller.send(small(world), "known"), 409, "conflict")


async def test_each_check_comes_before_those_behind_it(caller: Caller) -> None:
    world = caller.world
    broken = body_of([nil_day(world, source="/nobody")])
    stranger = Platform("alpha", PrivateKey.generate())
    plain = {"content-type": "text/plain"}
    problem(await caller.send(broken, "x", platform=stranger, headers=plain), 415, "unsupported")
    problem(await caller.send(broken, "x", platform=stranger), 401, "unknown-key")
    problem(await caller.send(broken, "x"), 422, "schema")
    await _revoke(world, world.alpha)
    problem(await caller.send(broken, "x"), 403, "revoked-key")


async def test_a_revocation_overtakes_what_waits_in_the_intake(caller: Caller) -> None:
    """Acknowledged, then sequenced behind the revocation: a leaf says so, and the same body
    under a new id and a good key counts."""
    world = caller.world
    good = PrivateKey.generate()
    added = {"emitter": "alpha", "key": msgspec.to_builtins(good.jwk)}
    await world.act("key.added", added)
    # The authority's partition is read first or not: the act is sequenced before the body is sent.
    revoked = [world.authority.event("key.revoked", {"kid": world.alpha.key.kid})]
    await world.push(world.authority, revoked)
    await world.sequence()
    body = small(world)
    assert (await caller.send(body, "late")).status_code == 202
    async with sequencing(world):
        told = await caller.send(body, "late", wait=20)
    await world.door.refresh_keys(older_than=0)
    assert told.json()["outcome"] == "key-revoked"
    fresh = Platform("alpha", good)
    # The id and bytes are used up; other bytes under that id never counted, so they may.
    assert (await caller.send(body, "late", platform=fresh)).status_code == 200
    assert (await caller.send(body, "renewed", platform=fresh)).status_code == 202
    await world.sequence()
    assert await outcomes(world) == [
        ("alpha", "late", "key-revoked"),
        ("alpha", "renewed", "counted"),
    ]


async def test_a_key_added_a_moment_ago_is_known_at_once(caller: Caller) -> None:
    world = caller.world
    beta = Platform("beta", PrivateKey.generate())
    data = {"emitter": "beta", "name": "Beta", "key": msgspec.to_builtins(beta.key.jwk)}
    door = Door(world.intake, world.registry_keys, world.clock, monotonic=_Ticking())
    other = Caller(world, create_app(door))
    problem(await other.send(small(world, beta), "b", platform=beta), 401, "unknown-key")
    await world.push(world.authority, [world.authority.event("platform.registered", data)])
    await world.sequence()
    assert (await other.send(small(world, beta), "b", platform=beta)).status_code == 202


class _Ticking:
    """A monotonic clock on which every look is a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


async def test_a_registration_read_by_halves_is_not_an_error_of_the_door(world: World) -> None:
    """The emitters were read, the registration committed, then the keys were read: a key of
    nobody. The door answered 500."""

    class ByHalves(FaultyIntake):
        halves = 1

        async def key_ring(self) -> KeyRing:
            ring = await super().key_ring()
            if self.halves:
                self.halves -= 1
                del ring.emitters["alpha"]
            return ring

    door = Door(ByHalves(world.intake), world.registry_keys, world.clock, monotonic=_Ticking())
    await door.refresh_keys()
    caller = Caller(world, create_app(door))
    assert (await caller.send(small(world), "half")).status_code == 202


@pytest.mark.parametrize("path", ["/v1/submissions", "/v1/validate"])
async def test_an_unknown_kid_is_looked_for_at_most_ten_times_a_second(
    world: World, path: str
) -> None:
    class Counting(FaultyIntake):
        reads = 0

        async def key_ring(self) -> KeyRing:
            self.reads += 1
            return await super().key_ring()

    intake = Counting(world.intake)
    door = Door(intake, world.registry_keys, world.clock, monotonic=lambda: 5.0)
    caller = Caller(world, create_app(door))
    stranger = Platform("alpha", PrivateKey.generate())
    for _ in range(5):
        answer = await caller.send(small(world), "x", platform=stranger, path=path)
        problem(answer, 401, "unknown-key")
    assert intake.reads == 1
