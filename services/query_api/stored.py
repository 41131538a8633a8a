"""Leaves as evidence: looked up in the log, which may be elsewhere than the views.

A leaf never changes, so it may be read outside the snapshot of the views that names it.
"""

from dataclasses import dataclass

from events.leaf import Leaf, decode_leaf
from events.log.protocol import LeafRecord, Leaves, Place

#: Leaves read at once when looking for a counted one. Runs of others are short: the door refuses
#: what it already knows to be a conflict or signed with a revoked key.
_LOOK_LEAVES = 16


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A leaf as stored, and where its body lies."""

    index: int
    encoded: bytes
    place: Place

    @property
    def leaf(self) -> Leaf:
        """The leaf's fields."""
        return decode_leaf(self.encoded)


async def stored_leaf(leaves: Leaves, index: int) -> StoredLeaf | None:
    """A leaf by its index; None if the log holds none there (yet)."""
    found = await leaves.leaves(index, 1)
    return _stored(found[0]) if found else None


async def counted_leaf(leaves: Leaves, first: int, end: int) -> StoredLeaf | None:
    """The first counted leaf in a range of indexes."""
    while first < end:
        found = await leaves.leaves(first, min(_LOOK_LEAVES, end - first))
        if not found:
            return None
        for record in found:
            stored = _stored(record)
            if stored.leaf.first_event is not None:
                return stored
        first += len(found)
    return None


async def last_index(leaves: Leaves) -> int:
    """The index of the log's last leaf; -1 in an empty log."""
    last = await leaves.tail()
    return -1 if last is None else last.index


def _stored(record: LeafRecord) -> StoredLeaf:
    return StoredLeaf(record.index, record.leaf, record.place)
