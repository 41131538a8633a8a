"""Under which scheme pay stands, and how work becomes days."""

from datetime import date

from msgspec.structs import replace

from services.ledger.assignment import Assigned, by_scheme
from services.ledger.days import days_of
from services.ledger.standing import (
    Act,
    Assignments,
    standing_policy,
    standing_rates,
)
from tests.ledger.months import changed, morocco, pay, tunisia
from tests.ledger.test_floor import work


def test_pay_stands_under_the_scheme_of_its_day_and_the_last_word_counts() -> None:
    assigned = [
        Assigned("tns", date(2026, 10, 1), date(2026, 10, 10)),
        Assigned("cnss", date(2026, 10, 5), date(2026, 10, 6)),
    ]
    rows = [pay("1", f"2026-10-{day:02}") for day in (1, 4, 5, 6, 7, 10, 11)]
    found = by_scheme(rows, assigned, "auto-entrepreneur")
    assert [(one.scheme, one.by_default, [p.day.day for p in one.pay]) for one in found] == [
        ("auto-entrepreneur", True, [11]),
        ("cnss", False, [5, 6]),
        ("tns", False, [1, 4, 7, 10]),
    ]


def test_a_month_that_is_partly_assigned_to_the_default_scheme_is_no_suspense() -> None:
    rows = [pay("1", "2026-10-01"), pay("1", "2026-10-20")]
    (one,) = by_scheme(rows, [Assigned("cnss", date(2026, 10, 15))], "cnss")
    assert (one.by_default, len(one.pay)) == (False, 2)


def test_what_is_assigned_to_one_pseudonym_of_a_person_leaves_her_others_alone() -> None:
    rows = [pay("1", platform="atlas", worker="w"), pay("2", platform="rif", worker="r")]
    first = date(2026, 1, 1)
    assigned = [Assigned("cnss", first), Assigned("tns", first, None, "rif", "r")]
    found = by_scheme(rows, assigned, None)
    assert [(one.scheme, [p.platform for p in one.pay]) for one in found] == [
        ("cnss", ["atlas"]),
        ("tns", ["rif"]),
    ]


def test_without_a_default_pay_is_left_out() -> None:
    assert by_scheme([pay("1")], [], None) == []


def test_assignments_of_a_worker_and_of_the_person_she_is() -> None:
    own = {"scheme": "tns", "platform": "atlas", "worker": "w", "day_from": "2026-01-01"}
    person = {"scheme": "cnss", "person": "p-1", "day_from": "2026-02-01", "day_to": "2026-02-28"}
    acts = [Act(7, 7, None, person), Act(5, 5, None, own), Act(6, 6, None, own | {"worker": "x"})]
    hers = Assigned("tns", date(2026, 1, 1), None, "atlas", "w")
    whole = Act(8, 8, None, own | {"person": "p-1"})
    assigned = Assignments([*acts, whole])
    assert assigned.of(None, [("atlas", "w")]) == [hers]
    assert assigned.of("p-1", [("atlas", "w")]) == [
        hers,
        Assigned("cnss", date(2026, 2, 1), date(2026, 2, 28)),
    ]


def test_rates_of_one_scheme_count_for_that_scheme_alone() -> None:
    shared = {"base": "USD", "quote": "MAD", "day": "2026-10-01", "rate": "9"}
    acts = [Act(1, 1, None, shared | {"rate": "8", "scheme": "cnss"}), Act(2, 2, None, shared)]
    assert str(standing_rates(acts, "MAD")["USD"][0].rate) == "9"
    assert str(standing_rates(acts, "MAD", "cnss")["USD"][0].rate) == "8"
    assert standing_rates(acts, "TND") == {}


def test_a_policy_of_another_country_is_none_of_this_one() -> None:
    files = {"country": "TN", "files": dict(tunisia().files), "digest": tunisia().digest}
    assert standing_policy([Act(1, 1, None, files)], "MA") is None
    adopted = standing_policy([Act(1, 4, None, files)], "TN")
    assert adopted is not None
    assert (adopted.leaf_index, adopted.bundle.digest) == (4, tunisia().digest)


def test_a_day_of_any_work_is_one_on_however_many_platforms() -> None:
    rows = [
        work("2026-10-01", paid=5),
        work("2026-10-01", paid=5, platform="rif"),
        work("2026-10-02", outside=60),
        work("2026-10-03"),
    ]
    assert days_of(morocco(), "2026-10", rows) == 2
    month = [work(f"2026-10-{day:02}", paid=60) for day in range(1, 32)]
    assert days_of(morocco(), "2026-10", month) == 26


def test_by_seconds_whole_days_count() -> None:
    seconds = changed(morocco(), day_equivalence__rule="by-seconds")
    rows = [work("2026-10-01", paid=28_800), work("2026-10-02", unpaid=28_799)]
    assert days_of(seconds, "2026-10", rows) == 1
    assert days_of(seconds, "2026-10", [*rows, replace(rows[0], paid=1)]) == 2


def test_a_country_without_a_rule_knows_no_days() -> None:
    assert days_of(tunisia(), "2026-10", [work("2026-10-01", paid=60)]) is None


def test_a_person_s_schemes_and_her_pseudonyms_count_in_the_order_of_the_log() -> None:
    cell, since = {"platform": "alpha", "worker": "w"}, {"day_from": "2026-01-01"}
    acts = [
        Act(1, 1, None, {"scheme": "first", "person": "p", **since}),
        Act(2, 2, None, {"scheme": "second", **cell, **since}),
        Act(3, 3, None, {"scheme": "third", "person": "p", **since}),
        Act(4, 4, None, {"scheme": "fourth", "person": "other", **since}),
    ]

    def of(person: str | None) -> list[str]:
        return [one.scheme for one in Assignments(acts).of(person, [("alpha", "w")])]

    assert of("p") == ["first", "second", "third"]
    assert of(None) == ["second"]
