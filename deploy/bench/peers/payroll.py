"""What a payroll script does: decimals, one share after the other, nothing kept but the sum.

It knows salaried schemes whose ceiling each platform has for itself, and rounds as they say.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from policies.scheme_files import CAPPED_PAY
from policies.schemes import Scheme

#: As the views give them: platform, worker, pay day, currency, residence, gross in micro-units.
Row = tuple[str, str, date, str, str, int]
_PERCENT, _MICRO = Decimal(100), Decimal(1_000_000)


def owed(
    scheme: Scheme, month: Iterable[Row], rates: Mapping[tuple[str, date], Decimal]
) -> Decimal:
    """What the fund is owed of a month of residents."""
    pay: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for platform, worker, day, currency, _, gross in month:
        rate = Decimal(1) if currency == scheme.currency else rates[currency, day]
        pay[platform, worker] += gross / _MICRO * rate
    step, ceiling = _value(scheme.step.stated.value), _value(scheme.ceiling.stated.value)
    total = Decimal(0)
    for amount in pay.values():
        base = amount.quantize(step, ROUND_HALF_UP)
        capped = min(base, ceiling)
        for one in scheme.components:
            rate = _value(one.platform_rate.stated.value) + _value(one.worker_rate.stated.value)
            of = capped if one.base.stated.value == CAPPED_PAY else base
            for percent in (one.platform_rate.stated.value, one.worker_rate.stated.value):
                # Each share is worked out too, as a payslip needs it.
                (of * _value(percent) / _PERCENT).quantize(step, ROUND_HALF_UP)
            total += (of * rate / _PERCENT).quantize(step, ROUND_HALF_UP)
    return total


def _value(stated: object) -> Decimal:
    assert isinstance(stated, Decimal)
    return stated
