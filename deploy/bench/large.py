"""Rows over one registry that grows large: what a fold costs then, and how long answers take.

The month's events are spread over 24 months here, so that a series over all of them can be asked.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.bench.http import Client
from deploy.bench.loads import quantile, steadily
from deploy.bench.measure import Measure
from deploy.bench.plan import Plan
from deploy.bench.registry import READERS, Registry, registry
from deploy.bench.workload import DAYS, EVENTS_A_SUBMISSION, Signed, Workload
from deploy.keyfiles import AUTHORITY_FILE, read_key
from events.access import Role, sign_access
from events.clock import file_clock
from services.projections.generation import schema_of

LAST_DAY, DAYS_APART = DAYS - 1, 24
REQUESTS_PER_SECOND, ARRIVALS_PER_SECOND = 50, 5_000
#: Milliseconds within which 99 of 100 requests of a kind are answered.
BARS = {"now": 20.0, "as of a date": 20.0, "as of a position": 2_000.0, "24 months": 50.0}
#: Requests at once by which a reader's connections come to know a question.
_WARMED = 5
#: The view schema of a registry that was never rebuilt.
_VIEWS = schema_of(1)


async def rows(plan: Plan) -> AsyncIterator[Measure]:
    """`query` and `cost`, at the sizes of the plan."""
    workload = Workload(plan.sizes.large // EVENTS_A_SUBMISSION, days_apart=DAYS_APART)
    waiting = workload.submissions()
    async with registry(workload, plan.say, kafka=plan.kafka) as made:
        await made.start("project")
        await _fill(plan, made, waiting, plan.sizes.large // 10)
        small = await _fold_cost(plan, made, waiting)
        await _fill(plan, made, waiting, plan.sizes.asked)
        if plan.wants("query"):
            for measure in await _queries(plan, made, workload):
                yield measure
        if plan.wants("cost"):
            await _fill(plan, made, waiting, plan.sizes.large - 2 * plan.sizes.probe)
            large = await _fold_cost(plan, made, waiting)
            sizes = f"{plan.sizes.large:,} events stored against {plan.sizes.large // 10:,}"
            yield Measure("cost fold", large / small, "times", 1.3, sizes, less=True)
            yield await _bytes(made)
        await _compare(made, workload)


async def _fill(plan: Plan, made: Registry, waiting: Iterator[Signed], events: int) -> None:
    """Push and fold until the views hold about so many events."""
    while (held := (made.leaves_expected - 2) * EVENTS_A_SUBMISSION) < events:
        plan.say(f"filling: {held:,} of {events:,} events")
        chunk = min(500, (events - held) // EVENTS_A_SUBMISSION + 1)
        await made.push_all(list(itertools.islice(waiting, chunk)))
    await made.until_folded(made.leaves_expected)


async def _fold_cost(plan: Plan, made: Registry, waiting: Iterator[Signed]) -> float:
    """Seconds an event that folding a backlog takes now.

    Behind a checkpoint each page is written whole when it is first touched. How far back the last
    one lies would be luck: both sizes begin with one, and half of what follows is not timed.
    """
    await made.stop("project")
    chunk = list(itertools.islice(waiting, 2 * plan.sizes.probe // EVENTS_A_SUBMISSION))
    await made.push_all(chunk)
    await made.until_sequenced(made.leaves_expected)
    await made.checkpoint()
    async with made.database() as connection:
        await made.start("project")
        await made.until_folded(made.leaves_expected - len(chunk) // 2)
        begins: int = await connection.fetchval(f"SELECT next_leaf FROM {_VIEWS}.cursor")
        began = time.perf_counter()
        await made.until_folded(made.leaves_expected)
    return (time.perf_counter() - began) / ((made.leaves_expected - begins) * EVENTS_A_SUBMISSION)


# --- asking while events arrive ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    kind: str
    name: str
    path: str


async def _queries(plan: Plan, made: Registry, workload: Workload) -> list[Measure]:
    await made.vacuum()
    await made.start(*READERS)
    made.set_day(LAST_DAY)
    headers = {"authorization": f"Bearer {await _inspector(made)}"}
    asked = await _questions(made, workload)
    # The day that runs has begun: the first answer after midnight is one of a day's.
    await made.push_all([workload.batch(LAST_DAY, EVENTS_A_SUBMISSION)])
    await made.until_folded(made.leaves_expected)
    for name in READERS:
        await _warm(made.port_of(name), asked, headers)
    seconds = plan.sizes.steady
    arrivals = [
        workload.batch(LAST_DAY, EVENTS_A_SUBMISSION)
        for _ in range(ARRIVALS_PER_SECOND * seconds // EVENTS_A_SUBMISSION)
    ]
    per_second = ARRIVALS_PER_SECOND / EVENTS_A_SUBMISSION
    meter = made.meter()
    delays, _ = await asyncio.gather(
        _ask_steadily(made, asked, headers, seconds * REQUESTS_PER_SECOND),
        steadily(made.port_of("door"), arrivals, per_second, made.push),
    )
    cores = meter.cores()
    await made.until_folded(made.leaves_expected)
    found = []
    for kind, bar in BARS.items():
        each = {one.name: 1_000 * quantile(delays[one], 0.99) for one in asked if one.kind == kind}
        ran = f"{plan.sizes.asked:,} events held, {ARRIVALS_PER_SECOND:,} arriving a second"
        name, slowest = f"query {kind}", max(each.values())
        found.append(Measure(name, slowest, "ms p99", bar, ran, less=True, peers=each, cores=cores))
    return found


async def _questions(made: Registry, workload: Workload) -> list[_Asked]:
    platform, worker = workload.someone
    async with made.database() as connection:
        position = await connection.fetchval(f"SELECT next_leaf / 2 FROM {_VIEWS}.cursor")
    first, last = workload.day_of(0), workload.day_of(LAST_DAY)
    # Each has its question mark, so that a cut can follow.
    dated = {
        "sectors": "/v1/sectors?by=month",
        "platforms": "/v1/platforms?",
        "platform": f"/v1/platforms/{platform}?by=month",
        "worker": f"/v1/platforms/{platform}/workers/{worker}?",
        "tasks": f"/v1/tasks?platform={platform}&worker={worker}&limit=100",
    }
    undated = {
        "report": f"/v1/emitters/{platform}/submissions/s5",
        "event": "/v1/events/1000",
        "registry": "/v1/registry",
    }
    sector = f"/v1/sectors?by=month&task_group=ai-training&from={first}&to={last}"
    cuts = {"as of a date": workload.day_of(DAYS // 2), "as of a position": position}
    return [
        *(_Asked("now", name, path) for name, path in (dated | undated).items()),
        *(
            _Asked(kind, name, f"{path}&as_of={cut}")
            for kind, cut in cuts.items()
            for name, path in dated.items()
        ),
        _Asked("24 months", "sector", sector),
    ]


async def _warm(port: int, asked: Sequence[_Asked], headers: Mapping[str, str]) -> None:
    """Each question on several connections: a reader is started once, and asked for weeks."""
    async with Client(port) as client:
        for one in asked:
            await asyncio.gather(*(client.get(one.path, headers) for _ in range(_WARMED)))


async def _ask_steadily(
    made: Registry, asked: list[_Asked], headers: Mapping[str, str], count: int
) -> dict[_Asked, list[float]]:
    delays: dict[_Asked, list[float]] = {one: [] for one in asked}

    async def ask(client: Client, one: _Asked, due: float) -> None:
        answer = await client.get(one.path, headers)
        if answer.status != 200:
            raise RuntimeError(f"{one.path}: {answer.status} {answer.body.decode()[:300]}")
        delays[one].append(time.perf_counter() - due)

    async with Client(made.port_of("reader")) as client, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number, one in zip(range(count), itertools.cycle(asked), strict=False):
            due = began + number / REQUESTS_PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(ask(client, one, due))
    return delays


async def _inspector(made: Registry) -> str:
    signer = read_key(made.folder.keys / AUTHORITY_FILE)
    async with Client(made.port_of("reader")) as client:
        described = (await client.get("/v1/registry", {})).json()
    return sign_access(
        signer.key,
        emitter=signer.emitter,
        registry=described["identity"],
        at=file_clock(made.clock_file)(),
        role=Role.INSPECTOR,
        subject="bench",
    )


# --- what is stored ---------------------------------------------------------------------------


async def _bytes(made: Registry) -> Measure:
    """All that an event takes on disk but its body: log, index, facts, sums, their indexes."""
    query = f"""
        SELECT (pg_database_size(current_database())
                - (SELECT coalesce(sum(octet_length(body)), 0) FROM log.intake))::float
               / (SELECT sum(events) FROM {_VIEWS}.submission)
    """
    async with made.database() as connection:
        value = float(await connection.fetchval(query))
    return Measure("cost bytes", value, "bytes/event", 250, "without the body", less=True)


async def _compare(made: Registry, workload: Workload) -> None:
    """Both grains show what the generator made, or no figure counts."""
    wanted = workload.totals
    for grain in ("worker", "platform"):
        query = f"""
            SELECT sum(w.completed), sum(w.worked_seconds), sum(w.earned),
                   (SELECT sum(gross) FROM {_VIEWS}.pay_by_{grain})
            FROM {_VIEWS}.work_by_{grain} AS w
        """
        async with made.database() as connection:
            row = await connection.fetchrow(query)
        assert row is not None
        found = tuple(int(value) for value in row)
        if found != (wanted.worked, wanted.worked_seconds, wanted.earned, wanted.paid):
            raise RuntimeError(f"the sums by {grain} are {found}, and {wanted} was sent")
