"""The chain of leaves: dense, linked, canonical, never going back in time (RULES 2.4 to 2.6)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from events.leaf import leaf_hash
from events.limits import EVENTS_MAX, LEAF_BYTES_MAX
from events.log.protocol import LeafRecord
from services.checker.reading import Unreadable, moment, parse
from services.checker.report import Finding

_FIRST_PREVIOUS = bytes(32)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OUTCOMES = ("counted", "conflict", "key-revoked")


class ReadLeaf(NamedTuple):
    """A leaf's fields in the order of its one encoding."""

    v: int
    emitter: str
    submission: str
    received_at: str
    sequenced_at: str
    body_sha256: str
    body_bytes: int
    events: int
    first_event: int | None
    outcome: str
    token: str

    @property
    def sequenced(self) -> datetime:
        """`sequenced_at` as a moment."""
        return moment(self.sequenced_at)


def read_leaf(encoded: bytes) -> ReadLeaf:
    """The fields of a leaf; `Unreadable` unless its bytes are the one encoding of them."""
    members = parse(encoded).value
    if not isinstance(members, dict) or tuple(members) != ReadLeaf._fields:
        raise Unreadable("the members are not those of a leaf, in their order")
    again = json.dumps(members, separators=(",", ":"), ensure_ascii=False, default=float)
    if again.encode(errors="surrogatepass") != encoded:
        raise Unreadable("not the canonical encoding of its members")
    leaf = ReadLeaf(**members)
    fault = next(_faults(leaf, len(encoded)), None)
    if fault:
        raise Unreadable(fault)
    return leaf


def _faults(leaf: ReadLeaf, size: int) -> Iterator[str]:
    if size > LEAF_BYTES_MAX:
        yield f"{size} bytes are more than a leaf may have"
    texts = (leaf.emitter, leaf.submission, leaf.received_at, leaf.sequenced_at, leaf.token)
    if not all(isinstance(text, str) for text in (*texts, leaf.body_sha256)):
        yield "a text member is no text"
        return
    if leaf.v != 1 or leaf.outcome not in _OUTCOMES:
        yield f"version {leaf.v}, outcome {leaf.outcome} are not known"
    if not (_MOMENT.fullmatch(leaf.received_at) and _MOMENT.fullmatch(leaf.sequenced_at)):
        yield "a time is not in the one spelling"
    elif not (_is_moment(leaf.received_at) and _is_moment(leaf.sequenced_at)):
        yield "a time is no moment"
    if not _DIGEST.fullmatch(leaf.body_sha256):
        yield "body_sha256 is no SHA-256"
    if not (type(leaf.body_bytes) is type(leaf.events) is int and 0 < leaf.events <= EVENTS_MAX):
        yield "body_bytes and events are not counts"
    if leaf.first_event is not None and type(leaf.first_event) is not int:
        yield "first_event is no number"


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Chain:
    """Follows the leaves one by one."""

    next_index: int = 0
    previous: bytes = _FIRST_PREVIOUS
    sequenced_at: str = ""

    def follow(self, record: LeafRecord) -> tuple[ReadLeaf | None, list[Finding]]:
        """The leaf read (None if it cannot be) and what is wrong with its place in the chain."""
        findings = list(self._link_faults(record))
        self.next_index, self.previous = record.index + 1, leaf_hash(record.leaf)
        try:
            leaf = read_leaf(record.leaf)
        except Unreadable as error:
            findings.append(Finding(f"leaf {record.index}", "leaf bytes", "a leaf", str(error)))
            return None, findings
        if leaf.sequenced_at < self.sequenced_at:
            where = f"leaf {record.index}"
            what = "sequenced_at goes back"
            findings.append(
                Finding(where, what, f"at least {self.sequenced_at}", leaf.sequenced_at)
            )
        self.sequenced_at = max(self.sequenced_at, leaf.sequenced_at)
        return leaf, findings

    def _link_faults(self, record: LeafRecord) -> Iterator[Finding]:
        where = f"leaf {record.index}"
        if record.index != self.next_index:
            yield Finding(where, "leaf indexes are dense", self.next_index, record.index)
        if record.previous_hash != self.previous:
            yield Finding(where, "hash of the leaf before it", self.previous, record.previous_hash)
