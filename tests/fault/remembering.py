"""What the clients of a fault run remember: what they sent, what they heard, and what was odd."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import httpx
import msgspec

from services.checker.history import Answer, Attempt, Identity


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission: its id and exact bytes."""

    emitter: str
    submission: str
    body: bytes

    @property
    def identity(self) -> Identity:
        """What makes a submission the same."""
        return self.emitter, self.submission, hashlib.sha256(self.body).digest()


class _Document(msgspec.Struct):
    """What acknowledgements and receipts have in common."""

    emitter: str
    submission: str
    body_sha256: str


class _Receipt(msgspec.Struct):
    leaf_index: int


#: How the door refuses: each has a cause in what was sent, or in a clock that was wrong.
_REFUSALS = frozenset({400, 401, 403, 408, 409, 422, 429})
#: Refused for what was sent, whenever it is sent: nothing is left to be done.
_DESERVED = frozenset({409, 422})
#: What a refusal may not be for: every key was registered before it was used.
_NEVER = ("unknown-key", "bad-signature")


@dataclass
class Memory:
    """The history, and every answer that nobody may give: `odd` must stay empty."""

    history: list[Attempt] = field(default_factory=list)
    acked: dict[Identity, Sent] = field(default_factory=dict)
    unsettled: dict[Identity, Sent] = field(default_factory=dict)
    receipts: dict[Identity, bytes] = field(default_factory=dict)
    answers: Counter[Answer] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    def heard(self, sent: Sent, answer: httpx.Response | None) -> Answer:
        """One attempt and what came of it; None: no answer came, or half of one."""
        told = Answer.UNKNOWN if answer is None else self._judge(sent, answer)
        identity = sent.identity
        self.history.append(Attempt(*identity, told))
        self.answers[told] += 1
        if told is Answer.ACKED:
            self.acked[identity] = sent
        if told is Answer.ACKED or (answer is not None and answer.status_code in _DESERVED):
            self.unsettled.pop(identity, None)
        elif told is Answer.UNKNOWN and identity not in self.acked:
            self.unsettled[identity] = sent
        return told

    def receipt(self, identity: Identity, document: bytes) -> None:
        """A receipt that was given: the same bytes for ever."""
        before = self.receipts.setdefault(identity, document)
        if before != document:
            self.odd.append(f"two receipts for {identity[:2]}: {before!r}, then {document!r}")

    def leaf_of(self, identity: Identity) -> int:
        """The leaf that a receipt names."""
        return msgspec.json.decode(self.receipts[identity], type=_Receipt).leaf_index

    def _judge(self, sent: Sent, answer: httpx.Response) -> Answer:
        status = answer.status_code
        if status in (200, 201, 202):
            self._promised(sent, answer)
            return Answer.ACKED
        if status == 503:
            return Answer.UNKNOWN
        if status not in _REFUSALS or any(kind in answer.text for kind in _NEVER):
            self.odd.append(f"{status} for {sent.submission} of {sent.emitter}: {answer.text}")
        return Answer.UNKNOWN if status >= 500 else Answer.REFUSED

    def _promised(self, sent: Sent, answer: httpx.Response) -> None:
        said = msgspec.json.decode(answer.content, type=_Document)
        wanted = (sent.emitter, sent.submission, sent.identity[2].hex())
        if (said.emitter, said.submission, said.body_sha256) != wanted:
            self.odd.append(f"an answer about something else: {answer.text} for {wanted}")
        if answer.status_code != 202:
            self.receipt(sent.identity, answer.content)
