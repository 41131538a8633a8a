"""Months worked out by hand, with the arithmetic written out. All amounts in MAD, half-up.

Rates of 2026: AF 6.40/0, short term 0.67/0.33, job loss 0.38/0.19, long term 7.93/3.96, AMO
2.26/2.26, solidarity 1.85/0, training tax 1.60/0; 6,000 a month caps the middle three of the first
four.
"""

from decimal import Decimal

from services.ledger.assessment import Why
from services.ledger.difference import ROUNDING, balances_of
from tests.ledger.months import assessed, bases, changed, morocco, owed, pay, rates, shares


def test_9000_is_over_the_ceiling() -> None:
    """Capped at 6,000: 40.20 = 6,000 x 0.67 %; uncapped 576 = 9,000 x 6.40 %."""
    month = assessed(pay("9000"))
    assert shares(month) == {
        "family-allowances": ("576", "0"),
        "short-term": ("40.2", "19.8"),
        "job-loss": ("22.8", "11.4"),
        "long-term": ("475.8", "237.6"),
        "amo": ("203.4", "203.4"),
        "amo-solidarity": ("166.5", "0"),
        "training-tax": ("144", "0"),
    }
    # 9,000 x (6.40 + 4.52 + 1.85 + 1.60) % + 6,000 x (1.00 + 0.57 + 11.89) % = 1,293.30 + 807.60
    assert owed(month) == Decimal("2100.90")


def test_742_35_rounds_each_share() -> None:
    """47.5104 -> 47.51; 4.973745 -> 4.97 and 2.449755 -> 2.45; 2.82093 and 1.410465; 58.868355 and
    29.39706; 16.77711 twice; 13.733475; 11.8776."""
    month = assessed(pay("742.35"))
    assert shares(month) == {
        "family-allowances": ("47.51", "0"),
        "short-term": ("4.97", "2.45"),
        "job-loss": ("2.82", "1.41"),
        "long-term": ("58.87", "29.4"),
        "amo": ("16.78", "16.78"),
        "amo-solidarity": ("13.73", "0"),
        "training-tax": ("11.88", "0"),
    }


def test_742_35_names_the_centime_that_rounding_leaves_over() -> None:
    """AMO is 4.52 % of 742.35 = 33.55422 -> 33.55, its halves 16.78 + 16.78 = 33.56: one centime.
    No other branch leaves one: 7.4235 -> 7.42 = 4.97 + 2.45; 4.231395 -> 4.23; 88.265415 -> 88.27.
    """
    balances = balances_of(assessed(pay("742.35")))
    rounding = {key.branch: amount for key, amount in balances.items() if key.account == ROUNDING}
    assert rounding == {"amo": 10_000}


def test_minimum_wage_by_components_and_by_the_printed_branch() -> None:
    """At 3,422.72 the worker's short term is 11.294976 + 6.503168 = 11.29 + 6.50 = 17.79; as one
    branch 0.52 % = 17.798144 -> 17.80."""
    by_component = shares(assessed(pay("3422.72")))
    assert (by_component["short-term"][1], by_component["job-loss"][1]) == ("11.29", "6.5")
    printed = changed(morocco(), schemes__cnss__rounding__unit="branch")
    # The platform's: 1.05 % = 35.93856 -> 35.94.
    assert shares(assessed(pay("3422.72"), bundle=printed))["short-term"] == ("35.94", "17.8")


def test_exactly_the_ceiling_is_not_cut() -> None:
    """6,000 x 3.96 % = 237.60 and x 7.93 % = 475.80: as at 9,000."""
    assert shares(assessed(pay("6000")))["long-term"] == ("475.8", "237.6")
    # A centime less: 5,999.99 x 3.96 % = 237.599604 -> 237.60; x 7.93 % = 475.799207 -> 475.80.
    assert bases(assessed(pay("5999.99")), "long-term") == {"atlas": "5999.99"}


def test_two_platforms_each_under_their_own_ceiling() -> None:
    """4,000 and 5,000: neither is cut, so long term is taken of 9,000 (the stated default)."""
    month = assessed(pay("4000", platform="atlas"), pay("5000", platform="rif", worker="r-9"))
    assert bases(month, "long-term") == {"atlas": "4000", "rif": "5000"}
    # 4,000 x 3.96 % = 158.40; 5,000 x 3.96 % = 198.00; 158.40 + 198.00 = 356.40.
    assert shares(month)["long-term"][1] == "356.4"


