"""Rows over one registry that takes a month's events: pushed, folded, rebuilt, kept up with."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from itertools import islice

from deploy.bench import beside
from deploy.bench.loads import Watch, quantile, steadily, visible_within
from deploy.bench.measure import Measure
from deploy.bench.plan import Plan
from deploy.bench.registry import Registry, registry
from deploy.bench.workload import DAYS, EVENTS_A_SUBMISSION, Signed, Workload
from deploy.cli.readers import check_stores
from services.projections.generation import active_generation

LAST_DAY = DAYS - 1
#: One-event submissions a second.
SINGLES_PER_SECOND = 1_500
#: Rates that `sustained` tries, from the highest down, in events a second; and its promise.
RATES = (45_000, 40_000, 35_000, 30_000, 25_000, 20_000, 15_000, 10_000, 5_000)
VISIBLE_SECONDS, VISIBLE_SHARE = 2.0, 0.99
FRESH_RATE = 10_000


async def rows(plan: Plan) -> AsyncIterator[Measure]:
    """The rows that were asked for, in an order in which each finds what it needs."""
    workload = Workload(plan.sizes.month // EVENTS_A_SUBMISSION)
    plan.say(f"signing {plan.sizes.month:,} events")
    signed = list(workload.submissions())
    size = sum(len(one.body) for one in signed) / plan.sizes.month
    plan.say(f"mean size of an event: {size:.0f} bytes")
    async with registry(workload, plan.say, kafka=plan.kafka) as made:
        yield await _ingest(plan, made, signed)
        if plan.wants("ingest-single"):
            for measure in await _singles(plan, made, workload):
                yield measure
        folds = 0.0
        if plan.wants("fold", "rebuild", "sustained", "fresh", "memory"):
            fold = await _fold(plan, made, signed)
            folds = fold.value
            yield fold
            await _check(plan, made)
        if plan.wants("rebuild"):
            yield await _rebuild(made, folds)
        if plan.wants("sustained"):
            yield await _sustained(plan, made, workload, folds)
        if plan.wants("fresh"):
            yield await _fresh(plan, made, workload)
        await _check(plan, made)
        made.note_peaks()
        yield _memory(made)


async def _check(plan: Plan, made: Registry) -> None:
    if made.workload.totals.events > plan.check_events_max:
        return
    report = await asyncio.to_thread(check_stores, made.servers.stores)
    if not report.clean:
        raise RuntimeError("the checker found a difference: no figure counts")


async def _ingest(plan: Plan, made: Registry, signed: Sequence[Signed]) -> Measure:
    """As fast as the door acknowledges, the sequencer on, the projection off."""
    before = await made.sequenced()
    meter, began = made.meter(), time.perf_counter()
    await made.push_all(signed)
    took, cores = time.perf_counter() - began, meter.cores()
    await made.until_sequenced(before + len(signed))
    asked = plan.wants("ingest")
    return Measure(
        "ingest",
        sum(one.events for one in signed) / took,
        "events/s",
        150_000,
        "door, sequencer; projection off",
        ratio=4,
        peers=await beside.ingest_peers(made, signed) if asked else {},
        limits=await beside.ingest_limits(made, signed) if asked else {},
        cores=cores,
    )


async def _singles(plan: Plan, made: Registry, workload: Workload) -> list[Measure]:
    """Half the time for acknowledgements, half for receipts."""
    found = []
    for status, wait, bar in ((202, 0, 8.0), (201, 10, 25.0)):
        count = SINGLES_PER_SECOND * plan.sizes.steady // 4
        signed = [workload.batch(LAST_DAY, 1) for _ in range(count)]
        made.set_day(LAST_DAY)
        meter = made.meter()
        send = partial(made.push, wait=wait)
        pace = await steadily(made.port_of("door"), signed, SINGLES_PER_SECOND, send)
        cores = meter.cores()
        await made.until_sequenced(made.leaves_expected)
        plain = await beside.single_peer(made, signed, SINGLES_PER_SECOND)
        ran = f"door, sequencer; {SINGLES_PER_SECOND:,} submissions/s of one event"
        name, median = f"ingest-single {status}", pace.quantile_ms(0.5)
        peers = {"plain": plain}
        found.append(Measure(name, median, "ms p50", bar, ran, less=True, peers=peers, cores=cores))
    return found


async def _fold(plan: Plan, made: Registry, signed: Sequence[Signed]) -> Measure:
    """From leaves to views in the process that always does it, the backlog of a month before it."""
    leaves = await made.sequenced()
    await made.start("project")
    # Its start is not part of its speed.
    await made.until_folded(1)
    async with made.database() as connection:
        begun = await connection.fetchval("SELECT next_leaf FROM view_1.cursor")
        meter, began = made.meter(), time.perf_counter()
        await made.until_folded(leaves)
        took, cores = time.perf_counter() - began, meter.cores()
        events = await connection.fetchval(
            "SELECT sum(events) FROM view_1.submission WHERE leaf_index >= $1", begun
        )
    asked = plan.wants("fold")
    return Measure(
        "fold",
        float(events) / took,
        "events/s",
        50_000,
        "projection; door and sequencer idle",
        ratio=10,
        peers=await beside.fold_peers(made, signed) if asked else {},
        limits=await beside.fold_limits(made, signed) if asked else {},
        cores=cores,
    )


async def _rebuild(made: Registry, folds: float) -> Measure:
    """The command, as an operator runs it, comparison and switch included."""
    made.folder.say_running("", made.servers.settings)
    meter, began = made.meter(), time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "deploy.cli.main", "rebuild", "--data", str(made.folder.path)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait() != 0:
        raise RuntimeError("the rebuild failed")
    took, cores = time.perf_counter() - began, meter.cores()
    made.folder.say_stopped()
    value = made.workload.totals.events / took
    ran, peers = "all idle; compared", {"the fold": folds}
    return Measure("rebuild", value, "events/s", 80_000, ran, ratio=1.5, peers=peers, cores=cores)


async def _sustained(plan: Plan, made: Registry, workload: Workload, folds: float) -> Measure:
    """The highest rate at which nearly all is visible in time: tried shortly, then at length.

    What is beyond the speed of the fold alone is not tried.
    """
    cores: dict[str, float] = {}
    for rate in (rate for rate in RATES if rate < folds):
        short = await _visible(plan, made, workload, rate, plan.sizes.trial)
        if short < VISIBLE_SHARE:
            continue
        meter = made.meter()
        if await _visible(plan, made, workload, rate, plan.sizes.steady) >= VISIBLE_SHARE:
            cores = meter.cores()
            break
    else:
        rate = 0
    ran = f"door, sequencer, projection for {plan.sizes.steady} s"
    return Measure("sustained", rate, "events/s", 25_000, ran, cores=cores)


async def _visible(
    plan: Plan, made: Registry, workload: Workload, rate: int, seconds: int
) -> float:
    lags = await _lags(made, workload, rate, seconds)
    share = visible_within(lags, VISIBLE_SECONDS)
    plan.say(f"sustained: {rate:,} events/s for {seconds} s, {share:.1%} visible in time")
    return share


async def _lags(
    made: Registry, workload: Workload, rate: int, seconds: int
) -> list[tuple[float, int]]:
    """What a steady rate meets. The backlog that it leaves is folded before this returns."""
    count = rate * seconds // EVENTS_A_SUBMISSION
    signed = list(islice(_batches(workload), count))
    async with made.database() as connection:
        generation = await active_generation(connection)
    assert generation is not None
    async with Watch(made, generation) as watch:
        per_second = rate / EVENTS_A_SUBMISSION
        pace = await steadily(made.port_of("door"), signed, per_second, made.push)
        await made.until_sequenced(made.leaves_expected)
        await made.until_folded(made.leaves_expected, generation)
    return await watch.lags(pace)


def _batches(workload: Workload) -> Iterator[Signed]:
    while True:
        yield workload.batch(LAST_DAY, EVENTS_A_SUBMISSION)


async def _fresh(plan: Plan, made: Registry, workload: Workload) -> Measure:
    meter = made.meter()
    lags = await _lags(made, workload, FRESH_RATE, plan.sizes.trial)
    value = quantile([lag for lag, _ in lags], 0.99)
    ran = f"door, sequencer, projection at {FRESH_RATE:,} events/s"
    return Measure("fresh", value, "s p99", 1.0, ran, less=True, cores=meter.cores())


def _memory(made: Registry) -> Measure:
    """The most that one process of ours ever held, in MB of 10^6 bytes."""
    name, peak = max(made.peaks.items(), key=lambda item: item[1])
    return Measure("memory", peak / 1e6, "MB", 500, f"the largest: {name}", less=True)
