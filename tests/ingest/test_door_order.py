"""The order of the checks (RULES 1.6), and what happens when the log changes between them."""

import msgspec
import pytest

from events.jose import PrivateKey
from events.keys import KeyRing
from events.limits import INTAKE_PARTITIONS
from events.log.postgres import partition_of
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


async def _newcomer(world: World, name: str) -> Platform:
    """A platform of this test alone, since its keys will change."""
    made = Platform(name, PrivateKey.generate())
    await world.register(made)
    return made


async def _revoke(world: World, platform: Platform) -> None:
    await world.act("key.revoked", {"kid": platform.key.kid})


async def test_a_known_repeat_gets_its_receipt_from_a_key_revoked_since(caller: Caller) -> None:
    world = caller.world
    gamma = await _newcomer(world, "gamma")
    body = small(world, gamma)
    async with sequencing(world):
        first = await caller.send(body, "known", platform=gamma, wait=20)
    await _revoke(world, gamma)
    again = await caller.send(body, "known", platform=gamma)
    assert (again.status_code, again.content) == (200, first.content)
    other = small(world, gamma)
    problem(await caller.send(other, "new", platform=gamma), 403, "revoked-key")
    # Other bytes under a known id are a conflict before they are a revoked key.
    problem(await caller.send(other, "known", platform=gamma), 409, "conflict")


async def test_each_check_comes_before_those_behind_it(caller: Caller) -> None:
    world = caller.world
    delta = await _newcomer(world, "delta")
    broken = body_of([nil_day(world, source="/nobody")])
    stranger = Platform("delta", PrivateKey.generate())
    plain = {"content-type": "text/plain"}
    problem(await caller.send(broken, "x", platform=stranger, headers=plain), 415, "unsupported")
    problem(await caller.send(broken, "x", platform=stranger), 401, "unknown-key")
    problem(await caller.send(broken, "x", platform=delta), 422, "schema")
    await _revoke(world, delta)
    problem(await caller.send(broken, "x", platform=delta), 403, "revoked-key")


async def test_a_revocation_overtakes_what_waits_in_the_intake(caller: Caller) -> None:
    """Acknowledged, then sequenced behind the revocation: the leaf says so, and the same body
    under a new id and a good key counts."""
    world = caller.world
    # A round reads partition after partition: this one comes behind the authority's.
    behind = partition_of("authority", INTAKE_PARTITIONS)
    names = (f"late-{n}" for n in range(1000))
    name = next(name for name in names if partition_of(name, INTAKE_PARTITIONS) > behind)
    old, new = await _newcomer(world, name), Platform(name, PrivateKey.generate())
    await world.act("key.added", {"emitter": name, "key": msgspec.to_builtins(new.key.jwk)})
    body = small(world, old)
    assert (await caller.send(body, "late", platform=old)).status_code == 202
    await world.act("key.revoked", {"kid": old.key.kid})
    told = await caller.send(body, "late", platform=new)
    assert (told.status_code, told.json()["outcome"]) == (200, "key-revoked")
    assert (await caller.send(body, "renewed", platform=new)).status_code == 202
    await world.sequence()
    assert await outcomes(world, "late", "renewed") == [
        (name, "late", "key-revoked"),
        (name, "renewed", "counted"),
    ]


async def test_a_key_added_a_moment_ago_is_known_at_once(caller: Caller) -> None:
    world = caller.world
    zeta = Platform("zeta", PrivateKey.generate())
    data = {"emitter": "zeta", "name": "Zeta", "key": msgspec.to_builtins(zeta.key.jwk)}
    door = Door(world.intake, world.registry_keys, world.clock, monotonic=_Ticking())
    other = Caller(world, create_app(door))
    problem(await other.send(small(world, zeta), "b", platform=zeta), 401, "unknown-key")
    await world.push(world.authority, [world.authority.event("platform.registered", data)])
    await world.sequence()
    assert (await other.send(small(world, zeta), "b", platform=zeta)).status_code == 202


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

        async def last_act(self) -> int | None:
            # Asked before: it knows nothing of what commits between the halves.
            return 0 if self.halves else await super().last_act()

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
