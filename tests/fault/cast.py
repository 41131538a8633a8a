"""Who takes part in a fault run, as data: one driver runs the registry on either log."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.fault.plan import LINK_KINDS, Choice, Kind

#: The two database servers: log, index and first views; the second views.
MAIN, SECOND = "PostgreSQL", "second PostgreSQL"
#: Link ends that are no process of ours.
PLATFORMS, READERS, BROKERS = "platforms", "readers", "brokers"
#: How often process faults and seam faults lie in the deck; a link fault lies in it once.
_PROCESS_WEIGHT, _SEAM_WEIGHT = 3, 2


@dataclass(frozen=True, slots=True)
class Role:
    """Processes that do the same. `leads`: one of them works, the others stand by."""

    name: str
    command: str
    count: int
    leads: bool = False
    #: Which server its views lie on, and who comes to its port.
    views: str = MAIN
    visitors: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """What a fault may be aimed at."""
        if not self.leads:
            return (self.name,)
        return (f"{self.name}, leading", f"{self.name}, standing by")[: self.count]

    @property
    def databases(self) -> tuple[str, ...]:
        """The servers that it speaks with."""
        return tuple(dict.fromkeys((MAIN, self.views)))


@dataclass(frozen=True, slots=True)
class Cast:
    """One deployment. `brokers` is 0 where the log is embedded."""

    log: str
    roles: tuple[Role, ...]
    brokers: int = 0

    @property
    def databases(self) -> tuple[str, ...]:
        """All servers."""
        return tuple(dict.fromkeys(name for role in self.roles for name in role.databases))


DOOR = Role("ingest", "ingest", 2, visitors=PLATFORMS)
SEQUENCER = Role("sequencer", "sequence", 3, leads=True)
PROJECTION = Role("projection", "project", 2, leads=True)
SECOND_PROJECTION = Role("second projection", "project", 1, leads=True, views=SECOND)
QUERY = Role("query", "query", 1, visitors=READERS)
SECOND_QUERY = Role("second query", "query", 1, visitors=READERS, views=SECOND)
_ROLES = (DOOR, SEQUENCER, PROJECTION, SECOND_PROJECTION, QUERY, SECOND_QUERY)

EMBEDDED = Cast("embedded", _ROLES)
KAFKA = Cast("kafka", _ROLES, brokers=3)
CASTS = {cast.log: cast for cast in (EMBEDDED, KAFKA)}


def choices(cast: Cast, *, disks: bool) -> list[Choice]:
    """Every fault that a cast can be dealt. `disks`: whether disks can be made to fill up."""
    return [*_processes(cast), *_links(cast), *_seams(cast, disks)]


def _processes(cast: Cast) -> Iterator[Choice]:
    parts = [(part, frozenset({part})) for role in cast.roles for part in role.parts]
    parts += [(name, frozenset({name})) for name in cast.databases]
    if cast.brokers:
        # A second broker must not die beside the first: that is what "all" is for.
        parts += [(name, frozenset({BROKERS})) for name in ("one broker", "all brokers")]
    for kind in (Kind.KILL, Kind.FREEZE):
        yield from (Choice(kind, part, touches, _PROCESS_WEIGHT) for part, touches in parts)


def _links(cast: Cast) -> Iterator[Choice]:
    ends: list[tuple[str, str, str]] = []
    for role in cast.roles:
        if role.views != MAIN:
            # All else about it is as with the first.
            servers = [role.views]
        else:
            servers = [MAIN, *([BROKERS] if cast.brokers else [])]
            ends += [(role.visitors, role.name, role.name)] if role.visitors else []
        ends += [(part, server, part) for part in role.parts for server in servers]
    if cast.brokers:
        ends.append((BROKERS, BROKERS, BROKERS))
    for one, other, touched in ends:
        for kind in LINK_KINDS:
            yield Choice(kind, link(one, other), frozenset({touched}))


def link(one: str, other: str) -> str:
    """The name of a link, from who connects to who listens."""
    return f"{one} to {other}"


def _seams(cast: Cast, disks: bool) -> Iterator[Choice]:
    for part in (*DOOR.parts, *SEQUENCER.parts):
        for kind in (Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND):
            yield Choice(kind, part, frozenset({part}), _SEAM_WEIGHT)
    if disks:
        yield Choice(Kind.FULL, MAIN, frozenset({MAIN}), _SEAM_WEIGHT)
        if cast.brokers:
            yield Choice(Kind.FULL, "one broker", frozenset({BROKERS}), _SEAM_WEIGHT)
