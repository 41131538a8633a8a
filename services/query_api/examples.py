"""One small answer of each kind for the API's description, made of the very types it is made of."""

from datetime import date
from typing import Any

import msgspec

from events.receipt import Receipt
from services.query_api import answers as a
from services.query_api import rule_answers as r
from services.query_api.figures import (
    COUNTS,
    PAID,
    SECONDS,
    members,
    paid_slice_of,
    slice_of,
    total,
)
from services.query_api.fund_examples import AT, BASIS, DIGEST, DUES_EXAMPLE, FUND_EXAMPLES

_PERIOD: dict[str, Any] = {"by": "month", "from_": date(2026, 10, 1), "to": date(2026, 10, 31)}

_ROW = {
    **dict.fromkeys(COUNTS, 0),
    **dict.fromkeys((f"{name}_seconds" for name in SECONDS), 0),
    "currency": "USD",
    "completed": 12,
    "approved": 11,
    "rejected": 1,
    "worked_seconds": 7_200,
    "paid_seconds": 6_600,
    "rejected_seconds": 600,
    "search_seconds": 1_800,
    "earned": 8_120_000,
}
_PAY = {
    **dict.fromkeys(PAID, 0),
    "currency": "USD",
    "payments": 1,
    "gross": 8_000_000,
    "net": 7_600_000,
}
_WORK_SUMS = total([_ROW])
_SUMS = total([_ROW], [_PAY])
_WHO: dict[str, Any] = {
    "platform": "atlas",
    "name": "Atlas Tasks",
    "country": "MA",
    "kind": "platform",
    "registered_leaf": 1,
    "successor": None,
    "workers": 310,
}
_SERIES = [a.PeriodRow(period="2026-10", **members(paid_slice_of(_SUMS)))]
_NOTED = a.Noted(
    event_number=88,
    event_id="t-100-approved",
    rule="work-without-contract",
    pointer="/data/contract",
    text="The work names no contract, or one that was never published.",
    remedy="Publish the contract and name it in task events.",
)
_TASK = a.TaskRow(
    event_number=88,
    leaf_index=17,
    recorded_day=date(2026, 10, 12),
    platform="atlas",
    type="task.approved.v1",
    event_id="t-100-approved",
    worker="w-7f3a",
    task="t-100",
    contract="c-12",
    residence="MA",
    task_group="ai-training",
    day=date(2026, 10, 11),
    kind="approved",
    n=1,
    seconds=600,
    amount="0.74",
    currency="USD",
    rail=None,
    reason=None,
    decided_by="human",
    sandbox=False,
    corrected_by=[],
)
_LEAF: dict[str, Any] = {
    "emitter": "atlas",
    "submission": "2026-10-12.1",
    "leaf_index": 17,
    "received_at": AT,
    "sequenced_at": AT,
}

_MONTH: dict[str, Any] = {
    "days": 4,
    "floor": [],
    "contributions": [
        r.Contribution(
            scheme="cnss",
            suspense=True,
            currency="MAD",
            due="33.56",
            posted="33.56",
            paid="20",
        )
    ],
    **members(paid_slice_of(_SUMS)),
}

