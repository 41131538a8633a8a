"""A fault run: real processes under load, broken by a seeded plan; then nothing may be lost.

`make test-fault`, or `python -m tests.fault.storm --help`. Faults come in storms, each with calm
behind it. After every few storms the load stops, everything must work again within half a minute,
and the checker holds log, index and views to what the clients remember.
"""

import argparse
import asyncio
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import msgspec

from deploy.keyfiles import AUTHORITY_FILE, read_key
from events.jose import PrivateKey
from services.checker.history import Answer
from tests.fault.cast import CASTS, DOOR, READERS, Cast, choices
from tests.fault.converging import (
    CONVERGE_SECONDS_MAX,
    assert_equal_views,
    assert_rebuilt_the_same,
    assert_whole,
    converge,
)
from tests.fault.disks import can_mount, mount_apart
from tests.fault.injecting import Missed, injected
from tests.fault.nodes import ROOT
from tests.fault.plan import Fault, Storm, make_plan
from tests.fault.platforms import Pushing, Writer, load, settle_all
from tests.fault.readers import Reader
from tests.fault.remembering import Memory, Sent
from tests.fault.rig import Rig, new_rig
from tests.fault.tally import Tally
from tests.support.plain import PLAIN
from tests.support.world import Platform, body_of

#: Platforms, and submissions that one of them has on their way at once.
_PLATFORMS, _HANDS = 4, 2
#: Faults after which everything is checked.
_ROUND_FAULTS = 25
#: Seconds in which all processes, started at once, must be ready before anything is broken.
_START_SECONDS_MAX = 120.0
#: Seconds that a registration may take to be sequenced.
_REGISTER_SECONDS = 30
#: Receipts asked for once more at the end, at the door and of each query service; so many at once.
_ASKED_AGAIN, _ASKED_AT_ONCE = 300, 4
#: Seconds that a run may take: to begin and to end, and for each fault.
_SECONDS_MAX, _FAULT_SECONDS_MAX = 600, 20
#: Tries to settle what is unknown once nothing is broken any more.
_SETTLE_TRIES = 3

Say = Callable[[str], None]


async def run(
    cast: Cast,
    seed: int,
    faults: int,
    say: Say,
    *,
    disks: bool,
    within: float = CONVERGE_SECONDS_MAX,
) -> Tally:
    """One run; its tally if everything survived, AssertionError with what did not.

    `disks`: fill up disks too, which takes root and a machine that lets it mount. The plan of a
    seed is another one without. `within`: seconds for everything to work again after a round.
    """
    plan = make_plan(seed, faults, choices(cast, disks=disks))
    tally = Tally(seed, cast.log, commit())
    say(f"seed {seed}, commit {tally.commit}, {cast.log} log, {faults} faults")
    say(f"again: {replay(tally, faults)}")
    try:
        async with (
            asyncio.timeout(_SECONDS_MAX + faults * _FAULT_SECONDS_MAX),
            new_rig(cast, disks=disks) as rig,
        ):
            say(f"everything runs in {rig.folder}")
            await _Run(rig, random.Random(seed), tally, say, within).all(plan)
    except BaseException:
        # Its folder stays, with what every process said.
        say(f"FAILED: seed {seed}, commit {tally.commit}; again: {replay(tally, faults)}")
        raise
    return tally


def replay(tally: Tally, faults: int) -> str:
    """The command that runs the same plan again."""
    return f"make test-fault LOG={tally.log} SEED={tally.seed} FAULTS={faults}"


