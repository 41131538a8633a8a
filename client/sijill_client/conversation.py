"""What a platform and its registry say to each other: what is asked, and what an answer means.

Nothing here touches the network: each method gives the steps of an exchange (see `http`), and
`Emitter` and `AsyncEmitter` take them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, TypeVar

import httpx
import msgspec

from sijill_client.documents import (
    PlatformStatus,
    Problem,
    Receipt,
    RegistryStatus,
    Report,
)
from sijill_client.errors import SijillError, Unreachable
from sijill_client.http import Caller, Pause, Steps
from sijill_client.keys import PlatformKey
from sijill_client.signing import (
    ACCESS_SECONDS,
    CONTENT_TYPE,
    access_token,
    sign_submission,
    submission_id,
)

#: Seconds that `Prefer: wait` may ask for.
WAIT_MAX = 30
#: How often a report is asked for again: a good minute.
POLLS_MAX = 40
#: How often an acknowledged submission is sent again to get its receipt.
RECEIPT_POLLS_MAX = 12
#: How far this machine's clock may be from the registry's before signatures or tokens fail.
CLOCK_OFF_MAX = timedelta(seconds=ACCESS_SECONDS)

State = Literal["accepted", "repeated", "acknowledged", "refused"]
_Document = TypeVar("_Document")


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """What the registry answered to one submission.

    `accepted`: counted by this sending; `repeated`: it stood there already; `acknowledged`: kept,
    not yet sequenced; `refused`: see `problem`. `answer` is the registry's document, a signed
    receipt or acknowledgement: the platform's proof.
    """

    submission: str
    state: State
    leaf_index: int | None = None
    answer: bytes = b""
    problem: Problem | None = None


class Conversation:
    """One platform's side of it. `build` makes a request for the client that will send it.

    `ValueError` if `url` is no http(s) address.
    """

    def __init__(
        self, key: PlatformKey, url: str, build: Callable[..., httpx.Request], caller: Caller
    ) -> None:
        if not url.startswith(("https://", "http://")):
            raise ValueError(f"{url!r} is not the address of a registry (https://…)")
        self.key = key
        self._url = url.rstrip("/")
        self._build, self._caller, self._clock = build, caller, caller.clock

    @property
    def source(self) -> str:
        """The `source` of every event of this platform."""
        return f"/emitters/{self.key.emitter}"

    def submit(
        self, events: Sequence[Mapping[str, Any]], wait: int = 10
    ) -> Steps[SubmissionResult]:
        """See `Emitter.submit`."""
        envelope = {"source": self.source, "specversion": "1.0"}
        return self.send(msgspec.json.encode([{**envelope, **event} for event in events]), wait)

    def send(
        self, body: bytes, wait: int = 10, submission: str | None = None
    ) -> Steps[SubmissionResult]:
        """See `Emitter.send`."""
        submission = submission or submission_id(self.key, body)
        answer = yield from self._caller.call(lambda: self._post(submission, body, wait))
        acknowledged = answer.status_code == 202
        for poll in range(RECEIPT_POLLS_MAX if wait else 0):
            if answer.status_code != 202:
                break
            # Not sequenced within the wait: the same bytes again ask for the receipt.
            yield _pause(poll)
            answer = yield from self._caller.call(lambda: self._post(submission, body, wait))
        return (yield from self._result(submission, answer, acknowledged))

    def report(self, submission: str, polls: int = POLLS_MAX) -> Steps[Report | Problem | None]:
        """See `Emitter.report`."""
        url = f"{self._url}/v1/emitters/{self.key.emitter}/submissions/{submission}"
        for poll in range(polls):
            answer = yield from self._caller.call(lambda: self._get(url))
            found = _decoded(answer, Report)
            if found is not None and found.folded:
                return found
            if found is None and answer.status_code != 404:
                return (yield from self._problem(answer))
            yield _pause(poll)
        return None

    def status(
        self, first: date | None = None, last: date | None = None
    ) -> Steps[PlatformStatus | Problem]:
        """See `Emitter.status`."""
        asked = {"from": first, "to": last}
        stated = {name: day.isoformat() for name, day in asked.items() if day is not None}
        url = httpx.URL(f"{self._url}/v1/emitters/{self.key.emitter}/status", params=stated)
        answer = yield from self._caller.call(lambda: self._get(str(url)))
        return _decoded(answer, PlatformStatus) or (yield from self._problem(answer))

    def registry(self) -> Steps[RegistryStatus | None]:
        """See `Emitter.registry`."""
        return _decoded((yield from self._registry()), RegistryStatus)

    def _registry(self) -> Steps[httpx.Response]:
        url = f"{self._url}/v1/registry"
        return self._caller.call(lambda: self._build("GET", url))

    def check_registry(self) -> Steps[RegistryStatus]:
        """What `registry` says; see `Emitter.check_registry`."""
        answer = yield from self._registry()
        status = _decoded(answer, RegistryStatus)
        if status is None:
            raise SijillError(
                f"no registry answers at {self._url} (its /v1/registry says {_said(answer)}); "
                "nothing was sent"
            )
        if status.identity != self.key.registry:
            raise SijillError(
                f"the registry at {self._url} is {status.identity}, but the key belongs to "
                f"{self.key.registry}; nothing was sent"
            )
        return status

    def _post(self, submission: str, body: bytes, wait: int) -> httpx.Request:
        token = sign_submission(self.key, submission, body, self._clock())
        headers = {"Content-Type": CONTENT_TYPE, "Submission-Signature": token}
        if wait:
            headers["Prefer"] = f"wait={min(wait, WAIT_MAX)}"
        url = f"{self._url}/v1/submissions"
        return self._build("POST", url, content=body, headers=headers)

    def _get(self, url: str) -> httpx.Request:
        token = access_token(self.key, self._clock())
        return self._build("GET", url, headers={"Authorization": f"Bearer {token}"})

    def _result(
        self, submission: str, answer: httpx.Response, acknowledged: bool
    ) -> Steps[SubmissionResult]:
        if answer.status_code == 202:
            return SubmissionResult(submission, "acknowledged", answer=answer.content)
        receipt = _decoded(answer, Receipt) if answer.status_code in (200, 201) else None
        if receipt is None:
            problem = yield from self._problem(answer)
            return SubmissionResult(submission, "refused", answer=answer.content, problem=problem)
        if receipt.outcome != "counted":
            return SubmissionResult(
                submission, "refused", receipt.leaf_index, answer.content, _uncounted(receipt)
            )
        # A receipt that follows our own acknowledgement is of this sending, whatever its status.
        fresh = acknowledged or answer.status_code == 201
        state: State = "accepted" if fresh else "repeated"
        return SubmissionResult(submission, state, receipt.leaf_index, answer.content)

    def _problem(self, answer: httpx.Response) -> Steps[Problem]:
        problem = _decoded(answer, Problem, of_success=False) or Problem(
            title=answer.reason_phrase or "unexpected answer", detail=_unexpected(answer)
        )
        both = (yield from self._clocks_apart()) if answer.status_code == 401 else ""
        detail = "; ".join(part for part in (problem.detail, both) if part)
        return msgspec.structs.replace(problem, status=answer.status_code, detail=detail)

    def _clocks_apart(self) -> Steps[str]:
        """Both clocks, if they are so far apart that nothing signed here can be accepted."""
        try:
            status = yield from self.registry()
        except Unreachable:
            return ""
        own = self._clock()
        if status is None or abs(own - status.time) <= CLOCK_OFF_MAX:
            return ""
        return (
            f"this machine's clock says {own:%Y-%m-%d %H:%M:%S%z}, the registry's says "
            f"{status.time:%Y-%m-%d %H:%M:%S%z}: set the clock right and try again"
        )


def _uncounted(receipt: Receipt) -> Problem:
    if receipt.outcome == "key-revoked":
        return Problem(
            title="key-revoked",
            detail="the key was revoked before the submission was sequenced; push again with a "
            "key that stands, its submissions get new ids",
        )
    return Problem(
        title=receipt.outcome,
        detail="the registry holds another submission under this id; it kept both as evidence",
    )


def _decoded(
    answer: httpx.Response, kind: type[_Document], *, of_success: bool = True
) -> _Document | None:
    """The answer's JSON as that document, or None if it is something else."""
    if answer.is_success is not of_success:
        return None
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _unexpected(answer: httpx.Response) -> str:
    """What an answer that is none of the registry's documents says."""
    if place := answer.headers.get("Location"):
        return f"it points to {place}: take that address if it is the registry's"
    text = answer.text[:200]
    return f"no answer of a registry: {text}" if answer.is_success else text


def _said(answer: httpx.Response) -> str:
    told = f"{answer.status_code} {answer.reason_phrase}"
    return ": ".join(part for part in (told, _unexpected(answer)) if part)


def _pause(poll: int) -> Pause:
    """Seconds between two polls: from 50 ms up to 2 s."""
    return Pause(min(2.0, 0.05 * 2.0**poll))
