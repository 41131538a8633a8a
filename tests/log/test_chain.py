"""The chain rule over every order in which the records of several writers may come to lie."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from events.leaf import NO_LEAF_HASH
from events.log.kafka.chain import Chain, ChainEnd
from events.log.kafka.records import Placed
from events.log.protocol import LeafRecord, Place

#: What lies at each offset; None: not of a leaf's form.
_Topic = list[LeafRecord | None]

_WRITERS = 3
_writer = st.integers(0, _WRITERS - 1)
_steps = st.lists(
    st.one_of(
        # As a start: read the topic to its end, and believe in that.
        st.tuples(st.just("read"), _writer),
        # A leaf behind what this writer has made, or read, last; it is on its way.
        st.tuples(st.just("make"), _writer),
        st.tuples(st.just("make"), _writer),
        # The next record of this writer reaches the topic, however old it is.
        st.tuples(st.just("land"), _writer),
        st.tuples(st.just("land"), _writer),
        st.tuples(st.just("junk"), st.just(0)),
        st.tuples(st.just("repeat"), st.integers(0, 1_000)),
    ),
    min_size=25,
    max_size=80,
)


@dataclass
class _Writer:
    chain: Chain = field(default_factory=Chain)
    ahead: ChainEnd = field(default_factory=ChainEnd)
    sent: deque[LeafRecord] = field(default_factory=deque)

    def read(self, topic: _Topic) -> None:
        list(self.chain.follow(_consumed(topic, self.chain.end.next_offset)))
        self.ahead = self.chain.end

    def make(self, content: bytes) -> None:
        ahead = self.ahead
        record = LeafRecord(ahead.next_index, ahead.previous_hash, content, Place(0, 0), (0,))
        self.sent.append(record)
        self.ahead = ahead.after(Placed(record, ahead.next_offset))


def _consumed(
    topic: _Topic, start: int, stop: int | None = None
) -> list[tuple[int, Placed | None]]:
    records = list(enumerate(topic))[start:stop]
    return [(at, None if record is None else Placed(record, at)) for at, record in records]


def _topic(steps: Sequence[tuple[str, int]]) -> _Topic:
    topic: _Topic = []
    writers, numbers = [_Writer() for _ in range(_WRITERS)], count()
    for step, number in steps:
        if step == "read":
            writers[number].read(topic)
        elif step == "make":
            writers[number].make(b"%d" % next(numbers))
        elif step == "land" and writers[number].sent:
            topic.append(writers[number].sent.popleft())
        elif step == "junk":
            topic.append(None)
        elif step == "repeat" and topic:
            topic.append(topic[number % len(topic)])
    return topic


def _leaves(topic: _Topic) -> list[Placed]:
    return list(Chain().follow(_consumed(topic, 0)))


@given(_steps)
def test_whatever_lies_there_is_one_dense_chain(steps: list[tuple[str, int]]) -> None:
    topic = _topic(steps)
    previous = NO_LEAF_HASH
    leaves = _leaves(topic)
    for index, placed in enumerate(leaves):
        assert (placed.record.index, placed.record.previous_hash) == (index, previous)
        assert topic[placed.offset] == placed.record
        previous = placed.hash
    assert len({placed.record.leaf for placed in leaves}) == len(leaves)


@given(_steps, st.lists(st.integers(0, 80)), st.integers(0, 80))
def test_readers_agree_wherever_they_begin_and_pause(
    steps: list[tuple[str, int]], pauses: list[int], start: int
) -> None:
    topic = _topic(steps)
    leaves = _leaves(topic)
    patient, read = Chain(), list[Placed]()
    for stop in sorted(pauses):
        read += patient.follow(_consumed(topic, patient.end.next_offset, stop))
    read += patient.follow(_consumed(topic, patient.end.next_offset))
    assert read == leaves
    assert patient.end.next_offset == len(topic)
    # One that knows no more than the last leaf of an index, as a start does.
    known = leaves[:start]
    end = ChainEnd().after(known[-1]) if known else ChainEnd()
    late = Chain(end)
    assert list(late.follow(_consumed(topic, end.next_offset))) == leaves[start:]
    assert late.end == patient.end


@given(_steps, st.integers(1, 5), st.integers(0, 80))
def test_records_right_behind_what_was_read_are_leaves_whatever_comes_after(
    steps: list[tuple[str, int]], size: int, at: int
) -> None:
    """So offsets without a gap prove that a round has won."""
    topic = _topic(steps)
    before, after = topic[:at], topic[at:]
    writer = _Writer()
    writer.read(before)
    for number in range(size):
        writer.make(b"own %d" % number)
    own = list(writer.sent)
    leaves = _leaves([*before, *own, *after])
    offsets = range(len(before), len(before) + size)
    assert [placed.record for placed in leaves if placed.offset in offsets] == own


def test_what_fits_by_its_index_alone_or_its_hash_alone_is_no_leaf() -> None:
    first = LeafRecord(0, NO_LEAF_HASH, b"first", Place(0, 0), (0,))
    previous = Placed(first, 0).hash
    forged = [
        LeafRecord(1, NO_LEAF_HASH, b"by its index", Place(0, 0), (0,)),
        LeafRecord(2, previous, b"by its hash", Place(0, 0), (0,)),
        LeafRecord(0, previous, b"by its hash", Place(0, 0), (0,)),
    ]
    second = LeafRecord(1, previous, b"second", Place(0, 0), (0,))
    assert [one.record for one in _leaves([first, *forged, second])] == [first, second]
