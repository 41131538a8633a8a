"""From counted leaves and their bodies to what a commit loads.

Pure, so that it may be done in any process (`services.projections.builder`); here it is done in
the caller's.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from events.days import Days
from events.leaf import decode_leaf
from services.projections.encoding import Encoder, Table
from services.projections.rows import Noted, Rows, Told, add_leaf


class Counted(msgspec.Struct):
    """A counted leaf and its body."""

    index: int
    leaf: bytes
    body: bytes


class Built(msgspec.Struct, tag=True):
    """What leaves add.

    `heads`: rows that are events; `shared_ids`: whether two of them have one id; `acts`: leaves
    whose acts move the keys.
    """

    table: Table
    heads: int
    shared_ids: bool
    noted: list[Noted]
    told: list[Told]
    acts: list[int]


class Undigested(msgspec.Struct, tag=True):
    """The first leaf that could not be read, and why."""

    index: int
    error: str


class Builder(Protocol):
    """Builds the rows of leaves."""

    async def build(self, leaves: Sequence[Counted]) -> Built | Undigested:
        """The rows of leaves in order, or the first leaf that has none. Safe to ask again."""


class BuilderHere:
    """Builds in the caller's own process and time: for tests and small tools."""

    def __init__(self, days: Days) -> None:
        self._days = days

    async def build(self, leaves: Sequence[Counted]) -> Built | Undigested:
        """The rows of leaves."""
        return build(leaves, self._days)


def build(leaves: Sequence[Counted], days: Days) -> Built | Undigested:
    """The rows of leaves in order, or the first leaf that cannot be digested (RULES 5.5)."""
    rows, encoder, heads = Rows(), Encoder(), 0
    for counted in leaves:
        try:
            leaf = decode_leaf(counted.leaf)
            add_leaf(rows, counted.index, leaf, counted.body, days=days)
            encoder.add(rows.batch)
        except Exception as error:
            return Undigested(counted.index, f"{error}")
        heads += leaf.events
        rows.batch.clear()
    return Built(encoder.table(), heads, rows.shared_ids, rows.noted, rows.told, rows.acts)
