"""Pay of a day in another currency, converted by the policy's exchange-rate rule (RULES 7.3)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from policies.bundle import Bundle
from policies.exchange import DatedRate, Waits, rate_on, rule_on

#: An exchange rate has up to ten decimals: it is a whole number of these.
RATE_SCALE = 10**10


class Conversions:
    """Looks up what pay of a currency and day is worth, each once.

    `standing`: for each foreign currency the rates that stand for it in the country's own, one a
    day, in any order.
    """

    def __init__(self, bundle: Bundle, standing: Mapping[str, Sequence[DatedRate]]) -> None:
        self._bundle = bundle
        self._standing = standing
        self._known: dict[tuple[str, date], tuple[int, DatedRate] | Waits] = {}

    @property
    def currencies(self) -> Iterable[str]:
        """Foreign currencies of which some rate stands."""
        return self._standing.keys()

    def of(self, currency: str, day: date) -> tuple[int, DatedRate] | Waits:
        """The rate times `RATE_SCALE` and the rate itself; or why it waits."""
        found = self._known.get((currency, day))
        if found is None:
            found = self._known[currency, day] = self._found(currency, day)
        return found

    def _found(self, currency: str, day: date) -> tuple[int, DatedRate] | Waits:
        rule = rule_on(self._bundle, day)
        if rule is None:
            return Waits.NO_RULE
        rate = rate_on(self._standing.get(currency, ()), day, rule.max_age_days)
        return rate if isinstance(rate, Waits) else (int(rate.rate.scaleb(10)), rate)
