"""What clients remember of what they sent, against what the log holds after any fault."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
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
    history: Iterable[Attempt], leaves: Mapping[Identity, int], *, settled: bool = True
) -> Iterator[Finding]:
    """Hold the leaves, by (emitter, id, digest), to what the clients were told.

    Acknowledged: one leaf. Refused each time: none. Else none or one. Nothing else stands in the
    log from emitters that the history speaks of. That no identity has two leaves is the chain's
    check. `settled` False: acknowledged bodies may still wait for their leaf.
    """
    answers: dict[Identity, set[Answer]] = defaultdict(set)
    for attempt in history:
        answers[attempt[:3]].add(attempt.answer)
    for identity, heard in answers.items():
        leaf = leaves.get(identity)
        if Answer.ACKED in heard and leaf is None and settled:
            yield Finding(_named(identity), "acknowledged", "one leaf", "no leaf")
        if heard == {Answer.REFUSED} and leaf is not None:
            yield Finding(_named(identity), "refused each time", "no leaf", f"leaf {leaf}")
    yield from _strangers(answers, leaves)


def _strangers(
    sent: Mapping[Identity, set[Answer]], leaves: Mapping[Identity, int]
) -> Iterator[Finding]:
    emitters = {emitter for emitter, _, _ in sent}
    for identity, leaf in leaves.items():
        if identity[0] in emitters and identity not in sent:
            yield Finding(_named(identity), "never sent", "no leaf", f"leaf {leaf}")


def _named(identity: Identity) -> str:
    emitter, submission, digest = identity
    return f"submission {submission} of {emitter} (SHA-256 {digest.hex()})"
