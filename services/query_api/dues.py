"""An assessment as the API shows it: shares, what they rest on, what is missing."""

from decimal import Decimal

from events.money import from_micros
from policies.bundle import Bundle
from policies.meanings import RATE_MAX_AGE, RATE_RULE, RATE_SOURCE
from policies.parameter import Scalar
from policies.schemes import Term
from services.ledger.assessment import Aside, Assessment, Line, Used, Waiting
from services.query_api.rule_answers import (
    Awaited,
    Dues,
    NotKnown,
    RateUsed,
    Rested,
    Share,
    Unassessed,
)

_RATE_TERMS = (RATE_RULE, RATE_MAX_AGE, RATE_SOURCE)


def dues_of(month: Assessment, bundle: Bundle) -> Dues:
    """An assessment under a policy."""
    by_payer = {"platform": 0, "worker": 0}
    for line in month.lines:
        by_payer[str(line.charge.payer)] += line.amount
    return Dues(
        scheme=month.scheme,
        suspense=month.by_default,
        withheld=month.withheld,
        currency=month.currency,
        **{payer: from_micros(amount) for payer, amount in by_payer.items()},
        owed=from_micros(sum(claim.amount for claim in month.claims)),
        shares=[share_of(line) for line in month.lines],
        unknown=[
            NotKnown(branch=one.branch, parameter=one.term.path, note=one.term.stated.note)
            for one in month.unknown
        ],
        waiting=[_awaited(one) for one in month.waiting],
        unassessed=[_unassessed(one) for one in month.aside],
        defaults=[term.path for term in month.defaults],
        rates=[_rate(one) for one in month.rates],
        values=[rested(term) for term in (*month.terms, *_rate_terms(month, bundle))],
    )


def _rate_terms(month: Assessment, bundle: Bundle) -> list[Term]:
    """The rule by which pay was converted, if any was."""
    stated = [Term(path, bundle.at(path, one.day)) for path in _RATE_TERMS for one in month.rates]
    return [term for term in dict.fromkeys(stated) if term.stated.value is not None]


def rested(term: Term) -> Rested:
    """A dated value that something rests on."""
    return Rested(
        parameter=term.path,
        value=shown(term.stated.value),
        since=term.stated.since,
        title=term.stated.title,
        reference=term.stated.reference,
        mark=term.stated.mark,
    )


def shown(value: Scalar | None) -> str | int | dict[str, str] | None:
    """A value as JSON has it: decimals as strings, bands as threshold to amount."""
    if isinstance(value, tuple):
        return {str(threshold): str(amount) for threshold, amount in value}
    return str(value) if isinstance(value, Decimal) else value


def share_of(line: Line) -> Share:
    """A line of an assessment; without a payer it is the whole of a branch."""
    charge = line.charge
    return Share(
        platform=line.platform,
        worker=line.worker,
        branch=charge.branch,
        payer=None if charge.payer is None else str(charge.payer),
        base=from_micros(line.base),
        percent=None if charge.percent is None else str(charge.percent),
        amount=from_micros(line.amount),
        exact=str(line.exact),
        rests_on=sorted({term.path for term in charge.terms}),
    )


def _rate(one: Used) -> RateUsed:
    return RateUsed(currency=one.currency, day=one.day, rate=str(one.rate.rate), dated=one.rate.day)


def _awaited(one: Waiting) -> Awaited:
    return Awaited(
        platform=one.platform,
        worker=one.worker,
        day=one.day,
        currency=one.currency,
        gross=from_micros(one.gross),
        why=one.why,
    )


def _unassessed(one: Aside) -> Unassessed:
    return Unassessed(
        platform=one.platform,
        worker=one.worker,
        currency=one.currency,
        residence=one.residence or None,
        gross=from_micros(one.gross),
        why=one.why,
    )
