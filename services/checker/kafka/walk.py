"""The chain rule again (RULES 2.6), pure: which records of the leaves topic are leaves.

Written from the rule and not from the code that the sequencer and all readers share.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from events.log.kafka.records import Placed, placed_leaf


@dataclass(slots=True)
class Walk:
    """Tells leaves from all else, from the first record of the topic to the last."""

    next_index: int = 0
    previous: bytes = bytes(32)
    ignored: int = 0

    def leaves(self, records: Iterable[Any]) -> Iterator[Placed]:
        """The leaves among consumed records; the others are counted."""
        for record in records:
            placed = placed_leaf(record)
            if placed is None or not self._continues(placed):
                self.ignored += 1
                continue
            self.next_index += 1
            self.previous = hashlib.sha256(b"\x00" + placed.record.leaf).digest()
            yield placed

    def _continues(self, placed: Placed) -> bool:
        record = placed.record
        return record.index == self.next_index and record.previous_hash == self.previous
