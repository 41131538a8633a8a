"""Rows over a ledger: a month of pay posted, pulled, and posted again after late events."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from datetime import time as day_time
from itertools import groupby, islice

import msgspec

from deploy.acts import Act, send_acts
from deploy.asking import Asking, asking
from deploy.assessing import Mark
from deploy.bench.contributions import (
    DAYS,
    FIRST_DAY,
    PERIOD,
    SCHEME,
    in_parts,
    rates,
    worker_months,
)
from deploy.bench.measure import Measure
from deploy.bench.peers.payroll import Row
from deploy.bench.plan import Plan
from deploy.bench.registry import Registry, registry
from deploy.bench.workload import EVENTS_A_SUBMISSION, PLATFORMS, Signed, Workload
from deploy.cli.readers import check_stores
from deploy.demo.story import moment_of, set_clock
from deploy.keyfiles import AUTHORITY_FILE, REGISTRY_GLOB, read_key
from deploy.ports import HOST
from deploy.posting import Poster, Round, open_poster, sending
from events.clock import file_clock
from events.jose import PrivateKey
from events.money import from_micros
from events.token import sign_submission
from policies import country_folder
from policies.bundle import Bundle
from policies.loader import read_folder

#: One in so many workers is paid late once more before it is posted again.
_LATE_EACH = 100
_AFTER = FIRST_DAY.replace(day=DAYS)


async def rows(plan: Plan) -> AsyncIterator[Measure]:
    """The rows that were asked for, over one registry."""
    count = plan.sizes.worker_months
    workload = Workload(0)
    async with registry(workload, plan.say, kafka=plan.kafka) as made:
        await _prepare(made, count)
        async with _poster(made) as poster:
            post, mark, lines = await _post(plan, made, poster)
            if plan.wants("post"):
                yield post
            if plan.wants("pull"):
                yield await _pull(made)
            if plan.wants("repost"):
                yield await _repost(plan, made, poster, mark, lines / post.value)
        if lines <= plan.check_events_max:
            await _check(made)


async def _check(made: Registry) -> None:
    report = await asyncio.to_thread(check_stores, made.servers.stores)
    if not report.clean:
        raise RuntimeError("the checker found a difference: no figure counts")


def _cells(count: int) -> Iterator[list[Row]]:
    """So many months of one worker on one platform each."""
    found = (
        list(rows)
        for month in worker_months(count)
        for _, rows in groupby(month, key=lambda row: row[:2])
    )
    return islice(found, count)


# --- the registry before it posts ---------------------------------------------------------------


async def _prepare(made: Registry, count: int) -> None:
    """Policy, rates and all payments of the month, folded."""
    set_clock(made.clock_file, moment_of(_AFTER))
    authority, clock = read_key(made.folder.keys / AUTHORITY_FILE), file_clock(made.clock_file)
    acts = [_policy_act(), _fund_act(), *_rate_acts()]
    await asyncio.to_thread(send_acts, acts, authority, _url(made, "door"), clock)
    made.leaves_expected += 1
    await made.start("project", "query")
    paid = 0
    for part, months in enumerate(in_parts(_cells(count))):
        rows = [row for month in months for row in month]
        await _pay(made, rows, f"p{part}-")
        paid += len(rows)
    made.say(f"ledger: {count:,} worker-months, {paid:,} payments")
    await made.vacuum()


def _policy_act() -> Act:
    files = read_folder(country_folder("ma"))
    digest = Bundle.from_files("MA", files).digest
    return Act("policy.adopted", {"country": "MA", "digest": digest, "files": dict(files)})


def _fund_act() -> Act:
    jwk = msgspec.to_builtins(PrivateKey.generate().jwk)
    return Act(
        "fund.registered", {"emitter": "fund", "name": "Fund", "schemes": [SCHEME], "key": jwk}
    )


def _rate_acts() -> Iterator[Act]:
    for one in rates()["USD"]:
        if one.day <= _AFTER:
            said = {"base": "USD", "quote": "MAD", "day": one.day.isoformat()}
            yield Act("rate.published", {**said, "rate": str(one.rate), "source": "invented"})


async def _pay(made: Registry, paid: list[Row], kind: str) -> None:
    """Push payments as their platforms do, and wait until they are folded."""
    leaves = await made.sequenced()
    signed = [one for name in PLATFORMS for one in _signed(made.workload, name, paid, kind)]
    await made.push_all(signed)
    await made.until_sequenced(leaves + len(signed))
    await made.until_folded(leaves + len(signed))


def _signed(workload: Workload, name: str, paid: list[Row], kind: str) -> Iterator[Signed]:
    at = int(moment_of(_AFTER).timestamp())
    mine = [row for row in paid if row[0] == name]
    for first in range(0, len(mine), EVENTS_A_SUBMISSION):
        part = enumerate(mine[first : first + EVENTS_A_SUBMISSION], first)
        events = [_payment(row, f"{kind}{place}") for place, row in part]
        body, key = msgspec.json.encode(events), workload.keys[name]
        id_ = f"{kind}-{first}"
        token = sign_submission(key, emitter=name, submission=id_, at=at, body=body)
        yield Signed(0, name, id_, len(events), body, token)


def _payment(row: Row, id_: str) -> dict[str, object]:
    platform, worker, day, currency, residence, gross = row
    at = datetime.combine(day, day_time(9), UTC).isoformat()
    said = {"worker": worker, "gross": from_micros(gross), "currency": currency, "paid_at": at}
    return {
        "id": id_,
        "source": f"/emitters/{platform}",
        "specversion": "1.0",
        "type": "payment.made.v1",
        "time": at,
        "data": {**said, "residence": residence},
    }


def _url(made: Registry, process: str) -> str:
    return f"http://{HOST}:{made.port_of(process)}"


def _poster(made: Registry) -> AbstractAsyncContextManager[Poster]:
    signer = read_key(next(made.folder.keys.glob(REGISTRY_GLOB)))
    door, clock = _url(made, "door"), file_clock(made.clock_file)
    return open_poster(made.servers.stores, "MA", sending(signer, door, clock))


# --- the rows -----------------------------------------------------------------------------------


async def _round(poster: Poster, mark: Mark | None = None) -> Round:
    found = await poster.post(lambda line: None, mark)
    if found.mark is None or found.waiting or not found.lines:
        raise RuntimeError(f"the poster did not finish: {found}")
    return found


async def _post(plan: Plan, made: Registry, poster: Poster) -> tuple[Measure, Mark, int]:
    """Assessed, signed, through the log and folded: what a fund can pull when it ends."""
    meter, began = made.meter(), time.perf_counter()
    found = await _round(poster)
    took, cores = time.perf_counter() - began, meter.cores()
    plan.say(f"post: {found.postings:,} worker-months, {found.lines:,} lines in {took:.1f} s")
    assert found.mark is not None
    ran = f"door, sequencer, projection; {found.lines / found.postings:.0f} lines a worker-month"
    measure = Measure("post", found.lines / took, "lines/s", 20_000, ran, cores=cores)
    return measure, found.mark, found.lines


async def _pull(made: Registry) -> Measure:
    """The month as NDJSON over HTTP, whole, held to the statement's digest."""
    authority = read_key(made.folder.keys / AUTHORITY_FILE)
    with asking(_url(made, "query"), authority) as api:
        meter = made.meter()
        lines, took, digest = await asyncio.to_thread(_stream, api)
        cores = meter.cores()
        path = f"/v1/funds/{SCHEME}/statements/{PERIOD}"
        statement = (await asyncio.to_thread(api.document, path))["statement"]
    if (lines, digest) != (statement["entries"], statement["entries_sha256"]):
        raise RuntimeError("what was pulled is not what the statement says")
    return Measure("pull", lines / took, "lines/s", 100_000, "query API", cores=cores)


def _stream(api: Asking) -> tuple[int, float, str]:
    lines, digest, began = 0, hashlib.sha256(), time.perf_counter()
    with api.stream(f"/v1/funds/{SCHEME}/entries.ndjson", period=PERIOD) as answer:
        for chunk in answer.iter_raw():
            lines += chunk.count(b"\n")
            digest.update(chunk)
    return lines, time.perf_counter() - began, f"sha256:{digest.hexdigest()}"


async def _repost(plan: Plan, made: Registry, poster: Poster, mark: Mark, first: float) -> Measure:
    """One in a hundred workers was paid once more. `first`: seconds of the first posting."""
    late = islice(_cells(plan.sizes.worker_months), 0, None, _LATE_EACH)
    await _pay(made, [month[-1] for month in late], "late")
    meter, began = made.meter(), time.perf_counter()
    found = await _round(poster, mark)
    took, cores = time.perf_counter() - began, meter.cores()
    plan.say(
        f"repost: {found.postings:,} worker-months in {took:.2f} s, the first in {first:.1f} s"
    )
    ran = f"door, sequencer, projection; {_LATE_EACH} times fewer worker-months"
    return Measure("repost", 100 * took / first, "% of post", 3, ran, less=True, cores=cores)