_EXAMPLES = (
    a.Sectors(
        basis=BASIS,
        **_PERIOD,
        totals=slice_of(_WORK_SUMS),
        rows=[
            a.SectorRow(task_group="ai-training", period="2026-10", **members(slice_of(_WORK_SUMS)))
        ],
    ),
    a.Platforms(
        basis=BASIS,
        from_=None,
        to=None,
        rows=[a.PlatformRow(**_WHO, **members(paid_slice_of(_SUMS)))],
    ),
    a.Platform(
        basis=BASIS,
        **_WHO,
        **_PERIOD,
        totals=paid_slice_of(_SUMS),
        rows=_SERIES,
        refusals=[a.Refusal(reason="quality", decided_by="model", rejected=1, seconds=600)],
        events=[a.TypeCount(type="task.completed.v1", sandbox=False, events=12)],
        unstated=[a.UnstatedCount(type="task.completed.v1", field="residence", events=2)],
        anomalies=[a.RuleCount(rule="event-id-reused", anomalies=1)],
    ),
    a.Worker(
        basis=BASIS,
        platform="atlas",
        worker="w-7f3a",
        first_recorded_day=date(2026, 10, 2),
        **_PERIOD,
        totals=paid_slice_of(_SUMS),
        rows=_SERIES,
        contracts=[a.Contract(contract="c-12", events=24, terms={"contract": "c-12"})],
    ),
    r.Policy(
        basis=BASIS,
        country="MA",
        digest=f"sha256:{DIGEST}",
        adopted_leaf=4,
        on=date(2026, 10, 31),
        rows=[
            r.PolicyValue(
                parameter="minimum_wage.hourly",
                value="17.92",
                unit="currency/hour",
                currency="MAD",
                since=date(2026, 1, 1),
                title="Decree 2.25.983",
                reference="Bulletin officiel no. 7469",
                note=None,
                mark="verified",
            )
        ],
    ),
    r.WageFloor(
        basis=BASIS,
        policy=f"sha256:{DIGEST}",
        adopted_leaf=4,
        per="platform",
        **_PERIOD,
        wages=[
            r.Wage(
                since=date(2026, 1, 1),
                hourly="17.92",
                currency="MAD",
                title="Decree 2.25.983",
                reference="Bulletin officiel no. 7469",
                note=None,
            )
        ],
        rows=[
            r.FloorRow(
                period="2026-10",
                platform="atlas",
                residence="resident",
                days=4,
                pay="74.7",
                paid_time=r.FloorTime(
                    seconds=6_600,
                    hourly_pay="40.7455",
                    floor="32.853333",
                    shortfall="0",
                    days_below=0,
                ),
                paid_and_unpaid_time=r.FloorTime(
                    seconds=9_000, hourly_pay="29.88", floor="44.8", shortfall="1.2", days_below=1
                ),
                days_without_wage=0,
                days_waiting=0,
            )
        ],
    ),
    r.WorkerMonth(
        basis=BASIS,
        policy=f"sha256:{DIGEST}",
        adopted_leaf=4,
        period="2026-10",
        wages=[],
        day_values=[],
        dues=[DUES_EXAMPLE],
        together=r.Together(
            person="person-17",
            parts=[r.MonthPart(platform="atlas", worker="w-7f3a", **_MONTH)],
            dues=[DUES_EXAMPLE],
            **_MONTH,
        ),
        platform="atlas",
        worker="w-7f3a",
        **_MONTH,
    ),
    a.Tasks(basis=BASIS, rows=[_TASK], next=None),
    a.EventAnswer(
        basis=BASIS,
        event_number=88,
        event_index=3,
        leaf_hash=DIGEST,
        **_LEAF,
        event={"type": "task.approved.v1", "id": "t-100-approved"},
        facts=[],
        corrected_by=[],
        anomalies=[_NOTED],
    ),
    a.Report(
        **_LEAF,
        outcome="counted",
        events=100,
        first_event=85,
        folded=True,
        code=1,
        counts=a.ReportCounts(accepted=99, repeated=0, anomalous=1, not_counted=0),
        anomalies=[_NOTED],
        anomalies_total=1,
        position=1204,
    ),
    a.EmitterStatus(
        basis=BASIS,
        emitter="atlas",
        from_=date(2026, 10, 12),
        to=date(2026, 10, 13),
        submissions=1,
        events=100,
        repeated=0,
        rows=[
            a.StatusDay(
                day=date(2026, 10, 12), submissions=1, events=100, repeated=0, work=True, nil=False
            )
        ],
        silent=[date(2026, 10, 13)],
        anomalies=[
            a.RuleFound(rule="work-without-contract", anomalies=1, counted=True, example=_NOTED)
        ],
        examined=1,
        uncounted=[
            a.UncountedFound(
                outcome="conflict",
                submissions=1,
                submission="2026-10-12-7",
                leaf_index=1199,
                text="Other bytes stand counted under this submission id; these count nowhere.",
                remedy="Send what is new in them under a submission id of its own.",
            )
        ],
    ),
    *FUND_EXAMPLES,
    Receipt(
        **_LEAF,
        leaf_hash=DIGEST,
        outcome="counted",
        body_sha256=DIGEST,
        events=100,
        first_event=85,
        receipt="eyJhbGciOiJFZDI1NTE5In0.eyJsZWFmX2luZGV4IjoxN30.c2ln",
    ),
    a.KeyList(
        rows=[
            a.KeyRow(
                kid="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                emitter="atlas",
                kind="platform",
                name="Atlas Tasks",
                jwk={"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrw"},
                added_leaf=1,
                revoked_leaf=None,
            )
        ]
    ),
    a.Registry(
        identity=DIGEST,
        name="Direction du travail",
        country="MA",
        time_zone="Africa/Casablanca",
        time=AT,
        position=1204,
        log_position=1204,
        tzdata="2026.1",
        limits={"events_max": 1000},
    ),
    a.SchemaList(rows=[{"type": "task.approved.v1", "schema": "/v1/schemas/task.approved.v1"}]),
)


def example_of(answer: type[Any]) -> Any:
    """The example of a kind of answer as plain data; KeyError if it has none."""
    return msgspec.to_builtins(_BY_TYPE[answer])


_BY_TYPE: dict[type[Any], Any] = {type(example): example for example in _EXAMPLES}
