"""What to post so that the posted balances become the assessed ones. Pure, balanced, minimal."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from services.ledger.assessment import Assessment, Line, Payer

#: What the fund is owed; the same of a worker to whom no scheme is assigned.
FUND_RECEIVABLE, SUSPENSE_RECEIVABLE = "fund.receivable", "suspense.receivable"
#: What platforms owe of their own, and what they withhold or ought to withhold from workers.
PLATFORM_PAYABLE, WORKER_WITHHELD = "platform.payable", "worker.withheld"
#: By how much shares that are rounded each differ from the whole that is rounded once.
ROUNDING = "rounding"

_CREDITED = {Payer.PLATFORM: PLATFORM_PAYABLE, Payer.WORKER: WORKER_WITHHELD}


class Balance(NamedTuple):
    """What a balance of one (scheme, period) is kept by."""

    account: str
    branch: str
    platform: str
    worker: str
    currency: str


class Movement(Struct, frozen=True):
    """One line to post, in whole micro-units; exactly one of debit and credit is above 0."""

    account: str
    currency: str
    debit: int
    credit: int
    branch: str
    platform: str
    worker: str


def balances_of(assessment: Assessment) -> dict[Balance, int]:
    """What should stand posted: debits above 0, credits below, no zeros; the sum is 0."""
    balances: dict[Balance, int] = defaultdict(int)
    owed = SUSPENSE_RECEIVABLE if assessment.by_default else FUND_RECEIVABLE

    def add(account: str, line: Line, amount: int) -> None:
        branch = line.charge.branch
        key = Balance(account, branch, line.platform, line.worker, assessment.currency)
        balances[key] += amount
        # What one side has, the other must: whatever the lines leave over is rounding.
        balances[key._replace(account=ROUNDING)] -= amount

    for claim in assessment.claims:
        add(owed, claim, claim.amount)
    for line in assessment.lines:
        if line.charge.payer is not None:
            add(_CREDITED[line.charge.payer], line, -line.amount)
    return {key: amount for key, amount in balances.items() if amount}


def difference(assessed: Assessment, posted: Mapping[Balance, int]) -> tuple[Movement, ...]:
    """The lines that turn `posted` (debits above 0) into what is assessed; none if it is already.

    `posted`: everything posted for this scheme and period under the same workers. An assessment
    that waits for an exchange rate moves nothing. Lines are in the order of their balance.
    """
    return () if assessed.waiting else movements(balances_of(assessed), posted)


def movements(wanted: Mapping[Balance, int], posted: Mapping[Balance, int]) -> tuple[Movement, ...]:
    """The lines from one set of balances to another, both of which add up to 0."""
    found = []
    for key in sorted(wanted.keys() | posted.keys()):
        moved = wanted.get(key, 0) - posted.get(key, 0)
        if moved:
            debit, credit = max(moved, 0), max(-moved, 0)
            found.append(
                Movement(
                    key.account, key.currency, debit, credit, key.branch, key.platform, key.worker
                )
            )
    return tuple(found)
