"""Events of imported work.

Every event holds only what a later download of the same assignment repeats, so that pushing a
newer export of the same batch adds the decisions taken since and changes nothing sent before.
Payments are never made up: an approval states what was earned, not that it was paid.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from sijill_client.batches import ReadyEvent
from sijill_client.importers.merge import Reading
from sijill_client.importers.records import Assignment, Contract
from sijill_client.importers.times import write_time
from sijill_client.options import PushOptions

CONTRACT, COMPLETED = "contract.published", "task.completed"
RETURNED, EXPIRED = "task.returned", "task.expired"
ISSUED, WITHDRAWN, APPROVED = "rejection.issued", "rejection.withdrawn", "task.approved"
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,40}\Z")

Data = dict[str, Any]


def event_id(kind: str, subject: str) -> str:
    """The id of the one event of this kind about an assignment or HIT; at most 64 characters.

    It is readable where the platform's id is plain and short. A digest, marked by `~` which no
    plain id contains, stands for any other.
    """
    if _PLAIN_ID.match(subject):
        return f"{kind}:{subject}"
    return f"{kind}:~{hashlib.sha256(subject.encode()).hexdigest()[:40]}"


def events_of(reading: Reading, options: PushOptions, source: str) -> Iterator[ReadyEvent]:
    """All events of a reading, in an order that depends on their content alone.

    Contracts before work, work before decisions, a rejection before its withdrawal; events of one
    kind by their time, then by what they are about.
    """
    for contract in reading.spool.published():
        assert contract.created is not None
        data = _terms(contract, options)
        yield _encoded(CONTRACT, contract.created, contract.hit, data, source)
    for kind, (stored, tell) in _KINDS.items():
        for one in reading.spool.assignments(stored):
            time, data = tell(one, options)
            yield _encoded(kind, time, one.task, data, source)


def earned(assignment: Assignment, options: PushOptions) -> dict[str, str]:
    """`amount` and `currency` of an approval; empty where neither file nor options state them.

    A reward that cannot be read is not replaced by the option: the file said something else. Nor
    is one that was another than the usual.
    """
    currency = assignment.currency or options.currency
    if assignment.amount is not None:
        return {"amount": assignment.amount, "currency": currency} if currency else {}
    if options.unit_pay is None or options.currency is None or _paid_otherwise(assignment):
        return {}
    return {"amount": options.unit_pay, "currency": options.currency}


def _paid_otherwise(assignment: Assignment) -> bool:
    return assignment.amount_is_bad or assignment.verdict.paid_otherwise


def _terms(contract: Contract, options: PushOptions) -> Data:
    currency = contract.currency or options.currency
    pay = (
        {"amount": contract.amount, "currency": currency} if contract.amount and currency else None
    )
    return {
        "contract": contract.hit,
        "title": contract.title,
        "task_group": contract.task_group or options.task_group,
        "unit_pay": pay,
        "max_duration_seconds": contract.max_seconds,
        **contract.terms,
        "sandbox": contract.sandbox or None,
    }


def _completed(one: Assignment, options: PushOptions) -> tuple[datetime, Data]:
    return _begun(one), {**_work(one, options), **_started(one)}


def _dropped(one: Assignment, options: PushOptions) -> tuple[datetime, Data]:
    """Returned or expired. Nothing says when: the time is the last one that the export states."""
    return _begun(one), {**_work(one, options), **_started(one)}


def _issued(one: Assignment, options: PushOptions) -> tuple[datetime, Data]:
    return one.verdict.rejected_at or _begun(one), _refusal(one, options)


def _withdrawn(one: Assignment, options: PushOptions) -> tuple[datetime, Data]:
    return one.verdict.approved_at or _begun(one), _refusal(one, options)


def _approved(one: Assignment, options: PushOptions) -> tuple[datetime, Data]:
    decided = one.verdict.approved_at
    stated = {**earned(one, options), **_decided_at(decided)}
    data = {**_work(one, options), **stated, **_assumed(one.verdict.approved_assumed)}
    return decided or _begun(one), data


def _refusal(one: Assignment, options: PushOptions) -> Data:
    refused = {"pay_refused": True, "feedback": one.verdict.feedback}
    decided = _decided_at(one.verdict.rejected_at) | _assumed(one.verdict.rejected_assumed)
    return {**_work(one, options), **refused, **decided}


#: The kinds of events about assignments in their order: which assignments, and what is told.
_KINDS: dict[str, tuple[str, Callable[[Assignment, PushOptions], tuple[datetime, Data]]]] = {
    COMPLETED: ("completed", _completed),
    RETURNED: ("returned", _dropped),
    EXPIRED: ("expired", _dropped),
    ISSUED: ("issued", _issued),
    WITHDRAWN: ("withdrawn", _withdrawn),
    APPROVED: ("approved", _approved),
}


def _begun(one: Assignment) -> datetime:
    """When it was handed in, else begun; the reader takes no row without either."""
    assert one.time is not None
    return one.time


def _started(one: Assignment) -> dict[str, str]:
    return {"started": write_time(one.accepted)} if one.accepted else {}


def _work(one: Assignment, options: PushOptions) -> Data:
    """The fields with which every event about a task stands by itself.

    `utc_assumed` is a member that the registry keeps and does not read: the export names no zone.
    """
    return {
        "task": one.task,
        "worker": one.worker,
        "contract": one.hit,
        "task_group": one.task_group or options.task_group,
        "residence": one.residence or options.residence,
        "submitted": write_time(one.submitted) if one.submitted else None,
        "seconds": one.seconds,
        "sandbox": one.sandbox or None,
        "utc_assumed": one.utc_assumed or None,
    }


def _assumed(assumed: bool) -> Data:
    """`utc_assumed` is of the event: a decision whose time names no zone changes no other event."""
    return {"utc_assumed": True} if assumed else {}


def _decided_at(moment: datetime | None) -> dict[str, str]:
    return {"decided_at": write_time(moment)} if moment else {}


def _encoded(kind: str, time: datetime, subject: str, data: Data, source: str) -> ReadyEvent:
    event = {
        "id": event_id(kind, subject),
        "source": source,
        "specversion": "1.0",
        "type": f"{kind}.v1",
        "time": write_time(time),
        "data": {name: value for name, value in data.items() if value is not None},
    }
    return ReadyEvent(f"{kind}.v1", str(event["id"]), msgspec.json.encode(event))