def commit() -> str:
    """The commit under test, `+` if something is changed."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    with suppress(OSError):
        if name := git("rev-parse", "--short", "HEAD"):
            return name + ("+" if git("status", "--porcelain") else "")
    return "unknown"


class _Run:
    def __init__(
        self, rig: Rig, chance: random.Random, tally: Tally, say: Say, within: float
    ) -> None:
        self.rig, self.chance, self.tally, self.say = rig, chance, tally, say
        self.within = within
        self.memory, self.numbers = Memory(), count(1)
        self.platforms = [
            Platform(f"platform-{number}", PrivateKey.generate()) for number in range(_PLATFORMS)
        ]

    async def all(self, plan: Sequence[Storm]) -> None:
        """Every storm, and what must hold after each round of them."""
        self.pushing = Pushing(self.rig.addresses[DOOR.name], self.memory, self.chance)
        try:
            seconds = await converge(self.rig, self.memory, _START_SECONDS_MAX)
            self.say(f"ready after {seconds:.1f} s")
            await self._register()
            for storms in _rounds(plan):
                await self._round(storms)
            await self._end()
        finally:
            await self.pushing.close()

    async def _register(self) -> None:
        authority = Platform("authority", read_key(self.rig.keys / AUTHORITY_FILE).key)
        self.readers = [
            Reader(url, authority.key, self.platforms, self.memory)
            for role in self.rig.cast.roles
            if role.visitors == READERS
            for url in self.rig.addresses[role.name]
        ]
        for platform in self.platforms:
            await self._register_one(authority, platform)

    async def _register_one(self, authority: Platform, platform: Platform) -> None:
        jwk = msgspec.to_builtins(platform.key.jwk)
        data = {"emitter": platform.emitter, "name": platform.emitter, "key": jwk}
        body = body_of([authority.event("platform.registered", data)])
        sent = Sent(authority.emitter, platform.emitter, body)
        # Apart from what the platforms remember: of those alone the history tells all.
        apart = Memory()
        acts = Pushing(self.rig.addresses[DOOR.name], apart, self.chance)
        await acts.push_anew(authority, sent, wait=_REGISTER_SECONDS, patience=60)
        assert sent.identity in apart.receipts, apart

    async def _round(self, storms: Sequence[Storm]) -> None:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for platform in self.platforms:
                for _ in range(_HANDS):
                    own = random.Random(self.chance.random())
                    writer = Writer(platform, self.numbers, own)
                    tasks.create_task(load(writer, self.pushing, self.memory, own, stop))
            for reader in self.readers:
                tasks.create_task(reader.read(random.Random(self.chance.random()), stop))
            try:
                for storm in storms:
                    await self._storm(storm)
            finally:
                stop.set()
        await self._converge()

    async def _storm(self, storm: Storm) -> None:
        async with asyncio.TaskGroup() as tasks:
            for fault in storm.faults:
                tasks.create_task(self._hurt(fault))
        await asyncio.sleep(storm.calm)

    async def _hurt(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        try:
            async with injected(self.rig, fault) as hit:
                self.tally.hit(fault)
                self.say(f"{fault} ({hit})")
                await asyncio.sleep(fault.seconds)
        except Missed:
            self.tally.miss(fault)
            self.say(f"{fault} (nobody there)")

    async def _converge(self) -> None:
        """Within half a minute everything works; then nothing is lost and nothing is unknown."""
        seconds = await converge(self.rig, self.memory, self.within)
        self.tally.converged.append(seconds)
        for _ in range(_SETTLE_TRIES):
            unknown = await settle_all(self.platforms, self.pushing, self.memory)
        # A final read that does not finish is a failure, not a pass.
        assert not unknown, f"still unknown with nothing broken: {unknown}"
        await converge(self.rig, self.memory, self.within)
        report = await assert_whole(self.rig, self.memory)
        await assert_equal_views(self.rig)
        self._nothing_odd()
        answers = ", ".join(f"{number} {told}" for told, number in self.memory.answers.items())
        self.say(f"whole after {seconds:.1f} s: {report.leaves} leaves; {answers}")
        self.tally.figures |= {
            "submissions": {told.value: number for told, number in self.memory.answers.items()},
            "leaves": report.leaves,
            "events": report.events,
        }

    def _nothing_odd(self) -> None:
        assert not self.memory.odd, self.memory.odd
        assert not self.rig.deaths, self.rig.deaths
        assert not (lines := self.rig.odd_lines()), lines

    async def _end(self) -> None:
        """Each receipt once more, and the views once more from leaf 0."""
        await self._ask_again()
        await assert_rebuilt_the_same(self.rig)
        await converge(self.rig, self.memory, self.within)
        self._nothing_odd()

    async def _ask_again(self) -> None:
        """Whatever was acknowledged has a receipt now; those given before are the same bytes."""
        acked = list(self.memory.acked.values())
        asked = iter(self.chance.sample(acked, min(len(acked), _ASKED_AGAIN)))
        async with httpx.AsyncClient(verify=PLAIN) as http, asyncio.TaskGroup() as tasks:
            for _ in range(_ASKED_AT_ONCE):
                tasks.create_task(self._ask_each(http, asked))

    async def _ask_each(self, http: httpx.AsyncClient, asked: Iterator[Sent]) -> None:
        by_name = {platform.emitter: platform for platform in self.platforms}
        for sent in asked:
            told = await self.pushing.push(by_name[sent.emitter], sent)
            assert told is Answer.ACKED, sent
            assert sent.identity in self.memory.receipts, sent
            for reader in self.readers:
                assert await reader.ask_receipt(http, sent.identity), sent


def _rounds(plan: Sequence[Storm]) -> Iterator[list[Storm]]:
    """Storms in rounds of some faults each."""
    storms: list[Storm] = []
    for storm in plan:
        storms.append(storm)
        if sum(len(one.faults) for one in storms) >= _ROUND_FAULTS:
            yield storms
            storms = []
    if storms:
        yield storms


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.fault.storm", description=__doc__)
    parser.add_argument("--log", choices=sorted(CASTS), action="append")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument(
        "--within",
        type=float,
        default=CONVERGE_SECONDS_MAX,
        help="seconds to recover; more where others use the machine (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fault")
    asked = parser.parse_args()
    # As Ctrl-C: the run ends what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    mount_apart()
    if not (disks := can_mount()):
        _say("no disk is filled up: that takes root, and a machine that lets it mount")
    for log in asked.log or sorted(CASTS):
        tally = asyncio.run(
            run(CASTS[log], asked.seed, asked.faults, _say, disks=disks, within=asked.within)
        )
        tally.write(asked.out)
        _say(f"survived; the table is {asked.out / f'{log}-{asked.seed}.md'}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
