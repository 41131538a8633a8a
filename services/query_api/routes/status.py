"""What an emitter sees of itself: what came in by day, what is wrong, which days say nothing."""

from collections.abc import Iterable
from datetime import date, timedelta

from fastapi import APIRouter, Request, Response

from events.leaf import LeafOutcome
from events.log.protocol import Indexed
from services.projections.anomalies import RULES
from services.query_api.access import SUBMITTERS, forbidden, may_read_submissions
from services.query_api.answers import (
    EmitterStatus,
    Noted,
    RuleFound,
    StatusDay,
    UncountedFound,
)
from services.query_api.database import Row
from services.query_api.evidence import body_of, event_ids
from services.query_api.openapi import EmitterName, described
from services.query_api.parameters import path_text
from services.query_api.reading import Reading, reading
from services.query_api.report import Finding, noted
from services.query_api.stored import stored_leaf
from services.web.problems import Problem

router = APIRouter(tags=["submissions"])
_PERIOD = ("from", "to")
_COLUMNS = StatusDay.__struct_fields__
#: Days of a period: without a word, and at most.
_DAYS_DEFAULT, _DAYS_MAX = 30, 366
#: The rules about tasks are worked out from all that was said about them, at some ten microseconds
#: an event: for so many events.
EXAMINED_MAX = 500_000
#: Outcomes that count nowhere: what that means, and what to do.
_UNCOUNTED = {
    LeafOutcome.CONFLICT: (
        "Other bytes stand counted under this submission id; these are kept as evidence.",
        "Send what is new in them under a submission id of its own.",
    ),
    LeafOutcome.KEY_REVOKED: (
        "The key was not valid any more when the submission got its place.",
        "Send the same events with a key that stands, under a new submission id, unless you have.",
    ),
}


@router.get(
    "/v1/emitters/{emitter}/status", **described(EmitterStatus, SUBMITTERS, _PERIOD, _COLUMNS)
)
async def status(request: Request, emitter: EmitterName) -> Response:
    """Submissions by day, days that say nothing, what counts nowhere, and anomalies by rule, each
    with an example and the remedy.

    The last 30 days unless stated, at most 366. Today is not over and never silent.
    """
    async with reading(request, SUBMITTERS, _PERIOD) as r:
        name = path_text("emitter", emitter)
        if not may_read_submissions(r.reader, name):
            raise forbidden(r.reader, f"is not of {r.reader.who}, of which you read alone")
        document = await _status(r, name)
    return r.answer(document, rows=document.rows, columns=_COLUMNS)


async def _status(r: Reading, emitter: str) -> EmitterStatus:
    first, last = _period(r)
    asked = {"emitter": emitter, "first": first, "last": last}
    rows = await _days(r, asked)
    (examined,) = await r.rows("status_examined", **asked, most=EXAMINED_MAX)
    return EmitterStatus(
        basis=r.basis,
        emitter=emitter,
        from_=first,
        to=last,
        submissions=sum(row.submissions for row in rows),
        events=sum(row.events for row in rows),
        repeated=sum(row.repeated for row in rows),
        rows=rows,
        silent=_silent(await _begun(r, emitter, first), min(last, _yesterday(r)), rows),
        anomalies=await _anomalies(r, asked, examined),
        examined=examined["submissions"],
        uncounted=await _uncounted(r, emitter, first, last),
    )


def _period(r: Reading) -> tuple[date, date]:
    last = r.query["to"] or r.state.today(r.days)
    first = r.query["from"] or last - timedelta(days=_DAYS_DEFAULT - 1)
    if (last - first).days >= _DAYS_MAX:
        detail = f"from {first} to {last} are more than {_DAYS_MAX} days: ask for fewer"
        raise Problem(422, "long-period", detail, parameter="from")
    return first, last


def _yesterday(r: Reading) -> date:
    return r.state.today(r.days) - timedelta(days=1)


async def _days(r: Reading, asked: dict[str, object]) -> list[StatusDay]:
    """Every day of the period of which something is known."""
    sent = {row["day"]: row for row in await r.rows("status_days", **asked)}
    worked = {row["day"] for row in await r.rows("status_work", **asked)}
    nil = {row["day"] for row in await r.rows("status_nil", **asked)}
    return [
        StatusDay(
            day=day,
            **{
                name: sent.get(day, {}).get(name, 0)
                for name in ("submissions", "events", "repeated")
            },
            work=day in worked,
            nil=day in nil,
        )
        for day in sorted(sent.keys() | worked | nil)
    ]


def _silent(first: date, last: date, rows: Iterable[StatusDay]) -> list[date]:
    known = {row.day for row in rows}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day not in known]


async def _begun(r: Reading, emitter: str, first: date) -> date:
    """The first day of the period on which the emitter could have spoken."""
    registered = (await r.state.keys.ring()).emitters.get(emitter)
    leaf = await stored_leaf(r.state.leaves, registered.added_leaf) if registered else None
    if leaf is None:
        raise Problem(404, "not-found", f"no emitter {emitter} is registered")
    return max(first, r.days.day_of(leaf.leaf.sequenced))


async def _anomalies(r: Reading, asked: dict[str, object], examined: Row) -> list[RuleFound]:
    """What the folds found in the whole period, and what is wrong about the examined tasks."""
    found = await r.rows("status_anomalies", **asked)
    # Many events may be read for it, so who asks again at the same position is answered at once.
    found += await r.remembered(
        "status_tasks",
        emitter=asked["emitter"],
        days=tuple(examined["days"]),
        first_leaf=examined["first_leaf"],
        last_leaf=examined["last_leaf"],
        position=r.cut.position,
    )
    return [await _told(r, row) for row in sorted(found, key=lambda row: str(row["rule"]))]


async def _told(r: Reading, row: Row) -> RuleFound:
    return RuleFound(
        rule=row["rule"],
        anomalies=row["anomalies"],
        counted=RULES[row["rule"]].counted,
        example=await _noted(r, row),
    )


async def _noted(r: Reading, row: Row) -> Noted:
    stored = await stored_leaf(r.state.leaves, row["leaf_index"])
    ids: dict[int, str] = {}
    if stored is not None:
        ids = event_ids(await body_of(r.state.leaves, stored), stored.leaf.first_event or 0)
    return noted([Finding(row["event_number"], row["rule"], row["pointer"])], ids)[0]


async def _uncounted(r: Reading, emitter: str, first: date, last: date) -> list[UncountedFound]:
    """The log is asked: views hold only what counts."""
    position, last_of = r.cut.position, r.state.recorded.last_of
    before = await last_of(first - timedelta(days=1), position, r.days)
    end = await last_of(last, position, r.days)
    if end is None:
        return []
    found = await r.state.leaves.uncounted(emitter, 0 if before is None else before + 1, end)
    return [_kept(indexed, count) for indexed, count in found]


def _kept(newest: Indexed, count: int) -> UncountedFound:
    text, remedy = _UNCOUNTED[newest.outcome]
    return UncountedFound(
        outcome=newest.outcome.value,
        submissions=count,
        submission=newest.submission,
        leaf_index=newest.leaf_index,
        text=text,
        remedy=remedy,
    )
