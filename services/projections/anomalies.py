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
