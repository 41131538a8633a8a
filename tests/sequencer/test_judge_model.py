"""The judgement against a naive model, over random arrivals, splits, clocks and restarts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.keys import AUTHORITY, Emitter, Key, KeyRing
from events.leaf import NO_LEAF_HASH, LeafOutcome, decode_leaf, leaf_hash
from events.log.protocol import Indexed, IntakeRecord, LeafRecord
from services.sequencer.judge import Tail, judge, needs_body, tail_after
from tests.sequencer.model import Expected, Model
from tests.sequencer.sending import (
    EMITTERS,
    ESTABLISHMENT,
    PARTITIONS,
    Act,
    Sent,
    key,
    lay_down,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

_some_emitter = st.sampled_from(EMITTERS)
_acts = st.builds(
    Act,
    st.sampled_from(["register", "rename", "add", "revoke", "quarantine", "establish"]),
    st.sampled_from((*EMITTERS, AUTHORITY)),
    st.integers(0, 2),
)
_by_authority = st.builds(
    Sent,
    st.just(AUTHORITY),
    st.sampled_from(["a1", "a2", "a3", "a4", "establishment"]),
    st.sampled_from([0, 0, 0, 1]),
    acts=st.lists(_acts, min_size=1, max_size=3).map(tuple),
)
_by_platform = st.builds(
    Sent,
    _some_emitter,
    st.sampled_from(["s1", "s2", "s3"]),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(1, 3),
)
_registered = tuple(Sent(AUTHORITY, f"r-{e}", acts=(Act("register", e),)) for e in EMITTERS)
#: With all platforms registered, or with none but those that chance registers.
_sent = st.tuples(
    st.sampled_from([(), _registered]), st.lists(st.one_of(_by_platform, _by_authority))
).map(lambda parts: [ESTABLISHMENT, *parts[0], *parts[1]])


@dataclass
class Log:
    """A log that holds what was judged, as a real one would; everything committed wins."""

    tail: Tail = field(default_factory=lambda: Tail.empty(PARTITIONS))
    ring: KeyRing = field(default_factory=KeyRing)
    leaves: list[LeafRecord] = field(default_factory=list)
    indexed: list[Indexed] = field(default_factory=list)
    changes: list[tuple[int, Emitter | Key]] = field(default_factory=list)
    quarantined: list[tuple[int, int]] = field(default_factory=list)

    def settle(self, pairs: Sequence[tuple[IntakeRecord, bytes]], now: datetime) -> None:
        """One round."""
        bodies = {record.place: body for record, body in pairs if needs_body(record)}
        ids = {(record.emitter, record.submission) for record, _ in pairs}
        found = [one for one in self.indexed if (one.emitter, one.submission) in ids]
        records = [record for record, _ in pairs]
        decided = judge(records, bodies, found, self.tail, self.ring, now)
        self.tail, self.ring = decided.tail, decided.ring
        self.leaves += decided.round.leaves
        self.indexed += decided.round.indexed
        self.changes += decided.round.emitters
        self.quarantined += decided.round.quarantined

    def restarted_at(self, index: int) -> "Log":
        """What a restart reads if this leaf is the last that stands."""
        leaves = self.leaves[: index + 1]
        read = [decode_leaf(record.leaf) for record in leaves]
        counted = [leaf for leaf in read if leaf.outcome is LeafOutcome.COUNTED]
        changes = [change for change in self.changes if change[0] <= index]
        return Log(
            tail_after(leaves[-1], counted[-1] if counted else None),
            _ring_of(changes),
            leaves,
            [one for one in self.indexed if one.leaf_index <= index],
            changes,
            [pair for pair in self.quarantined if pair[1] <= index],
        )


def _ring_of(changes: Sequence[tuple[int, Emitter | Key]]) -> KeyRing:
    """The newest state of each, as the index keeps them."""
    ring = KeyRing()
    for _, change in changes:
        if isinstance(change, Emitter):
            ring.emitters[change.emitter] = change
        else:
            ring.keys[change.kid] = change
    return ring


def _said(record: LeafRecord) -> Expected:
    leaf = decode_leaf(record.leaf)
    return Expected(
        leaf.emitter,
        leaf.submission,
        leaf.body_sha256,
        leaf.outcome.value,
        leaf.first_event,
        record.positions,
    )


def _judged(sent: Sequence[Sent], cuts: Sequence[int], clock: Sequence[datetime]) -> Log:
    """`cuts`: sizes of the rounds after leaf 0; the clock's last moment stands still."""
    pairs = list(lay_down(sent))
    log, moments = Log(), iter(clock)
    log.settle(pairs[:1], clock[0])
    done, sizes, now = 1, iter(cuts), clock[0]
    while done < len(pairs):
        size, now = next(sizes, len(pairs)), next(moments, now)
        log.settle(pairs[done : done + size], now)
        done += size
    return log


