"""Faults of a plan done to a rig, and undone."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.fault.cast import BROKERS, link
from tests.fault.nodes import Node, Service
from tests.fault.plan import LINK_KINDS, Fault, Kind
from tests.fault.proxy import Down, Latency, LimitData, ResetPeer, Side, Slicer, Timeout, Toxic
from tests.fault.rig import Rig
from tests.support.plain import PLAIN

#: Seconds between the moments that a wrong clock shows.
_TICK_SECONDS = 0.05
#: Seconds for which somebody is looked for who fits, and between two looks.
_FIND_SECONDS, _LOOK_SECONDS = 4.0, 0.1
#: Seconds by which bytes come later, at most; bytes of a slice; bytes after which a link is cut.
_DELAY_SECONDS_MAX, _SLICE_BYTES_MAX, _LIMIT_BYTES_MAX = 1.5, 200, 3_000


class Missed(Exception):
    """Nobody was there to be hurt, such as a leader while nobody leads."""


@asynccontextmanager
async def injected(rig: Rig, fault: Fault) -> AsyncIterator[str]:
    """Whom it hit; undone at the end. Raises `Missed`."""
    if fault.kind in LINK_KINDS:
        hurting = _hurt_link(rig, fault)
    elif fault.kind is Kind.FULL:
        hurting = _full_disk(rig, fault)
    elif fault.kind in (Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND):
        hurting = _wrong_clock(rig, fault)
    else:
        hurting = _hurt_nodes(rig, fault)
    async with hurting as hit:
        yield hit


# --- whom -----------------------------------------------------------------------------------


async def _targets(rig: Rig, fault: Fault) -> list[Node]:
    """The nodes that a target's name means now."""
    brokers = [node for name, node in rig.nodes.items() if name.startswith("broker-")]
    if fault.target == "all brokers":
        return brokers
    if fault.target == "one broker":
        return [_picked(brokers, fault.pick)]
    if fault.target in rig.databases:
        return [rig.databases[fault.target]]
    return [await _of_role(rig, fault.target, fault.pick)]


async def _of_role(rig: Rig, part: str, pick: float) -> Node:
    """One of the processes that a part of the cast names: `sequencer, leading`."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + _FIND_SECONDS
    while not (found := await _whole(rig, part)):
        # After a fault nobody leads for a moment.
        if clock() > deadline:
            raise Missed(part)
        await asyncio.sleep(_LOOK_SECONDS)
    return _picked(found, pick)


async def _whole(rig: Rig, part: str) -> list[Service]:
    """All of them that nothing else hurts."""
    role, _, state = part.partition(", ")
    whole = [service for service in rig.services[role] if not rig.hurt[service.name]]
    if state:
        async with httpx.AsyncClient(verify=PLAIN) as http:
            said = [await service.health(http) for service in whole]
        leads = state == "leading"
        whole = [
            service
            for service, one in zip(whole, said, strict=True)
            if bool(one.get("leading")) is leads
        ]
    return whole


def _picked(nodes: Sequence[Node], pick: float) -> Node:
    return nodes[int(pick * len(nodes))]


# --- processes ------------------------------------------------------------------------------


@asynccontextmanager
async def _hurt_nodes(rig: Rig, fault: Fault) -> AsyncIterator[str]:
    nodes = await _targets(rig, fault)
    names = {node.name for node in nodes}
    rig.hurt.update(names)
    try:
        if fault.kind is Kind.KILL:
            await asyncio.gather(*(node.kill() for node in nodes))
        for node in nodes if fault.kind is Kind.FREEZE else ():
            node.freeze()
        yield ", ".join(sorted(names))
    finally:
        for node in nodes:
            node.start() if fault.kind is Kind.KILL else node.thaw()
        rig.hurt.subtract(names)


# --- links ----------------------------------------------------------------------------------


@asynccontextmanager
async def _hurt_link(rig: Rig, fault: Fault) -> AsyncIterator[str]:
    name = await _link_of(rig, fault)
    await rig.links.hurt(name, _toxic(fault))
    try:
        yield name
    finally:
        await rig.links.heal(name)


async def _link_of(rig: Rig, fault: Fault) -> str:
    one, _, other = fault.target.rpartition(" to ")
    if one in rig.services or "," in one:
        return link((await _of_role(rig, one, fault.pick)).name, other)
    if other in rig.services:
        return link(one, (await _of_role(rig, other, fault.pick)).name)
    return link(BROKERS, BROKERS)


def _toxic(fault: Fault) -> Toxic:
    amount = fault.pick
    return {
        Kind.CUT: Down(),
        Kind.RESET: ResetPeer(),
        Kind.DELAY: Latency(amount * _DELAY_SECONDS_MAX, amount * _DELAY_SECONDS_MAX / 2),
        Kind.SLICE: Slicer(1 + int(amount * _SLICE_BYTES_MAX), 0.005),
        Kind.TEAR_REQUEST: LimitData(int(amount * _LIMIT_BYTES_MAX), side=Side.UP),
        Kind.TEAR_ANSWER: LimitData(int(amount * _LIMIT_BYTES_MAX), side=Side.DOWN),
        Kind.LOSE_REQUEST: Timeout(side=Side.UP),
        Kind.LOSE_ANSWER: Timeout(side=Side.DOWN),
    }[fault.kind]


# --- clocks and disks -----------------------------------------------------------------------


@asynccontextmanager
async def _wrong_clock(rig: Rig, fault: Fault) -> AsyncIterator[str]:
    (node,) = await _targets(rig, fault)
    hours = 1 if fault.kind is Kind.CLOCK_AHEAD else -1
    clock = rig.clock_of(node.name)
    ticking = asyncio.create_task(_tick(clock, timedelta(hours=hours)))
    try:
        yield node.name
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        _write(clock, "system")


async def _tick(clock: Path, off: timedelta) -> None:
    while True:
        _write(clock, (datetime.now(UTC) + off).isoformat())
        await asyncio.sleep(_TICK_SECONDS)


def _write(clock: Path, text: str) -> None:
    """At once: nobody may read half a time."""
    staged = clock.with_suffix(".new")
    staged.write_text(text)
    os.replace(staged, clock)


@asynccontextmanager
async def _full_disk(rig: Rig, fault: Fault) -> AsyncIterator[str]:
    (node,) = await _targets(rig, fault)
    rig.filled.add(node.name)
    rig.hurt[node.name] += 1
    rig.disks[node.name].fill()
    try:
        yield node.name
    finally:
        rig.disks[node.name].free()
        node.start()
        rig.hurt[node.name] -= 1
