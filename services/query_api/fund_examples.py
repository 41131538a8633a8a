"""Small answers about the ledgers of funds, for the API's description."""

from datetime import date
from typing import Any

from services.projections.ledger.lines import Entry
from services.projections.ledger.statement import Balance, Movement, Statement
from services.query_api import fund_answers as f
from services.query_api import rule_answers as r
from services.query_api.basis import Basis

#: What all examples share: where they were computed, when, and a digest.
BASIS = Basis(1204, "2026-10-31", "2026.1")
AT, DIGEST = "2026-10-31T18:04:05.000000Z", "9f86d081884c7d659a2feaa0c55ad015" * 2

_ENTRY = Entry(
    scheme="cnss",
    number=1,
    period="2026-10",
    about=None,
    account="fund.receivable",
    branch="amo",
    currency="MAD",
    debit="16.78",
    credit=None,
    platform="atlas",
    worker="w-7f3a",
    person=None,
    previous_basis=None,
    basis=1201,
    policy=f"sha256:{DIGEST}",
    event_number=120,
    leaf_index=1202,
)

_SHARE = r.Share(
    platform="atlas",
    worker="w-7f3a",
    branch="amo",
    payer="worker",
    base="742.35",
    percent="2.26",
    amount="16.78",
    exact="16777110",
    rests_on=["schemes.cnss.components.amo.worker_rate"],
)
DUES_EXAMPLE = r.Dues(
    scheme="cnss",
    suspense=True,
    withheld=True,
    currency="MAD",
    platform="16.78",
    worker="16.78",
    owed="33.55",
    shares=[_SHARE],
    unknown=[],
    waiting=[],
    unassessed=[],
    defaults=["schemes.cnss.ceiling.scope"],
    rates=[],
    values=[],
)
_MONTH: dict[str, Any] = {
    "period": "2026-10",
    "platform": "atlas",
    "currency": "MAD",
    "due": "16.78",
    "declared": "8.39",
    "paid": "10",
    "shortfall": "6.78",
    "due_on": date(2026, 11, 10),
    "last_received_on": date(2026, 11, 12),
    "days_late": 2,
}

FUND_EXAMPLES: tuple[Any, ...] = (
    f.Entries(basis=BASIS, scheme="cnss", after=0, last=812, rows=[_ENTRY], next=1),
    f.PeriodStatement(
        basis=BASIS,
        closed=True,
        closed_by="cnss",
        closed_entry=813,
        closed_leaf=1203,
        digest=f"sha256:{DIGEST}",
        statement=Statement(
            scheme="cnss",
            period="2026-10",
            opening=[],
            movements=[Movement("fund.receivable", "MAD", "16.78", "0")],
            closing=[Balance("fund.receivable", "MAD", "16.78")],
            first_entry=1,
            last_entry=812,
            entries=812,
            entries_sha256=f"sha256:{DIGEST}",
            after=812,
            basis=1202,
        ),
    ),
    f.WorkerLedger(
        basis=BASIS,
        scheme="cnss",
        platform="atlas",
        worker="w-7f3a",
        person=None,
        rows=[
            f.WorkerBalance(
                period="2026-10",
                account="fund.receivable",
                branch="amo",
                currency="MAD",
                debit="16.78",
                credit="0",
                first_entry=1,
                last_entry=1,
            )
        ],
    ),
    f.SchemeRates(
        basis=BASIS,
        scheme="cnss",
        period="2026-10",
        policy=f"sha256:{DIGEST}",
        adopted_leaf=3,
        currency="MAD",
        withheld=True,
        ceiling="6000",
        ceiling_per="platform",
        rows=[
            f.RateRow(
                branch="amo",
                payer="worker",
                base="pay",
                percent="2.26",
                rests_on=["schemes.cnss.components.amo.worker_rate"],
            )
        ],
        unknown=[],
        values=[],
    ),
    f.Remittances(
        basis=BASIS,
        scheme="cnss",
        rows=[
            f.RemittanceRow(**_MONTH),
        ],
        values=[],
    ),
    f.Contributions(
        basis=BASIS,
        rows=[
            f.ContributionRow(
                scheme="cnss", posted="33.55", suspense="33.55", assessed_at=1201, **_MONTH
            )
        ],
        values=[],
    ),
    f.EntryExplained(
        basis=BASIS,
        entry=_ENTRY,
        event_number=120,
        event_index=0,
        leaf_index=1202,
        leaf_hash=DIGEST,
        emitter="registry",
        submission="post-cnss-1",
        sequenced_at=AT,
        event={"type": "ledger.posted.v1", "id": "cnss-2026-10-1"},
        policy=f.PolicyInForce(
            digest=f"sha256:{DIGEST}", country="MA", adopted_leaf=3, event_number=5
        ),
        share=_SHARE,
        assessment=DUES_EXAMPLE,
        elsewhere=False,
        sums=[
            f.PaySum(
                platform="atlas",
                worker="w-7f3a",
                day=date(2026, 10, 11),
                currency="MAD",
                residence="MA",
                gross="742.35",
            )
        ],
        acts=[f.CauseAct(event_number=99, leaf_index=20, type="rate.published.v1", original=None)],
        causes=[
            f.Cause(
                event_number=88,
                event_index=3,
                leaf_index=17,
                leaf_hash=DIGEST,
                emitter="atlas",
                submission="2026-10-12.1",
                type="payment.made.v1",
                platform="atlas",
                worker="w-7f3a",
                day=date(2026, 10, 11),
                amount="742.35",
                currency="MAD",
                since_previous=True,
                event={"type": "payment.made.v1", "id": "pay-1"},
            )
        ],
        causes_total=1,
        next=None,
    ),
)
