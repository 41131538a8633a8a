"""Figures small enough to check by hand."""

from datetime import date, timedelta
from decimal import Decimal

from deploy.demo.figures import UNALLOCATED, Day, Figures, Floor, Rate, Slice

D = Decimal
HOUR = 3600
FIRST = date(2026, 10, 20)

#: 10 paid hours for 60 USD; 2 unpaid: 6 USD an hour, 5 with unpaid time.
BRISK = Slice(
    name="brisk",
    workers=12,
    counts={"completed": 110, "approved": 95, "rejected": 5},
    paid_seconds=10 * HOUR,
    unpaid_seconds={"rejected": HOUR, "search": HOUR},
    paid_unstated_seconds=0,
    earned={"USD": D("60.00")},
    gross={"USD": D("50.00")},
    fee={"USD": D("5.00")},
    net={"USD": D("45.00")},
)
#: 10 paid hours for 20 USD; 10 unpaid: 2 USD an hour, 1 with unpaid time.
SLOW = Slice(
    name="slow",
    workers=9,
    counts={"completed": 60, "approved": 45, "rejected": 5},
    paid_seconds=10 * HOUR,
    unpaid_seconds={"rejected": 2 * HOUR, "waiting": 7 * HOUR, "fault": HOUR},
    paid_unstated_seconds=600,
    earned={"USD": D("20.00")},
    gross={"USD": D("10.00")},
    fee={"USD": D("2.00")},
    net={"USD": D("8.00")},
)
#: A platform that said nothing about pay.
SILENT = Slice("silent", None, {"completed": 3}, 0, {}, 0, {})
TOTAL = Slice(
    name="All platforms",
    workers=21,
    counts={"completed": 173, "approved": 140, "rejected": 10},
    paid_seconds=20 * HOUR,
    unpaid_seconds={"rejected": 3 * HOUR, "search": HOUR, "waiting": 7 * HOUR, "fault": HOUR},
    paid_unstated_seconds=600,
    earned={"USD": D("80.00")},
    gross={"USD": D("60.00")},
    fee={"USD": D("7.00")},
    net={"USD": D("53.00")},
)
SECTORS = (
    Slice("ai-training", None, {}, 12 * HOUR, {"rejected": HOUR}, 0, {"USD": D("20.00")}),
    Slice("surveys", None, {}, 8 * HOUR, {"fault": HOUR}, 0, {"USD": D("60.00")}),
    Slice(UNALLOCATED, None, {}, 0, {"search": HOUR, "waiting": 7 * HOUR}, 0, {}),
)


def figures(**changes: object) -> Figures:
    """The sample, with some fields changed."""
    fields: dict[str, object] = {
        "position": 4321,
        "recorded_from": FIRST,
        "recorded_to": FIRST + timedelta(days=2),
        "policy": "ma sha256:0f0f0f0f",
        "platforms": (BRISK, SLOW, SILENT),
        "sectors": SECTORS,
        "total": TOTAL,
        "refusals_by_reason": {"quality": 4, "too-fast": 1, None: 5},
        "series": tuple(
            Day(FIRST + timedelta(days=n), 50 + n, (6 + n) * HOUR, (2 + n) * HOUR) for n in range(3)
        ),
        "floor": (
            Floor(date(2025, 1, 1), D("17.10"), "MAD", "social accord of 29 April 2024"),
            Floor(date(2026, 1, 1), D("18"), "MAD", "decree 2.25.983"),
        ),
        "rates": (Rate("USD", "MAD", D(10), date(2026, 10, 21), "invented for the demo"),),
    }
    return Figures(**{**fields, **changes})  # type: ignore[arg-type]
