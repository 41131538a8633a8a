"""Every event type that the registry knows, as one tagged union on `type`.

Names follow the field (ILO, MTurk) in CloudEvents 1.0 envelopes. A version once accepted keeps
its decoder for ever: a change of meaning is a new `.v2` class beside the old one.
"""

from enum import StrEnum
from typing import Any, Literal, get_type_hints

import msgspec
from msgspec import Struct

from events import acts, data
from events.scalars import Code, Identifier, Moment

TYPE_SUFFIX = ".v1"


class EmitterKind(StrEnum):
    """Who may sign."""

    AUTHORITY = "authority"
    REGISTRY = "registry"
    FUND = "fund"
    PLATFORM = "platform"


class Event(Struct, tag_field="type", kw_only=True, gc=False):
    """CloudEvents 1.0 envelope; attributes that are not named here are kept and ignored."""

    id: Identifier
    source: str
    specversion: Literal["1.0"]
    time: Moment
    data: Any


class ContractPublished(Event, tag="contract.published.v1"):
    """A platform offers work under these terms."""

    data: data.ContractTerms


class ContractAmended(Event, tag="contract.amended.v1"):
    """The terms changed; they are stated anew in full."""

    data: data.ContractTerms


class ContractWithdrawn(Event, tag="contract.withdrawn.v1"):
    """The offer ended."""

    data: data.ContractWithdrawal


class ContractAccepted(Event, tag="contract.accepted.v1"):
    """A worker accepted the terms."""

    data: data.ContractAcceptance


class TaskCompleted(Event, tag="task.completed.v1"):
    """A worker handed in work."""

    data: data.Completion


class TaskApproved(Event, tag="task.approved.v1"):
    """The work was approved and its pay earned."""

    data: data.Approval


class TaskReturned(Event, tag="task.returned.v1"):
    """The worker gave the task back."""

    data: data.Dropping


class TaskExpired(Event, tag="task.expired.v1"):
    """The time for the task ran out."""

    data: data.Dropping


class TaskAborted(Event, tag="task.aborted.v1"):
    """A technical fault ended the task."""

    data: data.Abortion


class TimeReported(Event, tag="time.reported.v1"):
    """Unpaid time of a worker that belongs to no task."""

    data: data.UnpaidTime


class RejectionIssued(Event, tag="rejection.issued.v1"):
    """Work was rejected."""

    data: data.Rejection


class RejectionWithdrawn(Event, tag="rejection.withdrawn.v1"):
    """A rejection was taken back; repeats the fields of the rejection that it undoes."""

    data: data.Rejection


class PaymentMade(Event, tag="payment.made.v1"):
    """A worker was paid."""

    data: data.Payment


class PaymentReversed(Event, tag="payment.reversed.v1"):
    """A payment was undone; repeats the fields of the payment that it undoes."""

    data: data.Payment


class DisputeOpened(Event, tag="dispute.opened.v1"):
    """A dispute began."""

    data: data.DisputeOpened


class DisputeAnswered(Event, tag="dispute.answered.v1"):
    """A dispute was answered."""

    data: data.DisputeAnswered


class DisputeDecided(Event, tag="dispute.decided.v1"):
    """A dispute was decided."""

    data: data.DisputeDecided


class ReviewGiven(Event, tag="review.given.v1"):
    """A worker rated a client."""

    data: data.Review


class AccountOpened(Event, tag="account.opened.v1"):
    """A worker's account was opened."""

    data: data.Account


class AccountSuspended(Event, tag="account.suspended.v1"):
    """A worker's account was suspended."""

    data: data.Account


class AccountClosed(Event, tag="account.closed.v1"):
    """A worker's account was closed."""

    data: data.Account


class DayNil(Event, tag="day.nil.v1"):
    """The platform declares that a day had no work."""

    data: data.NilDay


class AuthorityEstablished(Event, tag="authority.established.v1"):
    """Leaf 0 of every log."""

    data: acts.AuthorityEstablished


class PlatformRegistered(Event, tag="platform.registered.v1"):
    """The authority lets a platform speak."""

    data: acts.PlatformRegistered


class PlatformRenamed(Event, tag="platform.renamed.v1"):
    """The authority records a platform's new name."""

    data: acts.PlatformRenamed


class PlatformSucceeded(Event, tag="platform.succeeded.v1"):
    """The authority records that one platform took over another."""

    data: acts.PlatformSucceeded


class PlatformObserved(Event, tag="platform.observed.v1"):
    """The authority saw a platform at work that never registered."""

    data: acts.PlatformObserved


class FundRegistered(Event, tag="fund.registered.v1"):
    """The authority lets a fund speak for its schemes."""

    data: acts.FundRegistered


class KeyAdded(Event, tag="key.added.v1"):
    """The authority adds a key to an emitter."""

    data: acts.KeyAdded


class KeyRevoked(Event, tag="key.revoked.v1"):
    """The authority revokes a key."""

    data: acts.KeyRevoked


class PolicyAdopted(Event, tag="policy.adopted.v1"):
    """The authority adopts a country's policy bundle."""

    data: acts.PolicyAdopted


