"""A naive sequencer, straight from RULES 2: one submission after another, everything kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from events.keys import AUTHORITY
from tests.sequencer.sending import PARTITIONS, Act, Sent, body_of, partition_of


class Expected(NamedTuple):
    """What a leaf must say."""

    emitter: str
    submission: str
    digest: str
    outcome: str
    first_event: int | None
    positions: tuple[int, ...]


@dataclass
class Model:
    """Keys are named (emitter, number) here; each is in the log once for ever."""

    leaves: list[Expected] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    added: dict[tuple[str, int], int] = field(default_factory=dict)
    revoked: dict[tuple[str, int], int] = field(default_factory=dict)
    quarantined: dict[int, int] = field(default_factory=dict)
    events: int = 0
    positions: list[int] = field(default_factory=lambda: [0] * PARTITIONS)

    def take(self, sent: Sequence[Sent]) -> "Model":
        """Judge all of them, in order."""
        for one in sent:
            self._take(one)
        return self

    def _take(self, one: Sent) -> None:
        self.positions[partition_of(one.emitter)] += 1
        digest = hashlib.sha256(body_of(one)).hexdigest()
        if any(leaf[:3] == (one.emitter, one.submission, digest) for leaf in self.leaves):
            return
        index, outcome = len(self.leaves), self._outcome(one)
        counted = outcome == "counted"
        first = self.events if counted else None
        positions = tuple(self.positions)
        self.leaves.append(Expected(one.emitter, one.submission, digest, outcome, first, positions))
        if counted:
            self.events += len(one.acts) if one.emitter == AUTHORITY else one.events
            for act in one.acts:
                self._act(act, index)

    def _outcome(self, one: Sent) -> str:
        index, signed = len(self.leaves), (one.emitter, one.key)
        good = self.added.get(signed, index) < index and self.revoked.get(signed, index) >= index
        if index > 0 and not good:
            return "key-revoked"
        earlier = [leaf for leaf in self.leaves if leaf.outcome == "counted"]
        taken = any(leaf[:2] == (one.emitter, one.submission) for leaf in earlier)
        return "conflict" if taken else "counted"

    def _act(self, act: Act, index: int) -> None:
        named = (act.emitter, act.number)
        if act.verb == "establish" and index == 0:
            for emitter in (AUTHORITY, "registry"):
                self.names[emitter], self.added[emitter, 0] = "Test", 0
        if act.verb == "register" and act.emitter not in self.names and named not in self.added:
            self.names[act.emitter], self.added[named] = "First", index
        if act.verb == "rename" and act.emitter in self.names and act.emitter != AUTHORITY:
            self.names[act.emitter] = f"Name {act.number}"
        if act.verb == "add" and act.emitter in self.names:
            self.added.setdefault(named, index)
        if act.verb == "revoke" and named in self.added:
            self.revoked.setdefault(named, index)
        if act.verb == "quarantine":
            self.quarantined.setdefault(act.number, index)
