"""What is broken, when, on whom and for how long: a pure function of a seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is done; the values are the words of the table."""

    KILL = "killed with -9"
    FREEZE = "frozen"
    CUT = "connections cut"
    RESET = "connections reset"
    DELAY = "bytes delayed"
    SLICE = "bytes sliced"
    TEAR_REQUEST = "cut inside a request"
    TEAR_ANSWER = "cut inside an answer"
    LOSE_REQUEST = "requests lost"
    LOSE_ANSWER = "answers lost"
    CLOCK_AHEAD = "clock an hour ahead"
    CLOCK_BEHIND = "clock an hour behind"
    FULL = "disk full"


#: What is done to a link between two processes: before and after the other side has acted.
LINK_KINDS = (
    Kind.CUT,
    Kind.RESET,
    Kind.DELAY,
    Kind.SLICE,
    Kind.TEAR_REQUEST,
    Kind.TEAR_ANSWER,
    Kind.LOSE_REQUEST,
    Kind.LOSE_ANSWER,
)
#: Seconds, least and most. A frozen leader has to lose its lease of 5 s now and then.
_SECONDS = {
    Kind.KILL: (0.0, 3.0),
    Kind.FREEZE: (0.5, 8.0),
    Kind.CUT: (0.1, 4.0),
    Kind.RESET: (0.0, 2.0),
    Kind.DELAY: (1.0, 5.0),
    Kind.SLICE: (1.0, 5.0),
    Kind.TEAR_REQUEST: (0.5, 3.0),
    Kind.TEAR_ANSWER: (0.5, 3.0),
    Kind.LOSE_REQUEST: (0.5, 4.0),
    Kind.LOSE_ANSWER: (0.5, 4.0),
    Kind.CLOCK_AHEAD: (2.0, 5.0),
    Kind.CLOCK_BEHIND: (2.0, 5.0),
    Kind.FULL: (2.0, 5.0),
}
#: Faults of one storm, and seconds from the start of one to that of the next.
_STORM_FAULTS = (1, 5)
_GAP_SECONDS = (0.0, 2.5)
#: Seconds between two faults of the same thing.
_RECOVER_SECONDS = 0.5
#: Nothing is broken for a third of a storm's time after it: a quarter of all time.
_CALM_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Choice:
    """A fault that may be dealt. Two that touch the same thing are never at the same time."""

    kind: Kind
    target: str
    touches: frozenset[str]
    #: How often it lies in the deck.
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: begins `at` seconds after its storm.

    `pick` lies in [0, 1) and settles whatever the target leaves open: which of several, how much.
    """

    number: int
    kind: Kind
    target: str
    touches: frozenset[str]
    at: float
    seconds: float
    pick: float

    @property
    def end(self) -> float:
        """When it is over."""
        return self.at + self.seconds

    def __str__(self) -> str:
        return f"{self.number:3} {self.target}: {self.kind} for {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Storm:
    """Faults that may overlap; `calm` seconds follow in which nothing is broken."""

    faults: tuple[Fault, ...]

    @property
    def seconds(self) -> float:
        """Until the last fault is over."""
        return max(fault.end for fault in self.faults)

    @property
    def calm(self) -> float:
        """Seconds of quiet behind it."""
        return self.seconds * _CALM_SHARE


def make_plan(seed: int, count: int, choices: Sequence[Choice]) -> tuple[Storm, ...]:
    """`count` faults in storms. Every choice comes before one comes more often than its weight."""
    chance = random.Random(seed)
    dealt = _dealt(chance, choices)
    storms: list[Storm] = []
    number = 1
    while number <= count:
        size = min(chance.randint(*_STORM_FAULTS), count - number + 1)
        storms.append(_storm(chance, number, [next(dealt) for _ in range(size)]))
        number += size
    return tuple(storms)


def _dealt(chance: random.Random, choices: Sequence[Choice]) -> Iterator[Choice]:
    """Choices from a shuffled deck, shuffled anew whenever it is used up."""
    deck = [choice for choice in choices for _ in range(choice.weight)]
    while True:
        chance.shuffle(deck)
        yield from deck


def _storm(chance: random.Random, number: int, choices: Sequence[Choice]) -> Storm:
    faults: list[Fault] = []
    now = 0.0
    for place, choice in enumerate(choices):
        # What is touched already is left to recover first.
        busy = [fault.end + _RECOVER_SECONDS for fault in faults if fault.touches & choice.touches]
        faults.append(
            Fault(
                number=number + place,
                kind=choice.kind,
                target=choice.target,
                touches=choice.touches,
                at=max([now, *busy]),
                seconds=chance.uniform(*_SECONDS[choice.kind]),
                pick=chance.random(),
            )
        )
        now += chance.uniform(*_GAP_SECONDS)
    return Storm(tuple(faults))
