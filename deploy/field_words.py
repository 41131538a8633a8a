"""What each field of a platform's event means: the words of docs/platforms/events.md.

The form of a field (its pattern, its codes) is read from `events.data`; only the meaning is here.
"""

from events import data as d
from events.vocabulary import Cancellation, Replacing

#: Fields that mean the same wherever they stand.
COMMON = {
    "worker": "who worked",
    "residence": "where the worker lives",
    "sandbox": "true: a test without real money; kept, and in no sum",
    "reason_code": "why; a code of your own, never a sentence",
    "decided_by": "who or what decided",
    "decided_at": "when it was decided",
    "task": "one piece of work by one worker (MTurk: the assignment)",
    "contract": "the contract that the work was done under",
    "task_group": "ILO group of the work",
    "submitted": "when the work was handed in; its day is the work day",
    "seconds": "effective work time",
    "started": "when the worker began",
    "currency": "currency of the amount",
    "dispute": "your id of the dispute",
    "by": "which side spoke",
    "instructions_version": "which version of the instructions",
}

#: Fields that mean something else in one kind of event than in others.
OF: dict[type, dict[str, str]] = {
    d.ContractTerms: {
        "contract": "your id of the contract",
        "title": "what the worker saw as the title",
        "task_group": "ILO group of the work (legal term)",
        "unit_pay": "pay of one task (legal term)",
        "total_rule": "how the total is worked out (legal term)",
        "final_client": "who receives the work in the end (legal term)",
        "max_duration_seconds": "how long the task may take at most (legal term)",
        "recourse": "where the worker can complain (legal term)",
        "processing_platform": "which platform processes the work (legal term)",
        "data_purpose": "what the data are for (legal term)",
        "content_warnings": "codes of harmful content that the worker may meet",
    },
    d.ContractWithdrawal: {"contract": "the contract that ends"},
    d.ContractAcceptance: {"contract": "the contract that was accepted", "worker": "who accepted"},
    d.Approval: {"amount": "what was earned by this task; state it with `currency`"},
    d.Abortion: {"cause": "code of the technical fault"},
    d.Rejection: {
        "pay_refused": "true: the work is not paid, so its seconds are unpaid",
        "work_kept": "true: the client keeps the work",
        "feedback": "salted digest of what the client wrote, never the text",
        "taken_back": "amount taken back; only if the task had been approved before",
    },
    d.UnpaidTime: {
        "worker": "whose time",
        "day": "the day on which the time was spent",
        "kind": "what the time was spent on",
        "seconds": "unpaid time of that kind on that day",
    },
    d.Payment: {
        "worker": "who was paid",
        "gross": "before anything is taken off",
        "currency": "currency of every amount of the event",
        "fee": "what the platform took from the worker",
        "taxes": "taxes withheld",
        "contribution_withheld": "social contributions withheld",
        "net": "what the worker received",
        "rail": "by which way the money went",
        "asset": "what was handed over, if not the currency itself (such as `usdt`)",
        "quantity": "how much of the asset",
        "paid_at": "when it was paid; its day is the pay day",
        "tasks": "the tasks that were paid",
        "period_from": "first day of the period that was paid",
        "period_to": "last day of that period",
    },
    d.DisputeOpened: {
        "contested": "what is contested",
        "subject": "id of the task, payment, rating or account",
        "worker": "which worker is concerned",
    },
    d.DisputeAnswered: {"worker": "which worker is concerned"},
    d.DisputeDecided: {"worker": "which worker is concerned", "outcome": "how it ended"},
    d.Review: {
        "worker": "who rates",
        "client": "your id of the client who is rated",
        "pay": "rating of the pay",
        "fairness": "rating of the decisions",
        "promptness": "rating of how fast decisions and pay come",
        "communication": "rating of the answers",
        "task": "the task that the rating is about",
    },
    d.Account: {"worker": "whose account"},
    d.NilDay: {"day": "the day without work"},
    Cancellation: {"event": "id of the earlier event of yours"},
    Replacing: {
        "event": "id of the earlier event of yours",
        "replacement": "its `type`, the same as before, and the whole new `data`",
    },
}


def meaning(data: type, field: str) -> str:
    """What a field means; KeyError if nobody has written it down yet."""
    return OF.get(data, {}).get(field) or COMMON[field]
