"""Events of imported work.

Every event holds only what a later download of the same assignment repeats, so that pushing a
newer export of the same batch adds the decisions taken since and changes nothing sent before.
Payments are never made up: an approval states what was earned, not that it was paid.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sijill_client.batches import ReadyEvent
from sijill_client.importers.merge import Reading
from sijill_client.importers.mturk import CURRENCY
from sijill_client.importers.records import Assignment, Contract
from sijill_client.importers.times import write_time
from sijill_client.options import PushOptions

CONTRACT, COMPLETED = "contract.published", "task.completed"
ISSUED, WITHDRAWN, APPROVED = "rejection.issued", "rejection.withdrawn", "task.approved"
#: Contracts before work, work before decisions, a rejection before its withdrawal.
ORDER = (CONTRACT, COMPLETED, ISSUED, WITHDRAWN, APPROVED)
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,40}\Z")


class _Draft(NamedTuple):
    kind: str
    time: datetime
    subject: str
    data: dict[str, Any]


def event_id(kind: str, subject: str) -> str:
    """The id of the one event of this kind about an assignment or HIT; at most 64 characters.

    It is readable where the platform's id is plain and short. A digest, marked by `~` which no
    plain id contains, stands for any other.
    """
    if _PLAIN_ID.match(subject):
        return f"{kind}:{subject}"
    return f"{kind}:~{hashlib.sha256(subject.encode()).hexdigest()[:40]}"


def events_of(reading: Reading, options: PushOptions, source: str) -> Iterator[ReadyEvent]:
    """All events of a reading, in an order that depends on their content alone."""
    drafts = [_published(contract, options) for contract in reading.published()]
    for assignment in reading.assignments.values():
        drafts += _of_assignment(assignment, options)
    drafts.sort(key=lambda draft: (ORDER.index(draft.kind), draft.time, draft.subject))
    return (_encode(draft, source) for draft in drafts)


def earned(assignment: Assignment, options: PushOptions) -> dict[str, str]:
    """`amount` and `currency` of an approval; empty where neither file nor options state them.

    A reward that cannot be read is not replaced by the option: the file said something else.
    """
    if assignment.amount is not None:
        return {"amount": assignment.amount, "currency": CURRENCY}
    if options.unit_pay is None or options.currency is None or assignment.amount_is_bad:
        return {}
    return {"amount": options.unit_pay, "currency": options.currency}


def _published(contract: Contract, options: PushOptions) -> _Draft:
    assert contract.created is not None
    pay = {"amount": contract.amount, "currency": CURRENCY} if contract.amount else None
    terms = {
        "contract": contract.hit,
        "title": contract.title,
        "task_group": options.task_group,
        "unit_pay": pay,
        "max_duration_seconds": contract.max_seconds,
        "sandbox": contract.sandbox or None,
    }
    return _Draft(CONTRACT, contract.created, contract.hit, terms)


def _of_assignment(one: Assignment, options: PushOptions) -> Iterator[_Draft]:
    work = _work(one, options)
    started = write_time(one.accepted) if one.accepted else None
    yield _Draft(COMPLETED, one.submitted, one.task, {**work, "started": started})
    verdict = one.verdict
    if verdict.status == "rejected" or verdict.overturned:
        refusal = {**work, "pay_refused": True, "feedback": verdict.feedback}
        refusal |= _decided_at(verdict.rejected_at)
        yield _Draft(ISSUED, verdict.rejected_at or one.submitted, one.task, refusal)
        if verdict.overturned:
            yield _Draft(WITHDRAWN, verdict.approved_at or one.submitted, one.task, refusal)
    if verdict.status == "approved":
        approval = {**work, **earned(one, options), **_decided_at(verdict.approved_at)}
        yield _Draft(APPROVED, verdict.approved_at or one.submitted, one.task, approval)


def _work(one: Assignment, options: PushOptions) -> dict[str, Any]:
    """The fields with which every event about a task stands by itself."""
    return {
        "task": one.task,
        "worker": one.worker,
        "contract": one.contract.hit,
        "task_group": options.task_group,
        "residence": options.residence,
        "submitted": write_time(one.submitted),
        "seconds": one.seconds,
        "sandbox": one.contract.sandbox or None,
    }


def _decided_at(moment: datetime | None) -> dict[str, str]:
    return {"decided_at": write_time(moment)} if moment else {}


def _encode(draft: _Draft, source: str) -> ReadyEvent:
    event = {
        "id": event_id(draft.kind, draft.subject),
        "source": source,
        "specversion": "1.0",
        "type": f"{draft.kind}.v1",
        "time": write_time(draft.time),
        "data": {name: value for name, value in draft.data.items() if value is not None},
    }
    return ReadyEvent(f"{draft.kind}.v1", str(event["id"]), msgspec.json.encode(event))
