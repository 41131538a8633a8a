"""What one leaf changes in the index, worked out from the leaf and, for acts, its body alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from events import vocabulary
from events.keys import AUTHORITY, Emitter, Key, KeyRing
from events.leaf import LeafOutcome, decode_leaf
from events.log.protocol import Indexed, LeafRecord, Place, Round
from events.submission import decode_events


@dataclass(frozen=True, slots=True)
class Changes:
    """What the acts of one counted submission change: by which leaf, and what."""

    emitters: tuple[tuple[int, Emitter | Key], ...] = ()
    quarantined: tuple[tuple[int, int], ...] = ()


def apply_acts(ring: KeyRing, body: bytes, index: int) -> Changes:
    """Let the authority's acts of a counted leaf take effect on the ring; what they changed."""
    try:
        events = decode_events(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The door lets no such body through. Should one lie here all the same, it has its leaf
        # and changes nothing: the folds raise the alarm and can be told to skip it (RULES 5.5),
        # where a sequencer that stood still over one body would stop the whole registry.
        return Changes()
    changed = tuple((index, change) for change in ring.apply(events, index))
    aside = tuple(
        (event.data.leaf_index, index)
        for event in events
        if isinstance(event, vocabulary.SubmissionQuarantined)
    )
    return Changes(changed, aside)


def acts_among(leaves: Sequence[LeafRecord]) -> list[Place]:
    """Where the bodies lie that `derive_round` needs."""
    return [record.place for record in leaves if _is_act(record)]


def derive_round(
    leaves: Sequence[LeafRecord], bodies: Mapping[Place, bytes], ring: KeyRing
) -> Round:
    """The round that the leaves were written in, as far as the index goes.

    `bodies`: of the places that `acts_among` names. `ring`: as the leaves before left it; it is
    moved on to the last of these.
    """
    changes = list(_changes(leaves, bodies, ring))
    return Round(
        tuple(leaves),
        tuple(_indexed(record) for record in leaves),
        tuple(change for one in changes for change in one.emitters),
        tuple(listed for one in changes for listed in one.quarantined),
    )


def _changes(
    leaves: Sequence[LeafRecord], bodies: Mapping[Place, bytes], ring: KeyRing
) -> Iterator[Changes]:
    for record in leaves:
        if _is_act(record):
            yield apply_acts(ring, bodies[record.place], record.index)


def _is_act(record: LeafRecord) -> bool:
    leaf = decode_leaf(record.leaf)
    return leaf.emitter == AUTHORITY and leaf.outcome is LeafOutcome.COUNTED


def _indexed(record: LeafRecord) -> Indexed:
    leaf = decode_leaf(record.leaf)
    digest = bytes.fromhex(leaf.body_sha256)
    return Indexed(leaf.emitter, leaf.submission, digest, record.index, leaf.outcome)
