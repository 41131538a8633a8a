"""The export formats that the kit knows: how each calls its columns and its statuses.

`mturk-web`: batch results of the requester site; `mturk-clt`: `getResults` of the command-line
tools; `mturk-hitresults`: the download of single HITs; `mturk-api`: fields of the Requester API's
`ListAssignmentsForHIT` and `GetHIT`; `prolific`: submissions export; `toloka`: assignments of a
pool; `crowdflower`: full report of CrowdFlower, Figure Eight and Appen.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sijill_client.importers.money import read_money
from sijill_client.importers.records import Meaning
from sijill_client.importers.scalars import read_seconds
from sijill_client.importers.table import plain_name
from sijill_client.importers.times import TimeForm
from sijill_client.pseudonyms import PLATFORM_FORM

#: `stated`: a column says it. `between`: submitted minus accepted. `page`: the same, once for all
#: judgments of a page.
SecondsRule = Literal["stated", "between", "page"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `columns`: role to the names it is known by, the usual one first; `statuses`:
    what each word means, written plainly (`plain_word`).

    `marks`: further columns that tell it from formats like it. `worker_form`: what an id looks
    like that means one worker in all files; None: every id does. `required`: roles without whose
    columns it is not this format. `submit_time`: whether a row without one cannot be read.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, Meaning]
    worker_form: re.Pattern[str] | None
    seconds: SecondsRule
    currency: str | None = None
    marks: frozenset[str] = frozenset()
    required: tuple[str, ...] = ("worker", "submitted")
    submit_time: bool = True
    #: Whether the stated seconds of work that was not handed in run on until the export.
    runs_on: bool = False
    times: TimeForm = field(default_factory=TimeForm)
    read_amount: Callable[[str], str] = read_money
    read_seconds: Callable[[str], int] = read_seconds
    #: Values that a mapping states for every row, by role.
    values: Mapping[str, str] = field(default_factory=dict)
    #: Statuses of approved work that earns another amount than the rest; which, no column says.
    paid_otherwise: frozenset[str] = frozenset()
    #: Terms of contracts that a mapping states: how each is read, by role.
    terms: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)

    def places(self, columns: Mapping[str, int]) -> dict[str, int]:
        """Where each role stands among these columns."""
        found = {}
        for role, names in self.columns.items():
            place = next(
                (columns[one] for name in names if (one := plain_name(name)) in columns), None
            )
            if place is not None:
                found[role] = place
        return found

    def missing(self, columns: Mapping[str, int]) -> list[str]:
        """The columns without which a table is not of this format, as the format writes them."""
        places = self.places(columns)
        return [self.columns[role][0] for role in self.required if role not in places]

    def likeness(self, columns: Mapping[str, int]) -> int:
        """How many of the format's columns a table has."""
        marked = sum(plain_name(mark) in columns for mark in self.marks)
        return len(self.places(columns)) + marked


def _named(**columns: str) -> dict[str, tuple[str, ...]]:
    return {role: tuple(names.split("|")) for role, names in columns.items()}


