"""The figures that the invented month must give back, and the exact arithmetic that gets there.

Source: ILO 2018, *Digital labour platforms and the future of work*, survey of 2017 (mean pay of
4.43 USD for an hour of paid time; 18.6 paid and 6.2 unpaid hours a week).
"""

from collections.abc import Sequence
from decimal import Decimal

#: USD earned in one hour of paid time.
PAY_PER_PAID_HOUR = Decimal("4.43")
#: Hours a week, paid and unpaid: 20 unpaid minutes for each paid hour.
PAID_HOURS, UNPAID_HOURS = Decimal("18.6"), Decimal("6.2")
SECONDS_PER_HOUR = 3600


def paid_seconds_for(earned: Decimal) -> int:
    """The paid seconds in which `earned` USD make the mean hourly pay."""
    return round(earned * SECONDS_PER_HOUR / PAY_PER_PAID_HOUR)


def unpaid_seconds_for(paid_seconds: int) -> int:
    """The unpaid seconds that go with so many paid ones."""
    return round(paid_seconds * UNPAID_HOURS / PAID_HOURS)


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Whole parts of `total` in proportion to `weights`, by largest remainder: they sum to it.

    Raises ValueError if there is something to share and nobody to share it with.
    """
    whole = sum(weights)
    if total < 0 or (total and whole <= 0):
        raise ValueError(f"cannot share {total} over weights that sum to {whole}")
    exact = [total * weight / whole if whole else 0.0 for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: parts[i] - exact[i])
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
