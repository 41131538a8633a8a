"""Months, written `YYYY-MM`, as days. Pure."""

from datetime import date, timedelta


def first_day(period: str) -> date:
    """The first day of a month."""
    return date.fromisoformat(f"{period}-01")


def month_ends(period: str) -> tuple[date, date]:
    """The first and the last day of a month."""
    first = first_day(period)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def days_of_month(period: str) -> list[date]:
    """Every day of a month."""
    return days_from(*month_ends(period))


def days_from(first: date, last: date) -> list[date]:
    """Every day from one to another, both included."""
    return [first + timedelta(days=passed) for passed in range((last - first).days + 1)]
