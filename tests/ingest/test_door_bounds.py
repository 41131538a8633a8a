"""What one emitter may send, what the door holds, and what it counts."""

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from events.limits import BODY_BYTES_MAX, EMITTER_BURST_SECONDS
from services.ingest.app import InFlight, create_app
from services.ingest.door import Door
from services.ingest.metrics import IngestMetrics
from services.ingest.rates import EmitterRates
from tests.ingest.speaking import (
    BETA,
    VALIDATE,
    Caller,
    FaultyIntake,
    nil_day,
    problem,
    small,
    until,
)
from tests.support.world import World, body_of


class Watch:
    """A monotonic clock that moves only when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _limited(world: World, watch: Watch, requests: float, bytes_: float) -> Caller:
    rates = EmitterRates(requests, bytes_)
    door = Door(world.intake, world.registry_keys, world.clock, rates, watch)
    return Caller(world, create_app(door))


async def test_too_many_requests_of_one_emitter_wait_and_another_does_not(caller: Caller) -> None:
    world, watch = caller.world, Watch()
    caller = _limited(world, watch, 0.5, 1e9)
    body = body_of([nil_day(world)])
    burst = int(0.5 * EMITTER_BURST_SECONDS)
    sent = [await caller.send(body, "r", path=VALIDATE) for _ in range(burst + 1)]
    assert [answer.status_code for answer in sent] == [200] * burst + [429]
    refused = sent[-1]
    problem(refused, 429, "too-many")
    other = await caller.send(small(world, BETA), "r", platform=BETA, path=VALIDATE)
    assert other.status_code == 200
    watch.now += int(refused.headers["retry-after"])
    assert (await caller.send(body, "r", path=VALIDATE)).status_code == 200


async def test_too_many_bytes_wait_as_long_as_told(caller: Caller) -> None:
    world, watch = caller.world, Watch()
    caller = _limited(world, watch, 1e9, 1000.0)
    large = body_of([nil_day(world)]) + b" " * 50_000
    assert (await caller.send(large, "b", path=VALIDATE)).status_code == 200
    refused = await caller.send(body_of([nil_day(world)]), "b", path=VALIDATE)
    problem(refused, 429, "too-many")
    watch.now += int(refused.headers["retry-after"])
    assert (await caller.send(large, "b", path=VALIDATE)).status_code == 200


async def test_nobody_can_use_up_anothers_allowance(caller: Caller) -> None:
    """Bytes count once the signature proved whose they are."""
    world, watch = caller.world, Watch()
    caller = _limited(world, watch, 1, 1e9)
    body = body_of([nil_day(world)])
    for _ in range(20):
        forged = BETA.sign(body, "f")
        assert (await caller.send(body + b" ", "f", token=forged)).status_code == 401
    answer = await caller.send(small(world, BETA), "f", platform=BETA, path=VALIDATE)
    assert answer.status_code == 200


@given(
    st.lists(st.tuples(st.floats(0, 10), st.integers(1, BODY_BYTES_MAX)), min_size=1, max_size=200)
)
def test_what_is_let_in_never_exceeds_the_rate_and_the_wait_is_enough(
    sent: list[tuple[float, int]],
) -> None:
    rates, now, count, size = EmitterRates(10, 1e6), 0.0, 0, 0
    for pause, cost in sent:
        now += pause
        seconds = rates.wait("e", cost, now)
        if seconds > 0:
            # Refused costs nothing: whoever waits as told is let in.
            now += seconds + 1e-6
            assert rates.wait("e", cost, now) == 0
        count, size = count + 1, size + cost
        assert count <= 10 * (now + EMITTER_BURST_SECONDS) + 1
        assert size <= 1e6 * (now + EMITTER_BURST_SECONDS) + BODY_BYTES_MAX


def test_submissions_refused_for_their_bytes_cost_no_requests() -> None:
    rates = EmitterRates(10, 1000)
    assert rates.wait("e", 5000, 0) == 0
    assert all(rates.wait("e", 1, 0) > 0 for _ in range(100))
    # Two seconds later the bytes are there again, and so is the whole burst of requests.
    assert [rates.wait("e", 1, 2) for _ in range(40)] == [0] * 40


async def test_a_door_full_of_bytes_says_so_and_recovers(caller: Caller) -> None:
    world = caller.world
    body = body_of([nil_day(world)])
    flight = InFlight(len(body) + 10)
    caller = Caller(world, create_app(world.door, flight=flight))
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:20]
        arrived.set()
        await go_on.wait()
        yield body[20:]

    headers = {"content-type": "application/cloudevents-batch+json"}
    headers["submission-signature"] = world.alpha.sign(body, "slow")
    transport = _Streaming(caller, slowly(), headers)
    first = asyncio.create_task(transport.send())
    await arrived.wait()
    refused = await caller.send(body, "x", path=VALIDATE)
    problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"]
    go_on.set()
    assert await first == 200
    assert flight.held == 0
    assert (await caller.send(body, "x", path=VALIDATE)).status_code == 200
    assert flight.held == 0


class _Streaming:
    """One ASGI request whose body comes in pieces; httpx would collect them first."""

    def __init__(
        self, caller: Caller, chunks: AsyncIterator[bytes], headers: dict[str, str]
    ) -> None:
        self._caller, self._chunks, self._headers = caller, chunks, headers

    async def send(self) -> int:
        """The status."""
        statuses: list[int] = []

        async def receive() -> dict[str, object]:
            async for chunk in self._chunks:
                return {"type": "http.request", "body": chunk, "more_body": True}
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])  # type: ignore[arg-type]

        raw = [(k.encode(), v.encode()) for k, v in self._headers.items()]
        scope = {
            "type": "http",
            "method": "POST",
            "path": VALIDATE,
            "raw_path": b"",
            "headers": raw,
        }
        scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http"}
        scope |= {"server": ("door", 80), "client": ("c", 1)}
        await self._caller.app(scope, receive, send)  # type: ignore[arg-type]
        return statuses[0]


async def test_whoever_announces_much_and_sends_little_shuts_nobody_out(caller: Caller) -> None:
    """Sixteen connections that announced 4 MiB each, before any signature, filled the door."""
    world = caller.world
    flight = InFlight(BODY_BYTES_MAX)
    caller = Caller(world, create_app(world.door, flight=flight))
    stop = asyncio.Event()

    async def never() -> AsyncIterator[bytes]:
        await stop.wait()
        yield b""

    idle = {"content-type": "application/cloudevents-batch+json", "submission-signature": "x"}
    for announced in ({"content-length": str(BODY_BYTES_MAX)}, {"transfer-encoding": "chunked"}):
        sending = _Streaming(caller, never(), idle | announced)
        task = asyncio.create_task(sending.send())
        await asyncio.sleep(0)
        answer = await caller.send(body_of([nil_day(world)]), "x", path=VALIDATE)
        assert answer.status_code == 200
        stop.set()
        assert await task == 400
        stop.clear()


async def test_the_door_counts_what_it_answered_and_why_it_refused(world: World) -> None:
    intake = FaultyIntake(world.intake)
    metrics = IngestMetrics()
    door = Door(intake, world.registry_keys, world.clock)
    caller = Caller(world, create_app(door, metrics))
    body, other = small(world), small(world)
    await caller.send(body, "one")
    await world.sequence()
    waiting = asyncio.create_task(caller.send(other, "two", wait=20))
    await until(lambda: len(intake.appended) == 2)
    await world.sequence()
    await waiting
    await caller.send(body, "one")
    await caller.send(other, "one")
    await caller.send(b"{", "three")
    await caller.send(b"[]", "three")
    await caller.send(b"[]", "three", path=VALIDATE)
    intake.leaf_error = OSError("away")
    await caller.send(body, "one")
    page = (await caller.http.get("/metrics")).text
    for line in (
        'sijill_ingest_submissions_total{answer="acknowledged"} 1.0',
        'sijill_ingest_submissions_total{answer="sequenced"} 1.0',
        'sijill_ingest_submissions_total{answer="repeat"} 1.0',
        "sijill_ingest_events_total 2.0",
        f"sijill_ingest_bytes_total {float(len(body) + len(other))}",
        'sijill_ingest_refused_total{reason="conflict"} 1.0',
        'sijill_ingest_refused_total{reason="malformed"} 1.0',
        'sijill_ingest_refused_total{reason="schema"} 2.0',
        'sijill_ingest_refused_total{reason="unavailable"} 1.0',
        "sijill_ingest_bytes_in_flight 0.0",
        "sijill_ingest_seconds_count 7.0",
    ):
        assert line in page.splitlines(), page
