"""What an assessment says beside amounts: why it waits, what it does not know, what it rests on."""

from datetime import date
from fractions import Fraction

from policies.exchange import Waits
from services.ledger.terms import default_scheme_of, terms_of
from tests.ledger.months import assessed, morocco, owed, pay, rates, shares, tunisia


def test_pay_without_a_rate_waits_and_nothing_is_assessed_meanwhile() -> None:
    standing = rates("USD", d20261001="9.2")
    rows = pay("100"), pay("5", "2026-10-02", currency="USD")
    month = assessed(*rows, standing=standing)
    assert [(one.currency, one.day, one.why) for one in month.waiting] == [
        ("USD", date(2026, 10, 2), Waits.NOT_SETTLED)
    ]
    assert (month.lines, month.claims) == ((), ())
    standing["USD"] += rates("USD", d20261005="9.3")["USD"]
    assert assessed(*rows, standing=standing).waiting == ()


def test_each_reason_to_wait_is_told_apart() -> None:
    rows = pay("5", "2026-10-20", currency="USD"), pay("5", "2026-10-01", currency="EUR")
    late = {**rates("USD", d20261005="9", d20261021="9"), **rates("EUR", d20261002="10")}
    month = assessed(*rows, standing=late)
    assert {one.currency: one.why for one in month.waiting} == {
        "USD": Waits.TOO_OLD,
        "EUR": Waits.NO_RATE,
    }
    foreign = pay("5", currency="USD", residence="TN")
    assert assessed(foreign, scheme="rsna", bundle=tunisia()).waiting[0].why is Waits.NO_RULE


def test_foreign_pay_that_was_all_taken_back_needs_no_rate() -> None:
    month = assessed(pay("5", currency="USD"), pay("-5", currency="USD"), pay("100"))
    assert month.waiting == ()
    assert owed(month) > 0


def test_a_scheme_that_the_policy_does_not_describe_says_so() -> None:
    month = assessed(pay("100"), scheme="cimr")
    assert month.lines == ()
    assert [one.term.stated.note for one in month.unknown] == [
        "no value known: MA describes no scheme cimr"
    ]


def test_every_line_leads_to_the_values_it_rests_on() -> None:
    month = assessed(pay("9000"))
    (line,) = (
        one for one in month.lines
        if (one.charge.branch, one.charge.payer) == ("long-term", "worker")
    )  # fmt: skip
    stated = {term.path: term.stated for term in line.charge.terms}
    root = "schemes.cnss."
    rate = stated[f"{root}components.long_term.worker_rate"]
    assert str(rate.value) == "3.96"
    assert rate.since == date(2002, 4, 1)
    assert rate.reference
    assert str(stated[f"{root}ceiling.amount"].value) == "6000"
    assert {f"{root}ceiling.scope", f"{root}rounding.mode", f"{root}rounding.step"} <= set(stated)


def test_what_nobody_decided_is_shown_as_a_default() -> None:
    month = assessed(pay("9000"))
    assert {"schemes.cnss.ceiling.scope", "contributions.period"} <= {
        term.path for term in month.defaults
    }
    assert "schemes.cnss.ceiling.amount" not in {term.path for term in month.defaults}
    default = default_scheme_of(morocco(), "2026-10")
    assert (default.stated.value, default.stated.mark) == ("cnss", "assumed")


def test_a_residue_is_what_rounding_left_out() -> None:
    month = assessed(pay("742.35"))
    residues = {(line.charge.branch, str(line.charge.payer)): line.residue for line in month.lines}
    # 4.973745 - 4.97 and 2.449755 - 2.45, in micro-units.
    assert residues["short-term", "platform"] == Fraction(3745)
    assert residues["short-term", "worker"] == Fraction(-245)


def test_values_are_those_of_the_first_day_of_the_month() -> None:
    assert terms_of(morocco(), "cnss", "2015-12").groups[0].whole.percent == 4
    assert str(terms_of(morocco(), "cnss", "2016-01").groups[0].whole.percent) == "4.52"


def test_a_second_country_is_assessed_from_files_alone() -> None:
    """Of 1,234.567 TND: allowances 2.21 + 1.52 = 3.73 % = 46.0493.. and 0.89 + 0.38 = 1.27 % =
    15.6790..; sickness 62.7160.. and 39.1357..; pension 95.8023.. and 58.5184... No ceiling."""
    month = assessed(
        pay("1234.567", currency="TND", residence="TN"), scheme="rsna", bundle=tunisia()
    )
    assert month.currency == "TND"
    assert shares(month) == {
        "allowances": ("46.049", "15.679"),
        "sickness": ("62.716", "39.136"),
        "pension": ("95.802", "58.518"),
    }


def test_the_second_country_knows_both_other_schedules() -> None:
    """2.667 x 2,496 / 12 x 1.5 = 832.104, x 14.71 % = 122.4024.. -> 122.402; pay of 250.499 is in
    the middle band, 250.5 in the last."""
    home = {"currency": "TND", "residence": "TN"}
    flat = assessed(pay("10", **home), scheme="rtns", bundle=tunisia())
    assert shares(flat) == {"cover": ("0", "122.402")}
    for gross, amount in (("49.999", "0"), ("50", "4.5"), ("250.499", "4.5"), ("250.5", "12.345")):
        month = assessed(pay(gross, **home), scheme="forfait", bundle=tunisia())
        assert shares(month) == {"solidarity": (amount, "0")}
