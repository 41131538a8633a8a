"""The work of a platform that writes its own events instead of exporting tables."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from deploy.demo.ndjson import Filed, Pen, filed
from deploy.demo.work import MASS_REASON, TASK_SECONDS_MAX, Fate, Offer, Piece
from events import data, vocabulary
from events.scalars import DecidedBy, TaskGroup
from events.vocabulary import Event

CURRENCY = "USD"
WARNINGS: dict[TaskGroup, list[str]] = {TaskGroup.CONTENT_MODERATION: ["insults", "violence"]}
#: Work of these is used by the client although its pay was refused.
KEPT_REASONS = (MASS_REASON, "duplicate")


def work_events(pen: Pen, pieces: Iterable[Piece], unstated: frozenset[str]) -> Iterator[Filed]:
    """Contracts, work and decisions; pieces in `unstated` are approved without an amount."""
    offers: set[str] = set()
    for piece in pieces:
        if piece.offer.id not in offers:
            offers.add(piece.offer.id)
            yield filed(_contract(pen, piece.offer))
        yield filed(_completed(pen, piece))
        for decision in _decisions(pen, piece, piece.id not in unstated):
            yield filed(decision)


def _contract(pen: Pen, offer: Offer) -> Event:
    """A simplified contract that states every term the law asks for."""
    terms = data.ContractTerms(
        contract=offer.id,
        title=offer.kind.title,
        task_group=offer.group,
        unit_pay=data.Money(amount=f"{offer.cents / 100:.2f}", currency=CURRENCY),
        total_rule="unit pay for each approved task",
        final_client="Client 7 of the demo",
        max_duration_seconds=TASK_SECONDS_MAX,
        recourse="Open a dispute within 14 days; a person answers within 5",
        processing_platform=pen.platform,
        data_purpose=offer.kind.purpose,
        content_warnings=WARNINGS.get(offer.group, []),
        instructions_version="3",
    )
    return pen.event(vocabulary.ContractPublished, offer.id, offer.created, terms)


def _completed(pen: Pen, piece: Piece) -> Event:
    handed_in = data.Completion(
        task=piece.id,
        worker=pen.pseudonym(piece.worker),
        contract=piece.offer.id,
        task_group=piece.offer.group,
        residence=piece.worker.pool.residence,
        submitted=piece.submitted,
        seconds=piece.seconds,
        started=piece.started,
    )
    return pen.event(vocabulary.TaskCompleted, piece.id, piece.submitted, handed_in)


def _decisions(pen: Pen, piece: Piece, stated: bool) -> Iterator[Event]:
    if piece.decided is None:
        return
    if piece.fate is Fate.APPROVED:
        yield _approved(pen, piece, piece.decided, stated)
        return
    refusal = _refusal(pen, piece)
    yield pen.event(vocabulary.RejectionIssued, piece.id, piece.decided, refusal)
    if piece.overturned is not None:
        yield pen.event(vocabulary.RejectionWithdrawn, piece.id, piece.overturned, refusal)
        yield _approved(pen, piece, piece.overturned, stated)


def _approved(pen: Pen, piece: Piece, moment: datetime, stated: bool) -> Event:
    approval = data.Approval(
        task=piece.id,
        worker=pen.pseudonym(piece.worker),
        contract=piece.offer.id,
        task_group=piece.offer.group,
        residence=piece.worker.pool.residence,
        submitted=piece.submitted,
        seconds=piece.seconds,
        amount=str(piece.pay) if stated else None,
        currency=CURRENCY if stated else None,
        decided_by=DecidedBy.HUMAN if piece.overturned else DecidedBy.MODEL,
        decided_at=moment,
    )
    return pen.event(vocabulary.TaskApproved, piece.id, moment, approval)


def _refusal(pen: Pen, piece: Piece) -> data.Rejection:
    return data.Rejection(
        task=piece.id,
        worker=pen.pseudonym(piece.worker),
        contract=piece.offer.id,
        task_group=piece.offer.group,
        residence=piece.worker.pool.residence,
        submitted=piece.submitted,
        seconds=piece.seconds,
        pay_refused=True,
        work_kept=piece.reason in KEPT_REASONS,
        reason_code=piece.reason,
        decided_by=DecidedBy.RULE if piece.reason == MASS_REASON else DecidedBy.MODEL,
        decided_at=piece.decided,
    )