def test_two_platforms_under_one_ceiling_share_it_pro_rata() -> None:
    """6,000 x 4/9 = 2,666.666.. and x 5/9 = 3,333.333..: whole centimes 2,666.66 and 3,333.33, the
    one left over goes to the larger remainder, .666: 2,666.67."""
    together = changed(morocco(), schemes__cnss__ceiling__scope="per-worker")
    rows = pay("4000", platform="atlas"), pay("5000", platform="rif", worker="r-9")
    month = assessed(*rows, bundle=together)
    assert bases(month, "long-term") == {"atlas": "2666.67", "rif": "3333.33"}
    assert bases(month, "amo") == {"atlas": "4000", "rif": "5000"}
    # 2,666.67 x 3.96 % = 105.600132 -> 105.60; 3,333.33 x 3.96 % = 131.999868 -> 132.00: 237.60.
    assert shares(month)["long-term"][1] == "237.6"


def test_three_equal_platforms_under_one_ceiling() -> None:
    """Three of 2,500: 6,000 / 3 = 2,000 each, nothing left over."""
    together = changed(morocco(), schemes__cnss__ceiling__scope="per-worker")
    rows = [pay("2500", platform=name) for name in ("a", "b", "c")]
    assert set(bases(assessed(*rows, bundle=together), "long-term").values()) == {"2000"}
    # Of 7 the division leaves 6,000 - 7 x 857.14 = 0.02: to the first two by name.
    seven = [pay("2500", platform=name) for name in "abcdefg"]
    cut = bases(assessed(*seven, bundle=together), "long-term")
    assert cut == dict(zip("abcdefg", ["857.15"] * 2 + ["857.14"] * 5, strict=True))


def test_dollars_of_several_days_are_rounded_once() -> None:
    """10.005 USD x 9.2417 = 92.4632085 and 20.01 x 9.25 = 185.0925 add up to 277.5557085: 277.56.
    Rounded a day it would be 92.46 + 185.09 = 277.55."""
    standing = rates("USD", d20261005="9.2417", d20261008="9.25")
    rows = (
        pay("10.005", "2026-10-05", currency="USD"),
        pay("20.01", "2026-10-08", currency="USD"),
    )
    month = assessed(*rows, standing=standing)
    assert bases(month, "amo") == {"atlas": "277.56"}
    # 277.56 x 6.40 % = 17.76384 -> 17.76; x 2.26 % = 6.272856 -> 6.27.
    assert shares(month)["family-allowances"] == ("17.76", "0")
    assert shares(month)["amo"] == ("6.27", "6.27")
    assert [used.rate.day.isoformat() for used in month.rates] == ["2026-10-05", "2026-10-08"]


def test_a_weekend_is_paid_at_fridays_rate() -> None:
    """Sunday 4 October 2026 takes Friday's 9.20, once Monday's stands: 100 x 9.20 = 920.00."""
    standing = rates("USD", d20261002="9.20", d20261005="9.30")
    month = assessed(pay("100", "2026-10-04", currency="USD"), standing=standing)
    assert bases(month, "amo") == {"atlas": "920"}
    # 920 x 7.93 % = 72.956 -> 72.96; x 3.96 % = 36.432 -> 36.43.
    assert shares(month)["long-term"] == ("72.96", "36.43")


def test_amo_before_and_after_the_change_of_2016() -> None:
    """9,000 x 2.00 % = 180.00 in December 2015, x 2.26 % = 203.40 in January 2016; solidarity
    9,000 x 1.50 % = 135.00 and x 1.85 % = 166.50."""
    before = shares(assessed(pay("9000", "2015-12-15")))
    after = shares(assessed(pay("9000", "2016-01-15")))
    assert (before["amo"], before["amo-solidarity"]) == (("180", "180"), ("135", "0"))
    assert (after["amo"], after["amo-solidarity"]) == (("203.4", "203.4"), ("166.5", "0"))


def test_what_is_not_proven_is_not_assessed() -> None:
    """In January 2016 nobody knows family allowances, job loss and training tax."""
    month = assessed(pay("9000", "2016-01-15"))
    assert {one.branch for one in month.unknown} == {
        "family-allowances", "job-loss", "training-tax",
    }  # fmt: skip
    assert all("no value known" in (one.term.stated.note or "") for one in month.unknown)
    # 9,000 x (4.52 + 1.85) % + 6,000 x (1.00 + 11.89) % = 573.30 + 773.40
    assert owed(month) == Decimal("1346.70")


