"""Small made-up export files, and the time and registry of the kit's tests."""

from datetime import UTC, datetime
from pathlib import Path

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDENTITY = "ab" * 32

WEB_HEADER = (
    "HITId,HITTypeId,Title,Reward,CreationTime,AssignmentDurationInSeconds,RequesterAnnotation,"
    "AssignmentId,WorkerId,AssignmentStatus,AcceptTime,SubmitTime,ApprovalTime,RejectionTime,"
    "RequesterFeedback,WorkTimeInSeconds,Approve,Reject"
)
CLT_HEADER = (
    "hitid,title,reward,creationtime,assignmentduration,annotation,assignmentid,workerid,"
    "assignmentstatus,assignmentaccepttime,assignmentsubmittime,assignmentapprovaltime,"
    "assignmentrejecttime,feedback"
)
WEB, CLT = WEB_HEADER.split(","), CLT_HEADER.split(",")

SUBMITTED = {
    "HITId": "3HIT1",
    "Title": "Draw boxes",
    "Reward": "$0.05",
    "CreationTime": "Sat Mar 03 10:00:00 PST 2018",
    "AssignmentDurationInSeconds": "600",
    "RequesterAnnotation": "BatchId:1234567;OriginalHitTemplateId:1;",
    "AssignmentId": "3ASSIGNMENT1",
    "WorkerId": "A1B2C3D4E5F6G7",
    "AssignmentStatus": "Submitted",
    "AcceptTime": "Sat Mar 03 16:20:00 PST 2018",
    "SubmitTime": "Sat Mar 03 16:24:32 PST 2018",
    "WorkTimeInSeconds": "272",
}
APPROVED = SUBMITTED | {
    "AssignmentStatus": "Approved",
    "ApprovalTime": "2018-03-07 17:27:37 UTC",
}
REJECTED = SUBMITTED | {
    "AssignmentStatus": "Rejected",
    "RejectionTime": "Mon Mar 05 09:00:00 PST 2018",
    "RequesterFeedback": "Jane, these boxes are wrong",
}
OVERTURNED = REJECTED | APPROVED | {"RejectionTime": REJECTED["RejectionTime"]}
CLT_APPROVED = {
    "hitid": "3HIT1",
    "title": "Talk",
    "reward": "$1.50",
    "creationtime": "Thu Jan 08 10:00:00 PST 2015",
    "assignmentduration": "3600",
    "annotation": "1 cond",
    "assignmentid": "3CLT1",
    "workerid": "17",
    "assignmentstatus": "Approved",
    "assignmentaccepttime": "Thu Jan 08 11:23:20 PST 2015",
    "assignmentsubmittime": "Thu Jan 08 11:26:03 PST 2015",
}


def csv_text(
    rows: list[dict[str, str]],
    columns: list[str] = WEB,
    *,
    separator: str = ",",
    line_end: str = "\n",
    drop: int = 0,
) -> str:
    """All cells quoted; `drop`: how many cells each data row lacks at its end."""
    lines = [columns] + [[row.get(name, "") for name in columns] for row in rows]
    kept = [lines[0]] + [line[: len(line) - drop] for line in lines[1:]]
    quoted = (separator.join('"' + one.replace('"', '""') + '"' for one in line) for line in kept)
    return line_end.join(quoted) + line_end


def write(path: Path, rows: list[dict[str, str]], columns: list[str] = WEB) -> Path:
    path.write_text(csv_text(rows, columns), encoding="utf-8", newline="")
    return path
