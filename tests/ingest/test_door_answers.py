"""What the door answers to good submissions: promise, receipt, and the same receipt for ever."""

import asyncio
import hashlib
import json

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from events.errors import Fatal
from events.jose import PrivateKey, unb64
from events.limits import TOKEN_CHARS_MAX, WAIT_SECONDS_MAX
from services.ingest.app import create_app
from services.ingest.door import Door
from tests.ingest.speaking import (
    VALIDATE,
    Caller,
    FaultyIntake,
    forged,
    nil_day,
    outcomes,
    problem,
    sequencing,
    signed,
    small,
)
from tests.support.world import Platform, World, body_of


def verified(world: World, text: str, typ: str) -> dict[str, object]:
    """The claims of what the registry signed, as a platform checks them with another library."""
    key = OKPKey.import_key(msgspec.to_builtins(world.registry_key.jwk))
    token = jws.deserialize_compact(text, key, algorithms=["Ed25519"])
    assert token.protected["typ"] == typ
    assert token.protected["kid"] == world.registry_key.kid
    claims: dict[str, object] = json.loads(token.payload)
    return claims


async def test_a_platform_gets_a_signed_promise_for_its_exact_bytes(caller: Caller) -> None:
    body = small(caller.world)
    answer = await caller.send(body, "first")
    assert answer.status_code == 202
    shown = answer.json()
    claims = verified(caller.world, shown.pop("acknowledgement"), "sijill-acknowledgement+jws")
    assert claims == {**shown, "registry": caller.world.identity}
    assert shown["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert (shown["emitter"], shown["submission"]) == ("alpha", "first")


async def test_who_waits_gets_the_receipt_and_the_same_bytes_on_every_later_path(
    caller: Caller,
) -> None:
    body = small(caller.world)
    async with sequencing(caller.world):
        new = await caller.send(body, "waited", wait=20)
    again = await caller.send(body, "waited")
    waiting = await caller.send(body, "waited", wait=5)
    other_door = Door(caller.world.intake, caller.world.registry_keys, caller.world.clock)
    elsewhere = await Caller(caller.world, create_app(other_door)).send(body, "waited")
    assert [a.status_code for a in (new, again, waiting, elsewhere)] == [201, 200, 200, 200]
    assert new.content == again.content == waiting.content == elsewhere.content
    assert new.headers["location"] == "/v1/emitters/alpha/submissions/waited"
    assert new.headers["preference-applied"] == "wait=20"
    shown = new.json()
    claims = verified(caller.world, shown.pop("receipt"), "sijill-receipt+jws")
    assert claims == {**shown, "registry": caller.world.identity}
    assert shown["outcome"] == "counted"


async def test_a_fresh_signature_over_the_same_bytes_is_a_repeat(caller: Caller) -> None:
    body = small(caller.world)
    await caller.send(body, "resigned")
    await caller.world.sequence()
    later = caller.world.alpha.sign(body, "resigned", iat=1_700_000_000)
    assert (await caller.send(body, "resigned", token=later)).status_code == 200
    assert len(await outcomes(caller.world, "resigned")) == 1


async def test_other_bytes_under_a_known_id_meet_both_digests_and_nothing_is_kept(
    caller: Caller,
) -> None:
    first, second = small(caller.world), small(caller.world)
    await caller.send(first, "one")
    await caller.world.sequence()
    answer = await caller.send(second, "one", wait=5)
    assert answer.status_code == 409
    for body in (first, second):
        assert hashlib.sha256(body).hexdigest() in answer.json()["detail"]
    await caller.world.sequence()
    assert await outcomes(caller.world, "one") == [("alpha", "one", "counted")]


async def test_a_wait_that_runs_out_still_holds_the_promise(caller: Caller) -> None:
    answer = await caller.send(small(caller.world), "slow", wait=1)
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    assert "acknowledgement" in answer.json()


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        (["wait=7"], "wait=7"),
        (['wait="7"'], "wait=7"),
        (["respond-async", "Wait = 007 ; x=1"], "wait=7"),
        (["wait=86400"], f"wait={WAIT_SECONDS_MAX}"),
        (["wait=" + "9" * 5000], f"wait={WAIT_SECONDS_MAX}"),
        (["wait=7, wait=9"], "wait=7"),
        (['note="a, wait=9"'], None),
        (["wait=-1"], None),
        (["wait=soon, wait=9"], None),
        (["wait"], None),
        (["wait=1.5"], None),
        (["wait=\u00b2"], None),
        (["wait=0"], None),
        ([",;=\x7f\xff"], None),
    ],
)
async def test_a_preference_is_honoured_or_ignored_never_refused(
    caller: Caller, prefer: list[str], applied: str | None
) -> None:
    body = body_of([nil_day(caller.world, id="preferred")])
    # A repeat answers at once, whatever the wait.
    if (await caller.send(body, "preferred")).status_code == 202:
        await caller.world.sequence()
    headers = [
        (b"content-type", b"application/cloudevents-batch+json"),
        (b"submission-signature", caller.world.alpha.sign(body, "preferred").encode()),
        *((b"prefer", value.encode("latin-1")) for value in prefer),
    ]
    answer = await caller.http.post("/v1/submissions", content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.headers.get("preference-applied") == applied


async def test_validate_runs_the_same_checks_and_keeps_nothing(caller: Caller) -> None:
    world = caller.world
    good, bad = body_of([nil_day(world), nil_day(world)]), body_of([nil_day(world, source="/x")])
    fine = await caller.send(good, "trial", path=VALIDATE)
    assert fine.json() == {"valid": True, "events": 2, "stands_at_leaf": None}
    tried, pushed = [await caller.send(bad, "trial", path=p) for p in (VALIDATE, "/v1/submissions")]
    assert tried.status_code == 422
    assert tried.content == pushed.content
    await world.sequence()
    assert await outcomes(world, "trial") == []
    await caller.send(good, "trial")
    await world.sequence()
    receipt = (await caller.send(good, "trial")).json()
    tried = await caller.send(good, "trial", path=VALIDATE)
    assert tried.json()["stands_at_leaf"] == receipt["leaf_index"]


async def test_a_key_added_just_after_the_keys_were_read_is_known(lone: Caller) -> None:
    world, newer = lone.world, PrivateKey.generate()
    data = {"emitter": "alpha", "key": msgspec.to_builtins(newer.jwk)}
    await world.push(world.authority, [world.authority.event("key.added", data)])
    await world.door.refresh_keys(older_than=0)
    # Another door's doing, a moment after this one looked.
    await world.sequence()
    body = small(world)
    token = Platform("alpha", newer).sign(body, "newer")
    assert (await world.door.submit(token, body, wait=0)).events == 1


async def test_a_receipt_is_signed_under_a_registry_key_added_a_moment_before(
    lone: Caller,
) -> None:
    """The door's keys are up to a second old; a receipt made from them was another one later."""
    world = lone.world
    await world.door.refresh_keys(older_than=0)
    newer = PrivateKey.generate()
    world.registry_keys.keys[newer.kid] = newer  # type: ignore[index]
    data = {"emitter": "registry", "key": msgspec.to_builtins(newer.jwk)}
    await world.push(world.authority, [world.authority.event("key.added", data)])
    await world.sequence()
    body = small(world)
    async with sequencing(world):
        answer = await lone.send(body, "after", wait=20)
    await world.door.refresh_keys(older_than=0)
    assert answer.status_code == 201
    assert (await lone.send(body, "after")).content == answer.content
    key = OKPKey.import_key(msgspec.to_builtins(newer.jwk))
    assert jws.deserialize_compact(answer.json()["receipt"], key, algorithms=["Ed25519"])


async def test_old_receipts_stay_what_they_were_when_the_registry_changes_its_key(
    lone: Caller,
) -> None:
    world = lone.world
    body = small(world)
    async with sequencing(world):
        old = await lone.send(body, "before", wait=20)
    newer = PrivateKey.generate()
    world.registry_keys.keys[newer.kid] = newer  # type: ignore[index]
    await world.act("key.added", {"emitter": "registry", "key": msgspec.to_builtins(newer.jwk)})
    await world.act("key.revoked", {"kid": world.registry_key.kid})
    assert (await lone.send(body, "before")).content == old.content


async def test_a_door_without_the_registrys_new_key_takes_nothing_it_cannot_promise(
    lone: Caller,
) -> None:
    world = lone.world
    key = msgspec.to_builtins(PrivateKey.generate().jwk)
    await world.act("key.added", {"emitter": "registry", "key": key})
    await world.act("key.revoked", {"kid": world.registry_key.kid})
    assert (await lone.send(small(world), "unsigned")).status_code == 503
    await world.sequence()
    assert await outcomes(world) == []


@pytest.mark.parametrize("error", [OSError("gone"), Fatal("the index leads the topic")])
async def test_a_receipt_that_cannot_be_read_leaves_the_promise(
    world: World, error: Exception
) -> None:
    intake = FaultyIntake(world.intake)
    caller = Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))
    intake.leaf_error = error
    body, submission = small(world), f"kept-{type(error).__name__}"
    async with sequencing(world):
        answer = await caller.send(body, submission, wait=1)
    assert answer.status_code == 202
    assert await outcomes(world, submission) == [("alpha", submission, "counted")]
    # A repeat can be given nothing else: it is asked to come again.
    problem(await caller.send(body, submission), 503, "unavailable")