def test_half_a_centime_goes_up() -> None:
    """1.25 x 6.40 % = 0.08; 12.50 x 0.38 % = 0.0475 -> 0.05; 31.25 x 1.60 % = 0.50 exactly; and
    7.8125 -> base 7.81; 0.625 x 1.60 % of base 0.63 = 0.01008 -> 0.01."""
    assert shares(assessed(pay("1.25")))["family-allowances"] == ("0.08", "0")
    assert shares(assessed(pay("12.50")))["job-loss"] == ("0.05", "0.02")
    assert shares(assessed(pay("31.25")))["training-tax"] == ("0.5", "0")
    assert bases(assessed(pay("7.8125")), "amo") == {"atlas": "7.81"}
    assert bases(assessed(pay("0.625")), "amo") == {"atlas": "0.63"}
    # 62.50 x 1.00 % = 0.625 -> 0.63, though 0.41875 + 0.20625 -> 0.42 + 0.21 = 0.63 as well.
    assert shares(assessed(pay("62.50")))["short-term"] == ("0.42", "0.21")


def test_a_tenth_of_a_centime_owes_nothing() -> None:
    """0.001 rounds to a base of 0.00: lines of nothing, and nothing to post."""
    month = assessed(pay("0.001"))
    assert owed(month) == 0
    assert balances_of(month) == {}


def test_only_residents_are_assessed() -> None:
    """742.35 of a resident, whatever her region; the others stand aside."""
    rows = (
        pay("700", residence="MA"),
        pay("42.35", residence="MA-CAS"),
        pay("100", residence=""),
        pay("200", residence="TN"),
    )
    month = assessed(*rows)
    assert bases(month, "amo") == {"atlas": "742.35"}
    assert [(one.gross, one.why) for one in month.aside] == [
        (100_000_000, Why.UNSTATED),
        (200_000_000, Why.ELSEWHERE),
    ]


def test_flat_income_of_the_non_salaried() -> None:
    """17.92 x 2,288 / 12 = 41,000.96 / 12 = 3,416.7466.. -> 3,416.75, x 6.37 % = 217.646975 ->
    217.65, whatever she was paid. The pension's rate is not known."""
    small, large = (assessed(pay(gross), scheme="tns") for gross in ("3", "30000"))
    assert shares(small) == shares(large) == {"amo": ("0", "217.65")}
    assert [one.branch for one in small.unknown] == ["pension"]


def test_flat_income_is_shared_out_by_pay() -> None:
    """217.65 over 100 and 200: 72.55 and 145.10."""
    rows = pay("100", platform="atlas"), pay("200", platform="rif")
    month = assessed(*rows, scheme="tns")
    found = {line.platform: line.amount for line in month.lines}
    assert found == {"atlas": 72_550_000, "rif": 145_100_000}


def test_bands_of_the_auto_entrepreneur() -> None:
    """1 % of twelve times the month. 4,166.66 x 12 x 1 % = 499.9992: under 500, 100 a month;
    4,166.67 -> 500.0004: 130; 8,341.66 -> 1,000.9992: still 130; 8,341.67 -> 1,001.0004: 190."""
    for gross, amount in (
        ("0.01", "100"),
        ("4166.66", "100"),
        ("4166.67", "130"),
        ("8341.66", "130"),
        ("8341.67", "190"),
        ("500000", "1200"),
    ):
        month = assessed(pay(gross), scheme="auto-entrepreneur")
        assert shares(month) == {"amo": ("0", amount)}, gross


def test_a_band_over_three_platforms_loses_no_centime() -> None:
    """100 over three equal parts: 33.34 + 33.33 + 33.33."""
    rows = [pay("10", platform=name) for name in "abc"]
    month = assessed(*rows, scheme="auto-entrepreneur")
    assert [line.amount for line in month.lines] == [33_340_000, 33_330_000, 33_330_000]


def test_a_reversed_payment_owes_nothing_and_more_taken_back_stands_aside() -> None:
    """5 - 5 = 0: nothing; 5 - 7 = -2: aside, and the other platform is assessed all the same."""
    assert owed(assessed(pay("5"), pay("-5", "2026-10-09"))) == 0
    month = assessed(pay("5"), pay("-7"), pay("100", platform="rif"))
    assert [(one.platform, one.gross, one.why) for one in month.aside] == [
        ("atlas", -2_000_000, Why.NOT_POSITIVE)
    ]
    assert bases(month, "amo") == {"rif": "100"}
