"""The documents of the ledger's part of the API."""

from datetime import date
from typing import Any

from msgspec import Struct

from services.projections.ledger.lines import Entry
from services.projections.ledger.statement import Statement
from services.query_api.basis import Basis
from services.query_api.rule_answers import Dues, Rested, Share


class Entries(Struct, frozen=True, kw_only=True):
    """Entries by number. `last`: the scheme's last number; `next`: the `after` of the next page."""

    basis: Basis
    scheme: str
    after: int
    last: int
    rows: list[Entry]
    next: int | None


class PeriodStatement(Struct, frozen=True, kw_only=True):
    """The statement of a period. While `closed` is false it is a draft as of its position; then it
    never changes again. `digest`: what `period.closed` states."""

    basis: Basis
    closed: bool
    closed_by: str | None
    closed_entry: int | None
    closed_leaf: int | None
    digest: str
    statement: Statement


class WorkerBalance(Struct, frozen=True, kw_only=True):
    """What was posted for a worker in one period on one account; decimal strings."""

    period: str
    account: str
    branch: str | None
    currency: str
    debit: str
    credit: str
    first_entry: int
    last_entry: int


class WorkerLedger(Struct, frozen=True, kw_only=True):
    """One worker's part of a scheme's ledger. `person`: whom her pseudonym is linked to; no
    platform is told, who could find her on others by it."""

    basis: Basis
    scheme: str
    platform: str
    worker: str
    person: str | None
    rows: list[WorkerBalance]


class RateRow(Struct, frozen=True, kw_only=True):
    """What one payer owes for one branch. `percent` of pay (`base` "pay"), of pay up to the ceiling
    ("capped") or of a flat income ("flat"); null where an amount is set by bands."""

    branch: str
    payer: str
    base: str
    percent: str | None
    rests_on: list[str]


class SchemeRates(Struct, frozen=True, kw_only=True):
    """What a platform must withhold and owe in a month, under the policy adopted at the position.
    `withheld`: platforms bring workers' shares to the fund. `unknown`: no value is known of these.
    `values`: every dated value that the rates rest on; `ceiling` in units of the currency."""

    basis: Basis
    scheme: str
    period: str
    policy: str
    adopted_leaf: int
    currency: str
    withheld: bool
    ceiling: str | None
    ceiling_per: str | None
    rows: list[RateRow]
    unknown: list[str]
    values: list[Rested]


class RemittanceRow(Struct, frozen=True, kw_only=True):
    """A platform's month: `due` is what it must bring to the fund as posted (its own share and what
    it withholds), `declared` what its payments say was withheld (for all schemes together), `paid`
    what the fund recorded. `shortfall` below 0: more was paid than is due."""

    period: str
    platform: str
    currency: str
    due: str
    declared: str
    paid: str
    shortfall: str
    due_on: date | None
    last_received_on: date | None
    days_late: int | None


class Remittances(Struct, frozen=True, kw_only=True):
    """What platforms owe and paid to a scheme. `values`: what `due_on` rests on; null: no value is
    known."""

    basis: Basis
    scheme: str
    rows: list[RemittanceRow]
    values: list[Rested]


class ContributionRow(RemittanceRow, frozen=True, kw_only=True):
    """A platform's month of one scheme. `posted` is what the fund is owed, `suspense` the part of
    it of workers to whom nobody assigned a scheme; `assessed_at` is the newest position that a
    posting of it rests on."""

    scheme: str
    posted: str
    suspense: str
    assessed_at: int | None


class Contributions(Struct, frozen=True, kw_only=True):
    """What platforms owe to the schemes by month, and paid. `values`: what `due_on` rests on."""

    basis: Basis
    rows: list[ContributionRow]
    values: list[Rested]


class Cause(Struct, frozen=True, kw_only=True):
    """A payment that an entry rests on, as it was signed. `since_previous`: it came between the two
    bases, so it is among what the entry was posted for. The submission that signed it is event
    `event_index` of `submission`; its bytes are behind `/causes/{event_number}/bytes`."""

    event_number: int
    event_index: int
    leaf_index: int
    leaf_hash: str
    emitter: str
    submission: str
    type: str
    platform: str
    worker: str
    day: date | None
    amount: str | None
    currency: str | None
    since_previous: bool
    event: Any


class CauseAct(Struct, frozen=True, kw_only=True):
    """An act between the two bases that may have changed what is due: a policy, a rate, a scheme, a
    link, or a correction of one (`original`). A platform is shown none about a person: who reads of
    two could find her by its number."""

    event_number: int
    leaf_index: int
    type: str
    original: int | None


class PaySum(Struct, frozen=True, kw_only=True):
    """What was paid on a day, as recorded up to the basis: what the assessment took."""

    platform: str
    worker: str
    day: date
    currency: str
    residence: str | None
    gross: str


class PolicyInForce(Struct, frozen=True, kw_only=True):
    """The policy that an entry was assessed under, as the log holds it."""

    digest: str
    country: str
    adopted_leaf: int
    event_number: int


class EntryExplained(Struct, frozen=True, kw_only=True):
    """Why an entry stands: the posting as it was signed, the policy, and the assessment at the
    basis, from the sums of pay to what is due.

    `share` is the assessed line that the entry brought the ledger to (null of rounding, of a
    closing, and where nothing is due any more), `assessment` all of them with every dated value
    they rest on, `sums` the pay by day, `causes` the payments behind it, newest first, in pages
    (`causes_total`, `next`), `acts` the decisions between the two bases.

    `elsewhere`: some of the cause lies in pay under other pseudonyms of the same person. They are
    shown to those who may know them; a platform is told no more than this.
    """

    basis: Basis
    entry: Entry
    event_number: int
    event_index: int
    leaf_index: int
    leaf_hash: str
    emitter: str
    submission: str
    sequenced_at: str
    event: Any
    policy: PolicyInForce | None
    share: Share | None
    assessment: Dues | None
    elsewhere: bool
    sums: list[PaySum]
    acts: list[CauseAct]
    causes: list[Cause]
    causes_total: int
    next: str | None
