"""What every line of a whole log must be, held against the lines before it. Pure.

The one who writes a file and the one who reads it both follow it here: nothing is carried away
that could not be brought in.
"""

import hashlib

from events.errors import Fatal
from events.leaf import leaf_hash
from events.limits import INTAKE_PARTITIONS
from events.log.intake import partition_of
from events.log.kafka.chain import ChainEnd
from events.log.kafka.records import Placed
from events.log.protocol import LeafRecord, Place
from services.transfer.format import VERSION, EndLine, HeadLine, IntakeLine, LeafLine, Line


class Whole:
    """Follows the lines of one log: head, leaves, intake, end. `Fatal` at the first that is not."""

    def __init__(self) -> None:
        self._head: HeadLine | None = None
        self._ended = False
        self._chain = ChainEnd()
        self._partition, self._offset, self._records = 0, 0, 0

    @property
    def end(self) -> EndLine:
        """The last line of what was followed so far."""
        last = self._chain.previous_hash.hex()
        return EndLine(leaves=self._chain.next_index, intake=self._records, last=last)

    def follow(self, line: Line) -> None:
        """Take the next line."""
        if self._ended:
            raise Fatal("there is something behind the last line")
        if isinstance(line, HeadLine):
            self._begin(line)
        elif self._head is None:
            raise Fatal("this is not the export of a log: its first line is missing")
        elif isinstance(line, LeafLine):
            self._follow_leaf(self._head, line.record)
        elif isinstance(line, IntakeLine):
            self._follow_intake(self._head, line)
        else:
            self._finish(self._head, line)

    def finish(self) -> None:
        """There is no further line."""
        if not self._ended:
            raise Fatal("the last line is missing: the file was cut")

    def _begin(self, head: HeadLine) -> None:
        if self._head is not None:
            raise Fatal("a second first line")
        if head.version != VERSION:
            raise Fatal(f"the format has version {head.version}, this program knows {VERSION}")
        if len(head.intake) != INTAKE_PARTITIONS:
            raise Fatal(f"{len(head.intake)} intake partitions, not {INTAKE_PARTITIONS}")
        if head.leaves < 1:
            raise Fatal("the log is empty")
        self._head = head

    def _follow_leaf(self, head: HeadLine, record: LeafRecord) -> None:
        if not self._chain.continued_by(record.index, record.previous_hash):
            raise Fatal(f"leaf {record.index} does not continue the chain")
        if record.index == 0 and leaf_hash(record.leaf).hex() != head.identity:
            raise Fatal(f"leaf 0 is not that of the registry {head.identity}")
        if not _lies(head, record.place) or not _reached(head, record):
            raise Fatal(f"leaf {record.index} names places that the intake does not have")
        self._chain = self._chain.after(Placed(record, record.index))

    def _follow_intake(self, head: HeadLine, line: IntakeLine) -> None:
        if self._chain.next_index != head.leaves:
            raise Fatal(
                f"the intake begins behind {self._chain.next_index} of {head.leaves} leaves"
            )
        self._skip_to_next(head)
        where = f"intake partition {line.partition} offset {line.offset}"
        if (line.partition, line.offset) != (self._partition, self._offset):
            wanted = f"partition {self._partition} offset {self._offset}"
            raise Fatal(f"{where} stands where {wanted} belongs")
        if hashlib.sha256(line.body).digest() != line.sha256:
            raise Fatal(f"{where}: the body has another SHA-256 than the one beside it")
        if partition_of(line.emitter, len(head.intake)) != line.partition:
            raise Fatal(f"{where}: the emitter {line.emitter} belongs into another partition")
        self._offset += 1
        self._records += 1

    def _skip_to_next(self, head: HeadLine) -> None:
        """Past every partition that is complete."""
        while self._partition < len(head.intake) and self._offset == head.intake[self._partition]:
            self._partition, self._offset = self._partition + 1, 0

    def _finish(self, head: HeadLine, line: EndLine) -> None:
        if (line, head.leaves, sum(head.intake)) != (self.end, line.leaves, line.intake):
            raise Fatal(f"the end says {line}, what stands before it is {self.end}")
        self._ended = True


def _lies(head: HeadLine, place: Place) -> bool:
    partitions = range(len(head.intake))
    return place.partition in partitions and 0 <= place.offset < head.intake[place.partition]


def _reached(head: HeadLine, record: LeafRecord) -> bool:
    positions = record.positions
    if len(positions) != len(head.intake):
        return False
    return all(one <= lying for one, lying in zip(positions, head.intake, strict=True))