_MTURK: Mapping[str, Meaning] = {
    "submitted": "submitted",
    "approved": "approved",
    "rejected": "rejected",
}
_HIT = _named(
    hit="HITId|HIT.HITId|Assignment.HITId",
    title="Title|HIT.Title",
    reward="Reward|HIT.Reward",
    created="CreationTime|HIT.CreationTime",
    duration="AssignmentDurationInSeconds|HIT.AssignmentDurationInSeconds",
    annotation="RequesterAnnotation|HIT.RequesterAnnotation",
)
_API_WORK = (
    ("task", "AssignmentId"),
    ("worker", "WorkerId"),
    ("status", "AssignmentStatus"),
    ("accepted", "AcceptTime"),
    ("submitted", "SubmitTime"),
    ("approved", "ApprovalTime"),
    ("rejected", "RejectionTime"),
    ("feedback", "RequesterFeedback"),
)
MTURK_API = Format(
    name="mturk-api",
    columns=_HIT
    | {role: (name, f"Assignment.{name}", f"Assignments.{name}") for role, name in _API_WORK},
    statuses=_MTURK,
    worker_form=PLATFORM_FORM,
    seconds="between",
    currency="USD",
    marks=frozenset(
        ("Deadline", "HITGroupId", "HITStatus", "HITReviewStatus", "QualificationRequirements")
    ),
    # The AWS command line writes seconds since 1970.
    times=TimeForm(epoch="seconds"),
)
MTURK_WEB = Format(
    name="mturk-web",
    columns=_HIT
    | {role: (name,) for role, name in _API_WORK}
    | _named(seconds="WorkTimeInSeconds"),
    statuses=_MTURK,
    worker_form=PLATFORM_FORM,
    seconds="stated",
    currency="USD",
    marks=frozenset(
        (
            "LifetimeApprovalRate",
            "Last30DaysApprovalRate",
            "Last7DaysApprovalRate",
            "NumberOfSimilarHITs",
            "LifetimeInSeconds",
            "Approve",
            "Reject",
        )
    ),
)
MTURK_CLT = Format(
    name="mturk-clt",
    columns=_named(
        hit="hitid",
        title="title",
        reward="reward",
        created="creationtime",
        duration="assignmentduration",
        annotation="annotation",
        task="assignmentid",
        worker="workerid",
        status="assignmentstatus",
        accepted="assignmentaccepttime",
        submitted="assignmentsubmittime",
        approved="assignmentapprovaltime",
        rejected="assignmentrejecttime",
        feedback="feedback",
    ),
    statuses=_MTURK,
    worker_form=PLATFORM_FORM,
    seconds="between",
    currency="USD",
)
MTURK_HITRESULTS = Format(
    name="mturk-hitresults",
    columns=_named(
        hit="HitId",
        title="HitTitle",
        annotation="Annotation",
        task="AssignmentId",
        worker="WorkerId",
        status="Status",
        accepted="AcceptTime",
        submitted="SubmitTime",
    ),
    statuses=_MTURK,
    worker_form=PLATFORM_FORM,
    seconds="between",
    currency="USD",
)
#: The statuses and what they mean are those of Prolific's API reference ("Submission object" and
#: "Approve or reject a submission", docs.prolific.com). Screened out: paid the fixed reward of its
#: completion code. Partially approved: paid what a completion code gives (dynamic payment).
PROLIFIC = Format(
    name="prolific",
    columns=_named(
        task="session_id|submission_id",
        worker="participant_id",
        status="status",
        accepted="started_datetime|started_at",
        submitted="completed_date_time|completed_at",
        decided="reviewed_at_datetime|reviewed_at",
        seconds="time_taken",
        hit="study_id",
    ),
    statuses={
        "active": "open",
        "reserved": "open",
        "awaiting review": "submitted",
        "approved": "approved",
        "partially approved": "approved",
        "screened out": "approved",
        "rejected": "rejected",
        "returned": "returned",
        "timed out": "expired",
    },
    worker_form=re.compile(r"[0-9a-f]{24}\Z"),
    seconds="stated",
    marks=frozenset(
        ("entered_code", "completion_code", "num_approvals", "total_approvals", "prolific_score")
    ),
    required=("worker", "accepted"),
    submit_time=False,
    runs_on=True,
    paid_otherwise=frozenset(("partially approved", "screened out")),
)
TOLOKA = Format(
    name="toloka",
    columns=_named(
        task="ASSIGNMENT:assignment_id",
        worker="ASSIGNMENT:worker_id",
        status="ASSIGNMENT:status",
        accepted="ASSIGNMENT:started",
        submitted="ASSIGNMENT:submitted",
        approved="ASSIGNMENT:accepted",
        rejected="ASSIGNMENT:rejected",
        reward="ASSIGNMENT:reward",
    ),
    statuses={
        "active": "open",
        "submitted": "submitted",
        "approved": "approved",
        "accepted": "approved",
        "rejected": "rejected",
        "expired": "expired",
        "skipped": "returned",
    },
    worker_form=re.compile(r"[0-9a-f]{32}\Z"),
    seconds="between",
    currency="USD",
    required=("worker", "accepted"),
    submit_time=False,
)
CROWDFLOWER = Format(
    name="crowdflower",
    columns=_named(
        task="_id", worker="_worker_id", accepted="_started_at", submitted="_created_at"
    ),
    statuses={},
    # Contributor ids are numbers of five digits and more; `17` is a publisher's running number.
    worker_form=re.compile(r"[0-9]{5,}\Z"),
    seconds="page",
    marks=frozenset(("_unit_id", "_trust", "_channel", "_tainted", "_golden", "_country")),
)
#: Where two are equally like a table, the first: the web site's own columns tell it from the API's.
FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        MTURK_API,
        MTURK_WEB,
        MTURK_CLT,
        MTURK_HITRESULTS,
        PROLIFIC,
        TOLOKA,
        CROWDFLOWER,
    )
}