async def test_the_longest_names_and_token_that_the_door_takes_fit_a_leaf(caller: Caller) -> None:
    """A leaf has a limit of its own: a body that got past the door must always fit it."""
    world = caller.world
    platform = Platform("p" * 32, PrivateKey.generate())
    await world.register(platform)
    body = small(world, platform)
    token = forged(platform.key, body, iss=platform.emitter, jti="j" * 64)
    header = json.loads(forged_header(token))
    for padding in range(400):
        padded = json.dumps(header).encode()[:-1] + b" " * padding + b"}"
        longer = signed(platform.key, padded, body)
        if len(longer) > TOKEN_CHARS_MAX:
            break
        token = longer
    assert len(token) > TOKEN_CHARS_MAX - 3
    assert (await caller.send(body, "", token=token)).status_code == 202
    await world.sequence()
    assert await outcomes(world, "j" * 64) == [(platform.emitter, "j" * 64, "counted")]


def forged_header(token: str) -> bytes:
    """The protected header of a token."""
    return unb64(token.split(".")[0])


async def test_three_hundred_at_once_land_once_each_in_dense_places(caller: Caller) -> None:
    world = caller.world
    platforms = [world.alpha, *(Platform(f"p{n}", PrivateKey.generate()) for n in range(4))]
    for platform in platforms[1:]:
        await world.register(platform)
    before = [len(await world.log.intake((0,) * world.log.partitions, 1000))]
    bodies = [(small(world, platforms[n % 5]), platforms[n % 5], f"m{n}") for n in range(300)]
    answers = await asyncio.gather(*(caller.send(b, s, platform=p) for b, p, s in bodies))
    assert {answer.status_code for answer in answers} == {202}
    records = await world.log.intake((0,) * world.log.partitions, 1000)
    assert len(records) == before[0] + 300
    by_partition: dict[int, list[int]] = {}
    for record in records:
        by_partition.setdefault(record.place.partition, []).append(record.place.offset)
    for offsets in by_partition.values():
        assert offsets == list(range(len(offsets)))
    await world.sequence()
    expected = sorted((p.emitter, s, "counted") for _, p, s in bodies)
    assert sorted(await outcomes(world, *(s for _, _, s in bodies))) == expected


async def test_an_event_id_used_twice_is_for_the_folds_to_judge(caller: Caller) -> None:
    """The door knows one body at a time, so it takes both and loses neither."""
    world = caller.world
    same, other = nil_day(world, id="twice"), nil_day(world, day="2026-03-01", id="twice")
    answer = await caller.send(body_of([same, same, other]), "ids")
    assert answer.status_code == 202
    await world.sequence()
    assert (await caller.send(body_of([same, same, other]), "ids")).json()["events"] == 3
