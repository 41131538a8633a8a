"""What to post so that the posted balances become the assessed ones. Pure, balanced, minimal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from events.limits import AMOUNT_UNITS_MAX
from events.money import MICRO
from services.ledger.assessment import Assessment, Payer

#: What the fund is owed; the same of a worker to whom no scheme is assigned.
FUND_RECEIVABLE, SUSPENSE_RECEIVABLE = "fund.receivable", "suspense.receivable"
#: What platforms owe of their own, and what they withhold or ought to withhold from workers.
PLATFORM_PAYABLE, WORKER_WITHHELD = "platform.payable", "worker.withheld"
#: What workers owe and pay themselves, under schemes in which nothing is withheld.
WORKER_PAYABLE = "worker.payable"
#: By how much shares that are rounded each differ from the whole that is rounded once.
ROUNDING = "rounding"
#: The most that one line may say, in micro-units.
_LINE_MAX = AMOUNT_UNITS_MAX * MICRO


class Balance(NamedTuple):
    """What a balance of one (scheme, period) is kept by."""

    account: str
    branch: str
    platform: str
    worker: str
    currency: str


class Movement(Struct, frozen=True, gc=False):
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
    balances: dict[Balance, int] = {}
    rounding: dict[Balance, int] = {}
    currency = assessment.currency
    owed = SUSPENSE_RECEIVABLE if assessment.by_default else FUND_RECEIVABLE
    hers = WORKER_WITHHELD if assessment.withheld else WORKER_PAYABLE
    credited = {Payer.PLATFORM: PLATFORM_PAYABLE, Payer.WORKER: hers}
    for line in (*assessment.claims, *assessment.lines):
        payer, part = line.charge.payer, (line.charge.branch, line.platform, line.worker, currency)
        account, amount = (owed, line.amount) if payer is None else (credited[payer], -line.amount)
        # One line for each (account, branch, platform, worker): see `Assessment`.
        balances[Balance(account, *part)] = amount
        # What one side has, the other must: whatever the lines leave over is rounding.
        left = Balance(ROUNDING, *part)
        rounding[left] = rounding.get(left, 0) - amount
    balances.update(rounding)
    return {key: amount for key, amount in balances.items() if amount}


def difference(assessed: Assessment, posted: Mapping[Balance, int]) -> tuple[Movement, ...]:
    """The lines that turn `posted` (debits above 0) into what is assessed; none if it is already.

    `posted`: everything posted for this scheme and period under the same workers. An assessment
    that waits for an exchange rate moves nothing. Lines are in the order of their balance.
    """
    return () if assessed.waiting else movements(balances_of(assessed), posted)


def movements(wanted: Mapping[Balance, int], posted: Mapping[Balance, int]) -> tuple[Movement, ...]:
    """The lines from one set of balances to another, both of which add up to 0."""
    return tuple(
        line
        for key in sorted(wanted.keys() | posted.keys())
        for line in _lines(key, wanted.get(key, 0) - posted.get(key, 0))
    )


def _lines(key: Balance, moved: int) -> Iterator[Movement]:
    """One line; more where pay beyond all sense, but stated, is more than one can say."""
    left = abs(moved)
    while left:
        amount = min(left, _LINE_MAX)
        debit, credit = (amount, 0) if moved > 0 else (0, amount)
        yield Movement(
            key.account, key.currency, debit, credit, key.branch, key.platform, key.worker
        )
        left -= amount


def balanced_parts(lines: Sequence[Movement], most: int) -> Iterator[tuple[Movement, ...]]:
    """Lines that add up to 0, in parts of at most `most` (2 or more) that each add up to 0.

    What fits is one part as it is. Else the lines go by whom they are about, and are cut where they
    balance: behind a branch of a worker. Only where that is too much are lines themselves cut.
    """
    if len(lines) <= most:
        if lines:
            yield tuple(lines)
        return
    part: list[Movement] = []
    for balanced in _balanced(sorted(lines, key=_whose)):
        for piece in [balanced] if len(balanced) <= most else _pairs(balanced):
            if len(part) + len(piece) > most:
                yield tuple(part)
                part = []
            part += piece
    if part:
        yield tuple(part)


def _whose(line: Movement) -> tuple[str, str, str, str]:
    return line.currency, line.platform, line.worker, line.branch


def _balanced(lines: Iterable[Movement]) -> Iterator[list[Movement]]:
    """Runs of lines, each as short as it can be, that add up to 0."""
    run: list[Movement] = []
    moved = 0
    for line in lines:
        run.append(line)
        moved += line.debit - line.credit
        if not moved:
            yield run
            run = []
    if run:
        raise ValueError(f"lines do not balance: {moved} micro-units are left over")


def _pairs(lines: Iterable[Movement]) -> Iterator[list[Movement]]:
    """A debit and a credit of one amount at a time; the longer of two lines is cut."""
    debits: list[Movement] = []
    credits: list[Movement] = []
    for line in lines:
        (debits if line.debit else credits).append(line)
    while debits:
        debit, credit = debits.pop(), credits.pop()
        amount = min(debit.debit, credit.credit)
        yield [replace(debit, debit=amount), replace(credit, credit=amount)]
        if debit.debit > amount:
            debits.append(replace(debit, debit=debit.debit - amount))
        if credit.credit > amount:
            credits.append(replace(credit, credit=credit.credit - amount))
