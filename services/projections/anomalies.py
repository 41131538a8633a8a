"""The rules whose breach is named in a submission report. No event is lost by one."""

from dataclasses import dataclass

#: The terms of a complete simplified written contract; one that lacks a term is flagged.
LEGAL_TERMS = (
    "task_group",
    "unit_pay",
    "total_rule",
    "final_client",
    "max_duration_seconds",
    "recourse",
    "processing_platform",
    "data_purpose",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What was found, how to correct it, and whether the event still counts."""

    text: str
    remedy: str
    counted: bool


RULES: dict[str, Rule] = {
    "event-id-reused": Rule(
        "This event id was used before with other content; the first use stands.",
        "Send the fact under an id of its own, or correct the first event by correction.replaced.",
        counted=False,
    ),
    "correction-unknown-event": Rule(
        "The event that this correction names is not known before it.",
        "Name the id of an event that you sent earlier; send a correction after what it corrects.",
        counted=False,
    ),
    "correction-of-correction": Rule(
        "This correction names another correction.",
        "Name the original event; an event can be corrected as often as needed.",
        counted=False,
    ),
    "correction-not-allowed": Rule(
        "An act of this type cannot be corrected.",
        "Send the act that ends or renews it instead, such as a revocation or a new adoption.",
        counted=False,
    ),
    "correction-other-type": Rule(
        "The replacement is of another type than the event that it replaces.",
        "Cancel the event and send the right one as a new event.",
        counted=False,
    ),
    "correction-nothing-stands": Rule(
        "The event that this correction cancels is cancelled already.",
        "Nothing to do; to put it back, send correction.replaced with its data.",
        counted=False,
    ),
    "contract-term-missing": Rule(
        "The contract does not state this term of a complete written contract.",
        "Publish contract.amended with the full terms.",
        counted=True,
    ),
    "act-without-effect": Rule(
        "This act changed nothing: what it names is unknown, or stands already.",
        "Check the emitter's id and the key's thumbprint.",
        counted=False,
    ),
    "rate-published-twice": Rule(
        "A rate of this pair and day was published before; the first stands.",
        "Replace the first by correction.replaced.",
        counted=False,
    ),
    "ledger-not-next": Rule(
        "This posting does not follow the scheme's last entry: another came before it.",
        "Nothing was posted. Assess again behind the last entry and post what still differs.",
        counted=False,
    ),
    "ledger-unbalanced": Rule(
        "The debits of this posting do not equal its credits in every currency.",
        "Nothing was posted. Post lines that balance; a residue goes to the account rounding.",
        counted=False,
    ),
    "ledger-line-unowned": Rule(
        "This posting has no line, one without platform or worker, or one on a reserved account.",
        "Nothing was posted. State platform and worker on every line, or once for all of them.",
        counted=False,
    ),
    "ledger-period-closed": Rule(
        "The period of this posting is closed: it never changes again.",
        "Nothing was posted. Post to the oldest open period, with `about` naming the closed one.",
        counted=False,
    ),
    "ledger-wrong-period": Rule(
        "`about` names a period that is not closed, or the posting is not in the oldest open one.",
        "Nothing was posted. Post an open period directly, a closed one to the month behind the "
        "last closed one.",
        counted=False,
    ),
    "ledger-basis-not-past": Rule(
        "The basis is not a position before this act, or the previous basis lies behind it.",
        "Assess at a position that the views have reached, and send the act after it.",
        counted=False,
    ),
    "ledger-policy-not-adopted": Rule(
        "The policy's digest is not the one in force at the basis.",
        "Nothing was posted. Assess again under the policy that was adopted at the basis.",
        counted=False,
    ),
    "policy-not-readable": Rule(
        "The files of this policy are refused, or they are not those of its digest.",
        "The policy before it stays in force. Mend the files and adopt them: sijill policy adopt "
        "names every fault.",
        counted=False,
    ),
    "period-closed-already": Rule(
        "This period is closed, or lies before one that is.",
        "Nothing to do: what came later stands in the oldest open period.",
        counted=False,
    ),
    "period-predecessor-open": Rule(
        "The period before this one is still open.",
        "Close periods in their order, without a gap.",
        counted=False,
    ),
    "period-entries-since": Rule(
        "Entries were posted since this statement was made.",
        "Make the statement anew and send it again: sijill period close does both.",
        counted=False,
    ),
    "period-totals-differ": Rule(
        "The totals of this closing are not those of the period's entries.",
        "Compare with the period's statement, find what is missing, and close by that statement.",
        counted=False,
    ),
    "period-statement-differs": Rule(
        "The statement's digest is not that of the statement which the entries give.",
        "Make the statement from the entries at its basis: sijill period close does so.",
        counted=False,
    ),
    "identity-link-cycle": Rule(
        "This pseudonym is linked to this person already: a second link would close a circle.",
        "Nothing to do.",
        counted=False,
    ),
    "identity-second-person": Rule(
        "This pseudonym is linked to another person, and nobody is two.",
        "If the first link is wrong, unlink it first; then send this one again.",
        counted=False,
    ),
    "identity-not-linked": Rule(
        "This pseudonym is not linked to this person.",
        "Check platform, pseudonym and person.",
        counted=False,
    ),
    "identity-unknown-platform": Rule(
        "No platform of this id was registered before this act.",
        "Check the platform's id, or register it first.",
        counted=False,
    ),
    "remittance-unknown-platform": Rule(
        "No platform of this id was registered before this remittance.",
        "Check the platform's id; then send the remittance as a new event.",
        counted=False,
    ),
    "scheme-assigned-to-nobody": Rule(
        "This assignment names neither a person nor a worker of a platform, or both.",
        "State person alone, or platform and worker.",
        counted=False,
    ),
    "scheme-assigned-for-no-day": Rule(
        "This assignment ends before it begins.",
        "State day_to on or after day_from, or leave it out.",
        counted=False,
    ),
    "work-without-contract": Rule(
        "The work names no contract, or one that was never published.",
        "Publish the contract and name it in task events.",
        counted=True,
    ),
    "task-events-disagree": Rule(
        "Events of this task state different workers, contracts, times or seconds.",
        "Replace the wrong event by correction.replaced.",
        counted=True,
    ),
    "task-event-twice": Rule(
        "Two events of one type stand for this task.",
        "Cancel the one too many by correction.cancelled.",
        counted=True,
    ),
}