class RatePublished(Event, tag="rate.published.v1"):
    """An exchange rate of a day."""

    data: acts.RatePublished


class IdentityLinked(Event, tag="identity.linked.v1"):
    """Two pseudonyms are one person."""

    data: acts.IdentityLink


class IdentityUnlinked(Event, tag="identity.unlinked.v1"):
    """A pseudonym is not that person."""

    data: acts.IdentityLink


class SchemeAssigned(Event, tag="scheme.assigned.v1"):
    """A worker stands under a scheme."""

    data: acts.SchemeAssigned


class LedgerPosted(Event, tag="ledger.posted.v1"):
    """The registry posts contribution entries."""

    data: acts.LedgerPosted


class PeriodClosed(Event, tag="period.closed.v1"):
    """A fund closes a month."""

    data: acts.PeriodClosed


class RemittanceReceived(Event, tag="remittance.received.v1"):
    """A fund received money from a platform."""

    data: acts.RemittanceReceived


class SubmissionQuarantined(Event, tag="submission.quarantined.v1"):
    """The authority sets a leaf aside that no fold can read."""

    data: acts.SubmissionQuarantined


PLATFORM_EVENTS: tuple[type[Event], ...] = (
    ContractPublished,
    ContractAmended,
    ContractWithdrawn,
    ContractAccepted,
    TaskCompleted,
    TaskApproved,
    TaskReturned,
    TaskExpired,
    TaskAborted,
    TimeReported,
    RejectionIssued,
    RejectionWithdrawn,
    PaymentMade,
    PaymentReversed,
    DisputeOpened,
    DisputeAnswered,
    DisputeDecided,
    ReviewGiven,
    AccountOpened,
    AccountSuspended,
    AccountClosed,
    DayNil,
)
#: Acts that a later `correction` may name (RULES 4).
CORRECTABLE_ACTS: tuple[type[Event], ...] = (
    RatePublished,
    IdentityLinked,
    IdentityUnlinked,
    SchemeAssigned,
    RemittanceReceived,
)
FINAL_ACTS: tuple[type[Event], ...] = (
    AuthorityEstablished,
    PlatformRegistered,
    PlatformRenamed,
    PlatformSucceeded,
    PlatformObserved,
    FundRegistered,
    KeyAdded,
    KeyRevoked,
    PolicyAdopted,
    LedgerPosted,
    PeriodClosed,
    SubmissionQuarantined,
)


def type_of(event: type[Event]) -> str:
    """The CloudEvents `type` of an event class."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def data_type_of(event: type[Event]) -> type[Struct]:
    """The class of an event's `data`."""
    found: type[Struct] = get_type_hints(event)["data"]
    return found


def _replacement(event: type[Event]) -> type[Struct]:
    """What stands in `correction.replaced` for an event of this class: type and new data."""
    return msgspec.defstruct(
        f"{event.__name__}Replacement",
        [("data", data_type_of(event))],
        tag_field="type",
        tag=type_of(event),
        frozen=True,
        kw_only=True,
    )


REPLACEMENTS = tuple(_replacement(event) for event in PLATFORM_EVENTS + CORRECTABLE_ACTS)
Replacement: Any = REPLACEMENTS[0]
for _one in REPLACEMENTS[1:]:
    Replacement = Replacement | _one


class Cancellation(data.Data):
    """Names an earlier event of the same emitter whose effect ends."""

    event: Identifier
    reason_code: Code | None = None


class Replacing(data.Data):
    """Names an earlier event of the same emitter and says what stands instead."""

    event: Identifier
    replacement: Replacement
    reason_code: Code | None = None


class CorrectionCancelled(Event, tag="correction.cancelled.v1"):
    """An earlier event is cancelled."""

    data: Cancellation


class CorrectionReplaced(Event, tag="correction.replaced.v1"):
    """An earlier event is replaced by new data of the same type."""

    data: Replacing


CORRECTIONS: tuple[type[Event], ...] = (CorrectionCancelled, CorrectionReplaced)
EVENTS: tuple[type[Event], ...] = PLATFORM_EVENTS + CORRECTIONS + CORRECTABLE_ACTS + FINAL_ACTS
BY_TYPE: dict[str, type[Event]] = {type_of(event): event for event in EVENTS}

AnyEvent: Any = EVENTS[0]
for _event in EVENTS[1:]:
    AnyEvent = AnyEvent | _event

#: Which event classes each kind of emitter may sign (RULES 6).
MAY_SIGN: dict[EmitterKind, frozenset[type[Event]]] = {
    EmitterKind.PLATFORM: frozenset(PLATFORM_EVENTS + CORRECTIONS),
    EmitterKind.AUTHORITY: frozenset(
        set(CORRECTABLE_ACTS + FINAL_ACTS + CORRECTIONS) - {LedgerPosted}
    ),
    EmitterKind.REGISTRY: frozenset({LedgerPosted}),
    EmitterKind.FUND: frozenset({PeriodClosed, RemittanceReceived, RatePublished, *CORRECTIONS}),
}
