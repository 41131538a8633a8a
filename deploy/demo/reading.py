"""The plain reading: what the figures say, in sentences, and the messages that head the charts."""

from collections.abc import Sequence
from decimal import Decimal

from deploy.demo import words
from deploy.demo.figures import Basis, Figures, Slice


def paragraph(figures: Figures) -> str:
    """Everything that can be said, in one paragraph."""
    said = (pay(figures), minutes(figures.total), below(figures), refusals(figures), owed(figures))
    return " ".join(sentence for sentence in said if sentence)


def headline(figures: Figures) -> str:
    """The message of the whole page."""
    paid, every = (figures.hourly(figures.total, base, figures.currency) for base in Basis)
    if paid is None or every is None:
        return "What micro-tasks pay for an hour of work"
    return (
        f"Micro-tasks pay {words.number(paid, 2)} {figures.currency} for a paid hour, and "
        f"{words.number(every, 2)} once unpaid time counts"
    )


def minutes(total: Slice) -> str:
    """How much time goes unpaid."""
    lost = total.unpaid_minutes_per_paid_hour
    if lost is None:
        return "How much time goes unpaid is not known."
    return f"For each paid hour, {words.number(lost)} minutes go unpaid."


def pay(figures: Figures) -> str:
    """What an hour pays on both bases, against the minimum wage."""
    paid = _hour(figures, Basis.PAID)
    every = _hour(figures, Basis.ALL)
    if not paid or not every:
        return "What an hour of this work pays is not known."
    first = f"An hour of paid time earns {paid}; with the unpaid time in it, {every}."
    return " ".join(sentence for sentence in (first, wage(figures)) if sentence)


def wage(figures: Figures) -> str:
    """The minimum wages of the period, each with its day and reference."""
    known = [
        f"{words.number(one.amount, 2)} {one.currency} an hour since {words.day(one.day_from)}"
        f" ({one.reference})"
        for one in figures.floors_in_period
    ]
    return f"The minimum wage is {', then '.join(known)}." if known else ""


def below(figures: Figures) -> str:
    """Which platforms are under the minimum wage, and whether only unpaid time takes them there."""
    under = _under(figures, Basis.ALL)
    if figures.floor_in_force is None:
        return "No minimum wage is known for this period."
    if not under:
        return "No platform falls below the minimum wage, unpaid time included."
    only = [one for one in under if one not in _under(figures, Basis.PAID)]
    if only == under:
        return f"Below the minimum wage once unpaid time counts: {_names(under)}."
    return f"Below the minimum wage with unpaid time included: {_names(under)}."


def missing(figures: Figures) -> str:
    """How much is missing to the minimum wage over all platforms."""
    total = sum((one.all for one in figures.shorts), Decimal(0))
    below = sum(one.below for one in figures.shorts)
    days = sum(one.days for one in figures.shorts)
    if not total:
        return "No resident's day fell below the minimum wage"
    currency = figures.shorts[0].currency
    share = words.percent(words.share(below, days), 0)
    amount = f"{words.number(total, 2)} {currency}"
    return f"{amount} are missing to the minimum wage, on {share} of worker-days"


def dues(figures: Figures) -> str:
    """What all platforms together owe to social security."""
    total = sum((one.due for one in figures.dues), Decimal(0))
    declared = sum((one.declared for one in figures.dues), Decimal(0))
    currency = figures.dues[0].currency
    said = f"{words.number(declared, 2)} declared as withheld" if declared else "none declared"
    return f"{words.number(total, 2)} {currency} of contributions are due, {said}"


def refusals(figures: Figures) -> str:
    """How often work is refused, and why."""
    rate = figures.total.rejection_rate
    if rate is None:
        return ""
    first = f"{words.percent(rate)} of decided work was rejected"
    stated = {code: n for code, n in figures.refusals_by_reason.items() if code is not None}
    silent = figures.refusals_by_reason.get(None, 0)
    parts = [f"{words.number(silent)} times without a stated reason"] if silent else []
    if stated:
        often = max(stated, key=lambda code: (stated[code], code))
        parts.append(f"most often as “{words.reason(often)}” where a reason is stated")
    return f"{first}{', ' if parts else ''}{'; '.join(parts)}."


