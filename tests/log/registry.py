"""A registry over any log, step by step: its keys, its signed submissions, its sequencers."""

import hashlib
from itertools import count
from typing import Any

import msgspec

from deploy.establish import establishment
from events.jose import PrivateKey
from events.keys import AUTHORITY
from events.leaf import utc_text
from events.log.protocol import Arrival, Intake, Place, SequencerLog
from services.sequencer.sequencer import Sequencer
from tests.support.world import TIME_ZONE, Platform, SetClock, body_of


class Registry:
    """Writes into an intake as the door does, and lets sequencers of a log judge it."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.clock = SetClock()
        self.authority = Platform(AUTHORITY, PrivateKey.generate())
        self.registry_key = PrivateKey.generate()
        self._numbers = count(1)

    def establishment(self) -> Arrival:
        """The first submission."""
        return establishment(
            self.authority.key,
            self.registry_key,
            name="Test authority",
            country="MA",
            zone=TIME_ZONE,
            at=self.clock(),
        )

    def registered(self, *platforms: Platform) -> Arrival:
        """The act that lets them speak."""
        return self.said(
            self.authority,
            *(
                self.authority.event(
                    "platform.registered",
                    {"emitter": one.emitter, "name": one.emitter.title(), "key": public(one)},
                )
                for one in platforms
            ),
        )

    def act(self, type_: str, data: dict[str, Any]) -> Arrival:
        """One act of the authority."""
        return self.said(self.authority, self.authority.event(type_, data))

    def said(self, who: Platform, *events: dict[str, Any], submission: str = "") -> Arrival:
        """A signed submission; by default of one day without work."""
        name = submission or f"s{next(self._numbers)}"
        said = events or (who.event("day.nil", {"day": "2026-03-03"}),)
        body = body_of(said)
        digest, token = hashlib.sha256(body).digest(), who.sign(body, name)
        return Arrival(who.emitter, name, digest, token, len(said), utc_text(self.clock()), body)

    async def append(self, *arrivals: Arrival) -> list[Place]:
        """Lay them into the intake, one after another."""
        return [await self.intake.append(one, anyway=True) for one in arrivals]

    def sequencer(self, log: SequencerLog) -> Sequencer:
        """A sequencer over any of the log's writing sides."""
        return Sequencer(log, self.clock)

    async def establish(self, log: SequencerLog, *platforms: Platform) -> Sequencer:
        """Begin the log, with platforms that may speak; the sequencer that wrote it."""
        sequencer = self.sequencer(log)
        await self.append(
            self.establishment(), *([self.registered(*platforms)] if platforms else [])
        )
        await finish(sequencer)
        return sequencer


def new_platform(emitter: str) -> Platform:
    """A platform with a key of its own."""
    return Platform(emitter, PrivateKey.generate())


async def finish(sequencer: Sequencer) -> None:
    """Give every body in the intake its leaf."""
    while await sequencer.commit_round():
        pass


def public(one: Platform) -> Any:
    """Its public key as acts name it."""
    return msgspec.to_builtins(one.key.jwk)
