"""The emitter for asyncio is the other one with awaits: it says and hears the same."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from kit_registry import FakeRegistry, Fault, answering, lost_answer, lost_request
from kit_tables import NOW
from sijill_client import AsyncEmitter, Emitter, PlatformKey, SijillError, Unreachable, make_key
from sijill_client.http import Patience

URL = "https://registry.example"
NIL = {
    "id": "nil-1",
    "type": "day.nil.v1",
    "time": "2026-02-28T23:00:00Z",
    "data": {"day": "2026-02-28"},
}
#: Waits that chance does not change, so that two runs can be compared.
STEADY = Patience(tries=4, first=0.0)


class Ear:
    """What an emitter asked, slept and found."""

    def __init__(self, key: PlatformKey, setting: Callable[[FakeRegistry], None]) -> None:
        self.registry = FakeRegistry(key, NOW)
        self.slept: list[float] = []
        self.found: list[object] = []
        setting(self.registry)

    def hear(self, call: Callable[[Emitter], object]) -> None:
        with self.registry.client() as client:
            emitter = Emitter(
                self.registry.key,
                URL,
                client,
                clock=lambda: NOW,
                sleep=self.slept.append,
                patience=STEADY,
            )
            try:
                self.found.append(call(emitter))
            except SijillError as fault:
                self.found.append((type(fault), str(fault)))

    async def hear_async(self, call: Callable[[AsyncEmitter], Any]) -> None:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        async with self.registry.async_client() as client:
            emitter = AsyncEmitter(
                self.registry.key, URL, client, clock=lambda: NOW, sleep=sleep, patience=STEADY
            )
            try:
                self.found.append(await call(emitter))
            except SijillError as fault:
                self.found.append((type(fault), str(fault)))

    @property
    def asked(self) -> list[tuple[bytes, str | None]]:
        return [(one.content, one.headers.get("Prefer")) for one in self.registry.posts]


def faults(*given: Fault) -> Callable[[FakeRegistry], None]:
    return lambda registry: registry.faults.extend(given)


def a_clock_ahead(registry: FakeRegistry) -> None:
    registry.now = NOW - timedelta(hours=1)


def slow(registry: FakeRegistry) -> None:
    registry.slow = 2


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (faults(), "accepted"),
        (faults(lost_answer, lost_request, answering(502)), "repeated"),
        (faults(answering(429, {"Retry-After": "17"})), "accepted"),
        (faults(answering(503, {"Retry-After": "7200"})), "asks to come back in 7200 s"),
        (faults(*[lost_request] * 9), "no answer after 4 tries; the last one: ConnectError"),
        (faults(answering(422, title="schema", detail="no day")), "no day"),
        (a_clock_ahead, "this machine's clock says 2026-03-01 12:00:00+0000"),
        (slow, "accepted"),
    ],
    ids=["well", "lost", "busy", "away", "gone", "refused", "clock", "slow"],
)
async def test_both_emitters_ask_wait_and_find_the_same(
    key: PlatformKey, setting: Callable[[FakeRegistry], None], says: str
) -> None:
    one, other = Ear(key, setting), Ear(key, setting)
    one.hear(lambda emitter: emitter.submit([NIL]))
    await other.hear_async(lambda emitter: emitter.submit([NIL]))
    assert says in str(one.found[0])
    assert other.found == one.found
    assert other.slept == one.slept
    assert other.asked == one.asked


async def test_both_read_reports_and_wait_for_the_views(key: PlatformKey) -> None:
    def late(registry: FakeRegistry) -> None:
        registry.unfolded = 3
        registry.report_faults.extend([lost_request])

    one, other = Ear(key, late), Ear(key, late)

    def read(emitter: Emitter) -> object:
        return emitter.report(emitter.submit([NIL]).submission)

    async def read_async(emitter: AsyncEmitter) -> object:
        return await emitter.report((await emitter.submit([NIL])).submission)

    one.hear(read)
    await other.hear_async(read_async)
    assert "'accepted': 1" in str(one.found[0])
    assert (other.found, other.slept) == (one.found, one.slept)


async def test_a_key_of_another_registry_is_told_by_both(key: PlatformKey) -> None:
    def another(registry: FakeRegistry) -> None:
        registry.key = make_key("alpha", "cd" * 32)

    one, other = Ear(key, another), Ear(key, another)
    elsewhere = httpx.MockTransport(
        lambda request: httpx.Response(200, json={"identity": "ef" * 32, "time": NOW.isoformat()})
    )
    with httpx.Client(transport=elsewhere) as client, pytest.raises(SijillError) as said:
        Emitter(one.registry.key, URL, client).check_registry()
    async with httpx.AsyncClient(transport=elsewhere) as other_client:
        with pytest.raises(SijillError, match="nothing was sent") as said_too:
            await AsyncEmitter(one.registry.key, URL, other_client).check_registry()
    assert str(said.value) == str(said_too.value)
    assert not other.registry.posts


async def test_many_are_on_their_way_at_once_and_one_that_is_cancelled_counts_once(
    key: PlatformKey,
) -> None:
    registry, heard = FakeRegistry(key, NOW), asyncio.Event()

    def events(number: int) -> Sequence[dict[str, Any]]:
        return [NIL | {"id": f"nil-{number}"}]

    async with registry.async_client() as client:

        async def hang(seconds: float) -> None:
            heard.set()
            await asyncio.Event().wait()

        registry.faults.append(lost_answer)
        waiting = AsyncEmitter(key, URL, client, clock=lambda: NOW, sleep=hang)
        cut = asyncio.create_task(waiting.submit(events(0)))
        await heard.wait()
        cut.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cut
        emitter = AsyncEmitter(key, URL, client, clock=lambda: NOW)
        results = await asyncio.gather(*(emitter.submit(events(number)) for number in range(5)))
    assert [one.state for one in results] == ["repeated", *["accepted"] * 4]
    assert len(registry.leaves) == 5


@pytest.mark.parametrize("kind", [Emitter, AsyncEmitter])
def test_an_address_that_is_none_is_refused_before_anything_is_tried(
    key: PlatformKey, kind: Any
) -> None:
    with pytest.raises(ValueError, match="address of a registry"):
        kind(key, "registry.example", httpx.Client())


def test_a_registry_that_goes_away_while_a_refusal_is_looked_into_leaves_the_refusal(
    key: PlatformKey,
) -> None:
    """To say that clocks differ the registry is asked for its time; the 401 stands without."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(401, json={"title": "Unknown key", "detail": "no such key"})
        raise httpx.ConnectError("no route", request=request)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        emitter = Emitter(key, URL, client, patience=Patience(tries=1))
        assert str(emitter.submit([NIL]).problem) == "401 Unknown key: no such key"
        with pytest.raises(Unreachable, match="no answer after 1 try"):
            emitter.registry()
