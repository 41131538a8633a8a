"""What was acknowledged against what got a leaf: nothing lost, nothing twice (RULES 2.1, 2.7)."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from events.log.protocol import IntakeRecord, LeafRecord, Place
from services.checker.known import LeafOf
from services.checker.report import Finding

#: What a record says may be any number; past this none of them is the offset of anything.
_BEYOND_ALL = 2**63 - 1


@dataclass(slots=True)
class Steps:
    """The positions of one partition: where they moved, and by which leaf."""

    positions: "array[int]" = field(default_factory=lambda: array("q"))
    leaves: "array[int]" = field(default_factory=lambda: array("q"))

    def passed_by(self, offset: int) -> int | None:
        """The first leaf whose position lies past an offset; None while no leaf has passed it."""
        at = bisect_right(self.positions, offset)
        return self.leaves[at] if at < len(self.leaves) else None


@dataclass(slots=True)
class Passing:
    """How far each leaf says that its partitions were read; feed it every leaf in order."""

    partitions: list[Steps] = field(default_factory=list)

    def follow(self, record: LeafRecord) -> Iterator[Finding]:
        """Take a leaf's positions; they never go back and keep their number."""
        if not self.partitions:
            self.partitions = [Steps() for _ in record.positions]
        if len(record.positions) != len(self.partitions):
            found = len(record.positions)
            yield Finding(f"leaf {record.index}", "partitions", len(self.partitions), found)
            return
        for number, (steps, position) in enumerate(
            zip(self.partitions, record.positions, strict=True)
        ):
            last = steps.positions[-1] if steps.positions else 0
            if position < last:
                what = f"position of partition {number}"
                yield Finding(f"leaf {record.index}", what, f"at least {last}", position)
            elif position > last:
                steps.positions.append(min(position, _BEYOND_ALL))
                steps.leaves.append(record.index)


@dataclass(slots=True)
class IntakeCheck:
    """Holds each acknowledged body to its leaf; feed it each partition's records in order.

    `waiting` becomes what has no leaf yet and lies past every position: the sequencer's next work.
    """

    leaf_of: LeafOf
    passing: Passing
    next_offset: dict[int, int] = field(default_factory=dict)
    home: dict[str, int] = field(default_factory=dict)
    waiting: set[tuple[str, str, bytes]] = field(default_factory=set)

    def follow(self, record: IntakeRecord, *, intact: bool) -> Iterator[Finding]:
        """Check one record; `intact` says whether its body has the digest beside it."""
        place, where = record.place, _where(record.place)
        yield from self.pass_over(place)
        home = self.home.setdefault(record.emitter, place.partition)
        if home != place.partition:
            yield Finding(where, f"partition of {record.emitter}", home, place.partition)
        if not intact:
            yield Finding(where, "body", f"one with digest {record.body_sha256.hex()}", "another")
        yield from self._leaf_faults(where, record)

    def pass_over(self, place: Place) -> Iterator[Finding]:
        """Something lies here, whatever it is: there is no hole."""
        expected = self.next_offset.get(place.partition, 0)
        if place.offset != expected:
            yield Finding(_where(place), "offsets are dense", expected, place.offset)
        self.next_offset[place.partition] = place.offset + 1

    def _leaf_faults(self, where: str, record: IntakeRecord) -> Iterator[Finding]:
        identity = (record.emitter, record.submission, record.body_sha256)
        own, passed = self.leaf_of.get(identity), self._passed_by(record)
        if passed is None:
            if own is None:
                self.waiting.add(identity)
            return
        if own is not None and own <= passed:
            return
        what = f"leaf of {record.emitter} {record.submission}"
        found = "none" if own is None else f"leaf {own}"
        yield Finding(where, what, f"one up to leaf {passed}, whose position lies past it", found)

    def _passed_by(self, record: IntakeRecord) -> int | None:
        number = record.place.partition
        if number >= len(self.passing.partitions):
            return None
        return self.passing.partitions[number].passed_by(record.place.offset)

    def finish(self, counters: Mapping[int, int]) -> Iterator[Finding]:
        """After all records: counters stand right after the last, no position beyond it."""
        for partition, counter in counters.items():
            size = self.next_offset.get(partition, 0)
            if counter != size:
                where = f"intake counter of partition {partition}"
                yield Finding(where, "next offset", size, counter)
        for partition, steps in enumerate(self.passing.partitions):
            size = self.next_offset.get(partition, 0)
            if steps.positions and steps.positions[-1] > size:
                what = f"position of partition {partition}"
                last = steps.positions[-1]
                yield Finding(f"leaf {steps.leaves[-1]}", what, f"at most {size}", last)


def _where(place: Place) -> str:
    return f"intake partition {place.partition} offset {place.offset}"