def silence(figures: Figures) -> str:
    """The message over the reasons: how many rejections state none."""
    whole = sum(figures.refusals_by_reason.values())
    share = words.share(figures.refusals_by_reason.get(None, 0), whole)
    if share is None:
        return "No rejection was reported"
    return f"{words.percent(share, 0)} of rejections state no reason"


def kept(figures: Figures) -> str:
    """The message over the money: the platforms' part, and what is still owed."""
    total, code = figures.total, figures.currency
    share, open_pay = total.fee_share(code), (total.earned_unpaid or {}).get(code)
    if share is None or open_pay is None:
        return "What became of earned pay"
    return (
        f"Platforms keep {words.percent(share)} of what they pay out; "
        f"{words.number(open_pay, 2)} {code} is earned and not yet paid"
    )


def worst_day(figures: Figures) -> str:
    """The message over the days: when most time went unpaid."""
    worst = max(figures.series, key=lambda one: one.unpaid_seconds, default=None)
    if worst is None:
        return "No work day is known"
    return (
        f"Most unpaid hours fell on {words.day(worst.day)}: {words.hours(worst.unpaid_seconds)} "
        f"beside {words.hours(worst.paid_seconds)} paid"
    )


def owed(figures: Figures) -> str:
    """Fees, and what is earned and not paid."""
    total = figures.total
    fees = [
        f"{words.percent(share)} of pay in {code}"
        for code in sorted(total.fee or {})
        if (share := total.fee_share(code)) is not None
    ]
    first = f"Platforms keep {' and '.join(fees)} as fees." if fees else ""
    open_pay = total.earned_unpaid
    second = f"Earned and not yet paid: {words.money(open_pay)}." if open_pay else ""
    return " ".join(sentence for sentence in (first, second) if sentence)


def rates(figures: Figures) -> str:
    """The exchange rates behind the figures, each with its day and source."""
    known = [
        f"1 {one.base} = {one.rate} {one.quote} on {words.day(one.day)} ({one.source})"
        for one in figures.rates
    ]
    return f"{'; '.join(known)}." if known else "No exchange rate is known."


def shortfall(figures: Figures, parts: Sequence[Slice], what: str, base: str) -> str:
    """The message over a chart of hourly pay: how many of the parts are under the minimum wage.

    `what` names one part ("platform"), `base` says which time counts ("unpaid time included").
    """
    known = [one for one in parts if figures.to_floor(one, Basis.ALL) is not None]
    if not known:
        return f"Pay for an hour by {what}; no minimum wage to hold it against is known"
    under = sum(_is_under(figures, one, Basis.ALL) for one in known)
    if not under:
        return f"Every {what} pays the minimum wage or more, {base}"
    verb = "pays" if under == 1 else "pay"
    return f"{under} of {len(known)} {what}s {verb} less than the minimum wage, {base}"


def _under(figures: Figures, basis: Basis) -> list[Slice]:
    return [one for one in figures.platforms if _is_under(figures, one, basis)]


def _is_under(figures: Figures, part: Slice, basis: Basis) -> bool:
    share = figures.to_floor(part, basis)
    return share is not None and share < Decimal(1)


def _names(parts: Sequence[Slice]) -> str:
    return ", ".join(part.name for part in parts)


def _hour(figures: Figures, basis: Basis) -> str:
    """`4.43 USD (40.76 MAD)`, or nothing if not known."""
    own = figures.hourly(figures.total, basis, figures.currency)
    if own is None:
        return ""
    text = f"{words.number(own, 2)} {figures.currency}"
    floor = figures.floor_in_force
    there = figures.hourly(figures.total, basis, floor.currency) if floor else None
    if floor is None or there is None or floor.currency == figures.currency:
        return text
    return f"{text} ({words.number(there, 2)} {floor.currency})"
