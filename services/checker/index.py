"""The tables that the sequencer derives from the leaves, against what the leaves give."""

from collections.abc import Iterator
from typing import Any

from events.leaf import leaf_hash
from events.log.protocol import LeafRecord
from services.checker.chain import ReadLeaf
from services.checker.compare import Keyed, Ordered, Row
from services.checker.reading import parse
from services.checker.registry import Registry

_SUBMISSION = ("leaf_index", "emitter", "submission", "body_sha256", "outcome")
_PLACE = ("leaf_index", "leaf_offset", "leaf_hash", "partition", "offset")
_EMITTER = ("emitter", "leaf_index", "kind", "name", "added_leaf", "schemes")
_KEY = ("kid", "leaf_index", "emitter", "jwk", "added_leaf", "revoked_leaf")


def submissions() -> Ordered:
    """`log.submission` in the order of the leaves, compared while they are read."""
    return Ordered("log.submission", _SUBMISSION, (0,))


def submission_row(index: int, leaf: ReadLeaf) -> Row:
    """What the index holds of one leaf."""
    return (index, leaf.emitter, leaf.submission, bytes.fromhex(leaf.body_sha256), leaf.outcome)


def places() -> Ordered:
    """`log.leaf_place`, which only a log on Kafka fills, in the order of the leaves."""
    return Ordered("log.leaf_place", _PLACE, (0,))


def place_row(record: LeafRecord, offset: int) -> Row:
    """Where the index should find a leaf that lies at an offset of its topic, and its body."""
    place = record.place
    return (record.index, offset, leaf_hash(record.leaf), place.partition, place.offset)


def index_tables(registry: Registry, indexed: int) -> Iterator[tuple[str, Keyed]]:
    """The other tables of the index by the name of their query, as the first leaves make them.

    `indexed`: how many leaves the index holds. What later ones change it cannot know.
    """
    emitters: dict[Row, Row] = {
        key: state[1:] for key, state in registry.emitter_rows.items() if key[1] < indexed
    }
    keys: dict[Row, Row] = {
        key: state[1:] for key, state in registry.key_rows.items() if key[1] < indexed
    }
    listed: dict[Row, Row] = {
        (leaf,): (act,) for leaf, act in registry.quarantined.items() if act < indexed
    }
    yield "emitters", Keyed("log.emitter", _EMITTER, 4, emitters)
    yield "keys", Keyed("log.emitter_key", _KEY, 4, keys)
    yield "quarantine", Keyed("log.quarantine", ("leaf_index", "act_leaf"), 1, listed)


def index_row(name: str, row: Row) -> Row:
    """A row of the index as it is compared: arrays as tuples, a JWK as its members."""
    if name == "emitters":
        return (*row[:-1], tuple(row[-1]))
    return (*row[:3], _object(row[3]), *row[4:]) if name == "keys" else row


def _object(value: Any) -> Any:
    return parse(value.encode()).value if isinstance(value, str) else value
