"""A registry in which everything happened that a log can hold."""

import msgspec

from events.jose import PrivateKey
from events.limits import BODY_BYTES_MAX
from tests.projections.telling import completed, replaced, work
from tests.support.world import Platform, World, body_of


async def tell_story(world: World) -> None:
    """Figures, a correction, a repeat, a conflict, a revoked key, a quarantine, one that waits."""
    beta = Platform("beta", PrivateKey.generate())
    await world.register(beta)
    await world.tell(completed(world, "e1", seconds=60), completed(world, "e2", worker="w2"))
    await world.tell(
        world.alpha.event("payment.made", {"worker": "w1", "gross": "3.5", "currency": "MAD"}),
        completed(world, "e1", seconds=61),
    )
    await world.tell(beta.event("task.completed", work(seconds=7)), platform=beta)
    world.clock.advance(days=1)
    await world.tell(replaced(world, "e1", "task.completed", work(worker="w3", seconds=30)))
    await _twice_and_otherwise(world)
    await _after_its_key_was_revoked(world, beta)
    await _set_aside(world)
    await world.fold()
    await world.push(world.alpha, [completed(world, "waits", seconds=1)], "waits")


async def _twice_and_otherwise(world: World) -> None:
    """Past the door, as two doors would take them at the same moment."""
    body, other = (body_of([completed(world, name, seconds=5)]) for name in ("f1", "f2"))
    for bytes_ in (body, body, other, body):
        await world.append(world.alpha, bytes_, "again", 1)
    await world.sequence()


async def _after_its_key_was_revoked(world: World, beta: Platform) -> None:
    kid = beta.key.kid
    await world.append(beta, body_of([beta.event("task.completed", work())]), "before", 1)
    await world.act("key.revoked", {"emitter": "beta", "kid": kid, "reason_code": "lost"})
    await world.append(beta, body_of([beta.event("task.completed", work())]), "late", 1)
    new = PrivateKey.generate()
    await world.act("key.added", {"emitter": "beta", "key": msgspec.to_builtins(new.jwk)})


async def _set_aside(world: World) -> None:
    """The largest body there can be, and no text in it."""
    body = bytes(range(256)) * (BODY_BYTES_MAX // 256)
    await world.append(world.alpha, body, "indigestible", 1)
    await world.sequence()
    tail = await world.leaves.tail()
    assert tail is not None
    data = {"leaf_index": tail.index, "reason_code": "indigestible"}
    await world.act("submission.quarantined", data)
