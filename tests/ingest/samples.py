"""One valid event of every type that an emitter other than the registry may say."""

from typing import Any

_WORK = {
    "task": "t-1",
    "worker": "w-1",
    "contract": "c-1",
    "task_group": "surveys",
    "residence": "MA-06",
    "submitted": "2026-03-03T18:00:00+01:00",
    "seconds": 90,
}
_PAYMENT = {
    "worker": "w-1",
    "gross": "1000000000.000000",
    "fee": "0.000001",
    "currency": "MAD",
    "net": "0",
    "rail": "crypto",
    "asset": "btc",
    "quantity": "0.00000001",
    "paid_at": "2026-03-03T18:00:00.123456Z",
    "tasks": ["t-1"],
    "period_from": "2026-02-01",
    "period_to": "2026-02-28",
}
_REJECTION = {
    **_WORK,
    "pay_refused": True,
    "work_kept": False,
    "reason_code": "low-quality",
    "feedback": "sha256:" + "0" * 64,
    "decided_by": "model",
    "taken_back": {"amount": "0.10", "currency": "USD"},
}
_DISPUTE = {"dispute": "d-1", "worker": "w-1", "reason_code": "unpaid"}
_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

PLATFORM: dict[str, dict[str, Any]] = {
    "contract.published": {
        "contract": "c-1",
        "title": "وسم الصور",
        "task_group": "ai-training",
        "unit_pay": {"amount": "0.05", "currency": "USD"},
        "max_duration_seconds": 600,
        "data_purpose": "training",
        "content_warnings": ["violence"],
    },
    "contract.amended": {"contract": "c-1"},
    "contract.withdrawn": {"contract": "c-1", "reason_code": "done"},
    "contract.accepted": {"contract": "c-1", "worker": "w-1"},
    "task.completed": {**_WORK, "started": "2026-03-03T17:58:00+01:00"},
    "task.approved": {**_WORK, "amount": "0.05", "currency": "USD", "decided_by": "human"},
    "task.returned": _WORK,
    "task.expired": _WORK,
    "task.aborted": {**_WORK, "cause": "server-down"},
    "time.reported": {"worker": "w-1", "day": "2026-03-03", "kind": "waiting", "seconds": 30},
    "rejection.issued": _REJECTION,
    "rejection.withdrawn": _REJECTION,
    "payment.made": _PAYMENT,
    "payment.reversed": _PAYMENT,
    "dispute.opened": {**_DISPUTE, "contested": "payment", "subject": "p-1", "by": "worker"},
    "dispute.answered": {**_DISPUTE, "by": "platform"},
    "dispute.decided": {**_DISPUTE, "outcome": "upheld", "decided_by": "human"},
    "review.given": {"worker": "w-1", "client": "c", "pay": 5, "fairness": 1},
    "account.opened": {"worker": "w-1", "residence": "MA"},
    "account.suspended": {"worker": "w-1", "reason_code": "inactive"},
    "account.closed": {"worker": "w-1"},
    "day.nil": {"day": "2026-03-03"},
    "correction.cancelled": {"event": "e-1", "reason_code": "typo"},
    "correction.replaced": {
        "event": "e-2",
        "replacement": {"type": "task.completed.v1", "data": _WORK},
    },
}
AUTHORITY: dict[str, dict[str, Any]] = {
    "platform.registered": {"emitter": "gamma", "name": "Gamma", "key": _KEY, "country": "MA"},
    "platform.renamed": {"emitter": "alpha", "name": "ألفا"},
    "platform.succeeded": {"emitter": "alpha", "successor": "beta"},
    "platform.observed": {"name": "Shadow", "address": "https://shadow.example"},
    "key.added": {"emitter": "alpha", "key": _KEY},
    "key.revoked": {"kid": "k" * 43},
    "submission.quarantined": {"leaf_index": 7, "reason_code": "unreadable"},
}
REGISTRY: dict[str, dict[str, Any]] = {
    "ledger.posted": {
        "scheme": "cnss",
        "period": "2026-02",
        "after": 0,
        "basis": 9,
        "policy": "sha256:" + "0" * 64,
        "lines": [
            {"account": "worker-contribution", "currency": "MAD", "debit": "1.00"},
            {"account": "payable", "currency": "MAD", "credit": "1.00", "branch": "health"},
        ],
    },
}
FUND: dict[str, dict[str, Any]] = {
    "period.closed": {
        "scheme": "cnss",
        "period": "2026-02",
        "after": 1,
        "basis": 9,
        "statement": "sha256:" + "0" * 64,
    },
    "remittance.received": {
        "scheme": "cnss",
        "platform": "alpha",
        "period": "2026-02",
        "amount": "12.50",
        "currency": "MAD",
        "received_on": "2026-03-03",
    },
    "rate.published": {
        "base": "USD",
        "quote": "MAD",
        "day": "2026-03-03",
        "rate": "9.9123456789",
        "scheme": "cnss",
    },
}
AUTHORITY |= {
    "fund.registered": {"emitter": "cnss", "name": "CNSS", "schemes": ["cnss"], "key": _KEY},
    "policy.adopted": {
        "country": "MA",
        "digest": "sha256:" + "0" * 64,
        "files": {"floor.yaml": "a: 1\nb: 2\n"},
    },
    "rate.published": {"base": "USD", "quote": "MAD", "day": "2026-03-03", "rate": "9.9"},
    "identity.linked": {"person": "p-1", "platform": "alpha", "worker": "w-1"},
    "identity.unlinked": {"person": "p-1", "platform": "alpha", "worker": "w-1"},
    "scheme.assigned": {"scheme": "cnss", "day_from": "2026-04-01", "person": "p-1"},
    "authority.established": {
        "name": "Ministry",
        "country": "MA",
        "time_zone": "Africa/Casablanca",
        "key": _KEY,
        "registry_key": _KEY,
    },
}
