"""Any month: the engine agrees with the oracle, and no centime appears or vanishes."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from events.money import MICRO
from policies.bundle import Bundle
from policies.exchange import DatedRate
from services.ledger.assess import assess
from services.ledger.assessment import Assessment, Pay
from services.ledger.conversion import Conversions
from services.ledger.difference import Balance, Movement, balances_of, difference
from services.ledger.terms import terms_of
from tests.ledger.months import changed, morocco, tunisia
from tests.ledger.oracle import Due, Paid, due

FIRST = date(2026, 10, 1)
RATES = {"USD": Decimal("9.2417"), "EUR": Decimal("10.7300000001")}
#: Every rule that a country can choose, over both countries and all schedules.
COUNTRIES: list[tuple[Bundle, str]] = [
    (morocco(), "cnss"),
    (morocco(), "tns"),
    (morocco(), "auto-entrepreneur"),
    (changed(morocco(), schemes__cnss__ceiling__scope="per-worker"), "cnss"),
    (changed(morocco(), schemes__cnss__rounding__unit="branch"), "cnss"),
    (
        changed(
            morocco(),
            schemes__cnss__ceiling__scope="per-worker",
            schemes__cnss__rounding__mode="half-even",
            schemes__cnss__rounding__unit="branch",
        ),
        "cnss",
    ),
    (changed(morocco(), schemes__cnss__rounding__mode="down"), "cnss"),
    (changed(morocco(), schemes__cnss__rounding__mode="up"), "cnss"),
    (tunisia(), "rsna"),
    (tunisia(), "rtns"),
    (tunisia(), "forfait"),
]
AMOUNTS = st.integers(1, 12_000 * MICRO) | st.integers(1, 3 * MICRO) | st.sampled_from(
    [n * 5_000 for n in (1, 3, 125, 1250, 600_000, 1_200_000)]
)  # fmt: skip


@st.composite
def months(draw: st.DrawFn) -> tuple[Bundle, str, list[Pay]]:
    """A country's scheme and the pay of one person, in several currencies where it converts."""
    bundle, scheme = draw(st.sampled_from(COUNTRIES))
    moroccan = bundle.country == "MA"
    currencies = ["MAD", "USD", "EUR"] if moroccan else ["TND"]
    rows = draw(
        st.lists(
            st.builds(
                Pay,
                platform=st.sampled_from("abcd"),
                worker=st.sampled_from(["w", "x"]),
                day=st.integers(0, 30).map(lambda days: FIRST + timedelta(days=days)),
                currency=st.sampled_from(currencies),
                residence=st.sampled_from([bundle.country, f"{bundle.country}-05", "", "FR"]),
                gross=AMOUNTS,
            ),
            min_size=1,
            max_size=9,
        )
    )
    return bundle, scheme, rows


def of(bundle: Bundle, scheme: str, rows: Sequence[Pay]) -> Assessment:
    """The engine's assessment at one rate for every day of the month."""
    days = [FIRST + timedelta(days=days) for days in range(32)]
    standing = {
        currency: [DatedRate(day, rate) for day in days] for currency, rate in RATES.items()
    }
    return assess(terms_of(bundle, scheme, "2026-10"), rows, Conversions(bundle, standing))


def by_oracle(bundle: Bundle, scheme: str, rows: Sequence[Pay]) -> Due:
    """The same by the oracle."""
    paid = [Paid(r.platform, r.worker, r.day, r.currency, r.residence, r.gross) for r in rows]
    return due(bundle, scheme, paid, {name: Fraction(rate) for name, rate in RATES.items()})


def post(posted: dict[Balance, int], moved: Sequence[Movement]) -> dict[Balance, int]:
    """Balances after some lines."""
    after = dict(posted)
    for one in moved:
        key = Balance(one.account, one.branch, one.platform, one.worker, one.currency)
        after[key] = after.get(key, 0) + one.debit - one.credit
    return {key: amount for key, amount in after.items() if amount}


@settings(deadline=None, max_examples=150)
@given(months())
def test_the_engine_agrees_with_the_oracle(month: tuple[Bundle, str, list[Pay]]) -> None:
    found, expected = of(*month), by_oracle(*month)
    shares = {
        (line.charge.branch, str(line.charge.payer), line.platform, line.worker): Fraction(
            line.amount, MICRO
        )
        for line in found.lines
    }
    owed = {
        (line.charge.branch, line.platform, line.worker): Fraction(line.amount, MICRO)
        for line in found.claims
    }
    assert {k: v for k, v in shares.items() if v} == {k: v for k, v in expected.shares.items() if v}
    assert {k: v for k, v in owed.items() if v} == {k: v for k, v in expected.owed.items() if v}


@settings(deadline=None, max_examples=60)
@given(months(), st.integers(0, 10**9))
def test_order_and_split_of_the_same_sums_do_not_matter(
    month: tuple[Bundle, str, list[Pay]], seed: int
) -> None:
    bundle, scheme, rows = month
    chance, split = Random(seed), []
    for row in rows:
        part = chance.randrange(-row.gross, 2 * row.gross)
        split += [
            Pay(row.platform, row.worker, row.day, row.currency, row.residence, gross)
            for gross in (part, row.gross - part)
        ]
    chance.shuffle(split)
    assert of(bundle, scheme, split) == of(bundle, scheme, rows)


@settings(deadline=None, max_examples=60)
@given(months())
def test_debits_equal_credits_and_every_amount_is_whole_steps(
    month: tuple[Bundle, str, list[Pay]],
) -> None:
    found = of(*month)
    moved = difference(found, {})
    assert sum(one.debit for one in moved) == sum(one.credit for one in moved)
    assert all((one.debit == 0) != (one.credit == 0) for one in moved)
    step = terms_of(month[0], month[1], "2026-10").step
    assert all((one.debit + one.credit) % step == 0 for one in moved)


@settings(deadline=None, max_examples=60)
@given(months(), st.data())
def test_any_way_of_posting_ends_at_what_is_assessed(
    month: tuple[Bundle, str, list[Pay]], data: st.DataObject
) -> None:
    """Post after some rows, after others instead, then after all: each step balances in itself,
    and nothing is left to post."""
    bundle, scheme, rows = month
    posted: dict[Balance, int] = {}
    for some in (*data.draw(st.lists(st.lists(st.sampled_from(rows)), max_size=3)), rows):
        assessment = of(bundle, scheme, some)
        moved = difference(assessment, posted)
        assert sum(one.debit - one.credit for one in moved) == 0
        posted = post(posted, moved)
        assert difference(assessment, posted) == ()
    assert posted == balances_of(of(bundle, scheme, rows))


@settings(deadline=None, max_examples=60)
@given(months())
def test_a_capped_base_is_never_more_than_pay_nor_than_the_ceiling(
    month: tuple[Bundle, str, list[Pay]],
) -> None:
    bundle, scheme, rows = month
    if scheme != "cnss":
        return
    found = of(bundle, scheme, rows)
    bases = {
        branch: {(c.platform, c.worker): c.base for c in found.claims if c.charge.branch == branch}
        for branch in ("amo", "long-term")
    }
    assert all(bases["long-term"][cell] <= base for cell, base in bases["amo"].items())
    together = bundle.at("schemes.cnss.ceiling.scope", FIRST).value == "per-worker"
    for platform in {""} if together else {cell[0] for cell in bases["amo"]}:
        capped, whole = (
            sum(base for cell, base in one.items() if platform in {"", cell[0]})
            for one in (bases["long-term"], bases["amo"])
        )
        assert capped == min(whole, 6_000 * MICRO)
