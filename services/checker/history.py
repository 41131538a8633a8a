"""What clients remember of what they sent, against what the log holds after any fault."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from services.checker.report import Finding


class Answer(StrEnum):
    """What one attempt to push came to, as its client saw it."""

    ACKED = "acked"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Attempt(NamedTuple):
    """One push: `sha256` is the digest of the body's bytes."""

    emitter: str
    submission: str
    sha256: bytes
    answer: Answer


Identity = tuple[str, str, bytes]


def check_history(
    history: Iterable[Attempt],
    leaves: Mapping[Identity, int],
    waiting: Set[Identity] = frozenset(),
) -> Iterator[Finding]:
    """Hold the log to what the clients were told.

    `leaves`: the leaf of each (emitter, id, digest). `waiting`: those that lie in the intake and
    have no leaf yet. Acknowledged: in the log. Refused each time: not in it. Otherwise either.
    Nothing else stands in the log from emitters that the history speaks of. That no identity has
    two leaves is a check of the chain.
    """
    answers: dict[Identity, set[Answer]] = defaultdict(set)
    for attempt in history:
        answers[attempt[:3]].add(attempt.answer)
    for identity, heard in answers.items():
        found = _found(identity, leaves, waiting)
        if Answer.ACKED in heard and found is None:
            yield Finding(_named(identity), "acknowledged", "one leaf", "no leaf")
        if heard == {Answer.REFUSED} and found is not None:
            yield Finding(_named(identity), "refused each time", "no leaf", found)
    yield from _strangers(answers, leaves, waiting)


def _found(
    identity: Identity, leaves: Mapping[Identity, int], waiting: Set[Identity]
) -> str | None:
    leaf = leaves.get(identity)
    if leaf is not None:
        return f"leaf {leaf}"
    return "waiting in the intake" if identity in waiting else None


def _strangers(
    sent: Mapping[Identity, set[Answer]], leaves: Mapping[Identity, int], waiting: Set[Identity]
) -> Iterator[Finding]:
    emitters = {emitter for emitter, _, _ in sent}
    for identity in chain(leaves, sorted(waiting)):
        if identity[0] in emitters and identity not in sent:
            found = _found(identity, leaves, waiting)
            yield Finding(_named(identity), "never sent", "no leaf", found)


def _named(identity: Identity) -> str:
    emitter, submission, digest = identity
    return f"submission {submission} of {emitter} (SHA-256 {digest.hex()})"
