"""The chain rule (RULES 2.6), pure: which records of the leaves topic are leaves.

A record is a leaf if and only if its index and the hash of the leaf before it continue the chain.
Any other record is ignored by every reader, for ever. So whoever writes, and whenever a write
arrives, readers agree: compare-and-swap by an ordered log.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from events.leaf import NO_LEAF_HASH
from events.log.kafka.records import Placed


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where the chain ends, as far as everything before `next_offset` is known."""

    next_index: int = 0
    previous_hash: bytes = NO_LEAF_HASH
    next_offset: int = 0

    def continued_by(self, index: int, previous_hash: bytes) -> bool:
        """Whether a record with these is the next leaf."""
        return index == self.next_index and previous_hash == self.previous_hash

    def after(self, placed: Placed) -> "ChainEnd":
        """The end once this leaf stands."""
        return ChainEnd(placed.record.index + 1, placed.hash, placed.offset + 1)


class Chain:
    """Follows the topic record by record."""

    def __init__(self, end: ChainEnd | None = None) -> None:
        self.end = end or ChainEnd()

    def follow(self, records: Iterable[tuple[int, Placed | None]]) -> Iterator[Placed]:
        """The leaves among consumed records, each given with its offset (None: no leaf's form)."""
        for offset, placed in records:
            if placed is not None and self.end.continued_by(
                placed.record.index, placed.record.previous_hash
            ):
                self.end = self.end.after(placed)
                yield placed
            else:
                end = self.end
                self.end = ChainEnd(end.next_index, end.previous_hash, offset + 1)