_cuts = st.lists(st.integers(1, 6))
_clocks = st.lists(
    st.integers(-3600, 3600).map(lambda seconds: NOON + timedelta(seconds=seconds)), min_size=1
)


@given(_sent, _cuts, _clocks)
def test_every_submission_gets_what_the_rules_say(
    sent: list[Sent], cuts: list[int], clock: list[datetime]
) -> None:
    log, model = _judged(sent, cuts, clock), Model().take(sent)
    assert [_said(record) for record in log.leaves] == model.leaves
    assert log.tail.positions == tuple(model.positions)
    assert log.tail.next_event == model.events
    names = {emitter.emitter: emitter.name for emitter in log.ring.emitters.values()}
    assert names == model.names
    assert {k: (s.added_leaf, s.revoked_leaf) for k, s in log.ring.keys.items()} == {
        key(*named).kid: (added, model.revoked.get(named)) for named, added in model.added.items()
    }
    first: dict[int, int] = {}
    for leaf, act in log.quarantined:
        first.setdefault(leaf, act)
    assert first == model.quarantined


@given(_sent, _cuts, _clocks)
def test_leaves_are_a_chain_that_never_goes_back(
    sent: list[Sent], cuts: list[int], clock: list[datetime]
) -> None:
    log = _judged(sent, cuts, clock)
    previous, positions = NO_LEAF_HASH, (0,) * PARTITIONS
    for index, record in enumerate(log.leaves):
        assert (record.index, record.previous_hash) == (index, previous)
        assert all(a <= b for a, b in zip(positions, record.positions, strict=True))
        # The leaf's own record lies right before its position: nothing behind it is promised.
        assert record.positions[record.place.partition] == record.place.offset + 1
        previous, positions = leaf_hash(record.leaf), record.positions
    moments = [decode_leaf(record.leaf).sequenced for record in log.leaves]
    assert moments == sorted(moments)
    assert set(moments) <= set(clock)


@given(_sent, _cuts, _cuts)
def test_any_split_into_rounds_gives_the_same_leaves(
    sent: list[Sent], cuts: list[int], other: list[int]
) -> None:
    one, two = _judged(sent, cuts, [NOON]), _judged(sent, other, [NOON])
    assert one.leaves == two.leaves
    assert one.indexed == two.indexed
    assert one.changes == two.changes
    assert (one.tail, one.ring) == (two.tail, two.ring)


@given(_sent, _cuts, st.data())
def test_a_restart_behind_any_leaf_goes_on_the_same_way(
    sent: list[Sent], cuts: list[int], data: st.DataObject
) -> None:
    whole = _judged(sent, cuts, [NOON])
    index = data.draw(st.integers(0, len(whole.leaves) - 1))
    log = whole.restarted_at(index)
    behind = log.tail.positions
    waiting = [
        pair for pair in lay_down(sent) if pair[0].place.offset >= behind[pair[0].place.partition]
    ]
    if waiting:
        log.settle(waiting, NOON)
    assert log.leaves == whole.leaves
    assert log.changes == whole.changes
    assert (log.tail, log.ring) == (whole.tail, whole.ring)
