"""Export files in the two MTurk formats, byte for byte as such platforms write them.

Source of the formats: the public sample set's README (short rows of the web download, zone
abbreviations, the ISO approval time of the web download beside the older form).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.demo.work import REVIEW_DELAY, TASK_SECONDS_MAX, Fate, Offer, Piece

#: Both formats give times in the zone of the requester's page.
PAGE_ZONE = ZoneInfo("America/Los_Angeles")
OFFER_LIFE = timedelta(days=7)
WEB_COLUMNS = (
    "HITId HITTypeId Title Description Keywords Reward CreationTime MaxAssignments "
    "RequesterAnnotation AssignmentDurationInSeconds AutoApprovalDelayInSeconds Expiration "
    "NumberOfSimilarHITs LifetimeInSeconds AssignmentId WorkerId AssignmentStatus AcceptTime "
    "SubmitTime AutoApprovalTime ApprovalTime RejectionTime RequesterFeedback WorkTimeInSeconds "
    "LifetimeApprovalRate Last30DaysApprovalRate Last7DaysApprovalRate Approve Reject"
)
CLT_COLUMNS = (
    "hitid hittypeid title description keywords reward creationtime assignments numavailable "
    "numpending numcomplete hitstatus reviewstatus annotation assignmentduration "
    "autoapprovaldelay hitlifetime viewhit assignmentid workerid assignmentstatus "
    "autoapprovaltime assignmentaccepttime assignmentsubmittime assignmentapprovaltime "
    "assignmentrejecttime deadline feedback reject"
)
STATUS = {
    Fate.PENDING: "Submitted",
    Fate.APPROVED: "Approved",
    Fate.REJECTED: "Rejected",
    Fate.OVERTURNED: "Approved",
}
FEEDBACK = {
    "quality": "Several answers do not fit the page, sorry",
    "instructions": "Please read the instructions,\nthe second step is missing",
    "too-fast": 'Handed in faster than the page can be read ("too fast")',
    "failed-check": "The check question was wrong",
    "duplicate": "The same answer was given before",
}


def mturk_web(pieces: Sequence[Piece], on: date) -> bytes:
    """The web page's batch download at the end of a day: every cell quoted, CRLF, short rows."""
    return _table(WEB_COLUMNS, (_web_row(piece, on) for piece in pieces), ",", "\r\n")


def mturk_clt(pieces: Sequence[Piece], on: date) -> bytes:
    """The command-line tools' results at the end of a day: tab-separated, LF, no work seconds."""
    complete: dict[str, int] = {}
    for piece in pieces:
        complete[piece.offer.id] = complete.get(piece.offer.id, 0) + 1
    rows = (_clt_row(piece, on, complete[piece.offer.id]) for piece in pieces)
    return _table(CLT_COLUMNS, rows, "\t", "\n")


def page_time(moment: datetime | None) -> str:
    """`Sat Mar 03 16:24:32 PST 2018`, or an empty cell."""
    return moment.astimezone(PAGE_ZONE).strftime("%a %b %d %H:%M:%S %Z %Y") if moment else ""


def _table(columns: str, rows: Iterable[Sequence[str]], separator: str, line_end: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(columns.split())
    writer.writerows(rows)
    return out.getvalue().encode()


def _offer_cells(offer: Offer) -> list[str]:
    """The seven cells with which both formats begin."""
    kind = offer.kind
    type_id = f"3{offer.batch:07d}{offer.id[-22:]}"
    reward = f"${offer.cents // 100}.{offer.cents % 100:02d}"
    words = [kind.title, kind.description, kind.keywords]
    return [offer.id, type_id, *words, reward, page_time(offer.created)]


def _web_row(piece: Piece, on: date) -> list[str]:
    offer, worker, state = piece.offer, piece.worker, _state(piece, on)
    rate = _rate(worker.approved_before, worker.rejected_before)
    return [
        *_offer_cells(offer),
        str(offer.places),
        f"BatchId:{offer.batch};OriginalHitTemplateId:{offer.batch + 900_000_000};",
        str(TASK_SECONDS_MAX),
        str(int(REVIEW_DELAY.total_seconds())),
        page_time(offer.created + OFFER_LIFE),
        "",
        "",
        piece.id,
        worker.raw_id,
        STATUS[state.fate],
        page_time(piece.started),
        page_time(piece.submitted),
        page_time(piece.submitted + REVIEW_DELAY),
        f"{state.approved:%Y-%m-%d %H:%M:%S} UTC" if state.approved else "",
        page_time(state.rejected),
        state.feedback,
        str(piece.seconds),
        *(rate, rate, _rate(0, 0)),
    ]


def _clt_row(piece: Piece, on: date, complete: int) -> list[str]:
    offer, state = piece.offer, _state(piece, on)
    return [
        *_offer_cells(offer),
        *(str(offer.places), str(offer.places - complete), "0", str(complete)),
        *("Reviewable", "NotReviewed", f"batch {offer.batch}"),
        *(str(TASK_SECONDS_MAX), str(int(REVIEW_DELAY.total_seconds()))),
        page_time(offer.created + OFFER_LIFE),
        f"https://requester.example/manage?HITId={offer.id}",
        piece.id,
        piece.worker.raw_id,
        STATUS[state.fate],
        page_time(piece.submitted + REVIEW_DELAY),
        page_time(piece.started),
        page_time(piece.submitted),
        page_time(state.approved),
        page_time(state.rejected),
        *("", state.feedback, ""),
    ]


def _rate(approved: int, rejected: int) -> str:
    total = approved + rejected
    return f"{approved * 100 // total if total else 0}% ({approved}/{total})"


@dataclass(frozen=True)
class _State:
    """What the decision cells of a row say at the end of a day."""

    fate: Fate
    approved: datetime | None
    rejected: datetime | None
    feedback: str


def _state(piece: Piece, on: date) -> _State:
    fate = piece.status(on)
    approved = {Fate.APPROVED: piece.decided, Fate.OVERTURNED: piece.overturned}.get(fate)
    rejected = piece.decided if fate in (Fate.REJECTED, Fate.OVERTURNED) else None
    return _State(
        fate, approved, rejected, FEEDBACK.get(piece.reason or "", "") if rejected else ""
    )
