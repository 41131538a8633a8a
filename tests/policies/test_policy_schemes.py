"""A scheme with a hole, a stranger or two currencies is refused before anything rests on it."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from policies import country_folder
from policies.bundle import Bundle
from policies.faults import PolicyError
from policies.loader import read_folder
from policies.parameter import Mark
from policies.schemes import default_scheme, scheme_codes, scheme_on

FILES = read_folder(country_folder("ma"))
CNSS = "schemes/cnss"
LONG = f"{CNSS}/components/long_term"
BANDS = "schemes/auto_entrepreneur/components/amo/bands.yaml"


def faults_of(files: Mapping[str, str]) -> str:
    with pytest.raises(PolicyError) as caught:
        Bundle.from_files("MA", files)
    return str(caught.value)


def without(*paths: str) -> dict[str, str]:
    return {path: text for path, text in FILES.items() if not path.startswith(paths)}


def edited(path: str, old: str, new: str) -> dict[str, str]:
    assert old in FILES[path]
    return {**FILES, path: FILES[path].replace(old, new)}


@pytest.mark.parametrize(
    ("missing", "who"),
    [
        (f"{LONG}/worker_rate.yaml", "a component of kind rate needs it"),
        (f"{LONG}/base.yaml", "a component of kind rate needs it"),
        (f"{CNSS}/ceiling/scope.yaml", "base capped-pay needs it"),
        (f"{CNSS}/ceiling/allocation.yaml", "base capped-pay needs it"),
        (f"{CNSS}/rounding/mode.yaml", "every scheme needs it"),
        (f"{CNSS}/kind.yaml", "every scheme needs it"),
        ("schemes/tns/flat_income/multiple.yaml", "base flat-income needs it"),
        ("minimum_wage/hourly.yaml", "base flat-income needs it"),
        (BANDS, "a component of kind band needs it"),
        (BANDS.replace("bands", "key_rate"), "key annual-tax needs it"),
    ],
)
def test_a_hole_is_named_with_its_file(missing: str, who: str) -> None:
    assert f"{missing}: is missing: {who}" in faults_of(without(missing))


def test_a_scheme_that_collects_nothing_is_refused() -> None:
    assert "schemes/cnss/components/ is missing" in faults_of(without(f"{CNSS}/components"))


def test_a_default_scheme_must_be_described() -> None:
    said = faults_of(without("schemes/cnss"))
    assert "contributions/default_scheme.yaml: there is no folder schemes/cnss" in said


@pytest.mark.parametrize(
    ("path", "old", "new", "fault"),
    [
        (f"{LONG}/worker_rate.yaml", "unit: percent", "unit: /1", "is stated in percent"),
        (f"{CNSS}/ceiling/amount.yaml", "MAD", "EUR", "must be in MAD"),
        (f"{CNSS}/ceiling/scope.yaml", "per-platform\n", "per-month\n", "unknown code; known are"),
        (f"{CNSS}/rounding/mode.yaml", "half-up", "half-down", "unknown code; known are"),
        (f"{CNSS}/ceiling/amount.yaml", '"6000"', '"6000.0000001"', "money has at most 6 decimals"),
        (BANDS, '"500": "130"', '"500": "130.0000001"', "money has at most 6 decimals"),
        (f"{CNSS}/rounding/step.yaml", '"0.01"', '"0.00"', "nothing is a multiple of 0"),
        ("minimum_wage/hourly.yaml", "currency: MAD", "currency: EUR", "must be in MAD"),
        (BANDS, '"0": "100"', '"1": "100"', 'bands begin at "0"'),
        (BANDS, '"500": "130"', '"5000": "130"', "from the lowest threshold up"),
        (BANDS, '"500": "130"', '500: "130"', "a decimal is written with a point"),
        (BANDS, '"500": "130"', '"0": "130"', "stands twice"),
    ],
)
def test_a_value_that_could_not_be_used_is_named(path: str, old: str, new: str, fault: str) -> None:
    said = faults_of(edited(path, old, new))
    assert path in said
    assert fault in said


def test_a_file_that_nobody_reads_is_no_part_of_a_scheme() -> None:
    text = FILES[f"{LONG}/worker_rate.yaml"]
    for path in (f"{LONG}/worker_rates.yaml", f"{CNSS}/components/pension.yaml"):
        assert f"{path}: not read of a scheme; known here are" in faults_of({**FILES, path: text})


def test_a_branch_that_is_rounded_as_one_has_one_base() -> None:
    files = edited(f"{CNSS}/rounding/unit.yaml", "value: component", "value: branch")
    assert Bundle.from_files("MA", files)
    path = f"{CNSS}/components/job_loss/base.yaml"
    files[path] = FILES[path].replace("value: capped-pay", "value: pay")
    assert "differs within branch short-term, which is rounded as one" in faults_of(files)


def test_morocco_has_three_schemes_and_says_which_is_the_default() -> None:
    morocco = Bundle.from_files("MA", FILES)
    assert scheme_codes(morocco) == ("auto-entrepreneur", "cnss", "tns")
    default = default_scheme(morocco, date(2026, 1, 1)).stated
    assert (default.value, default.mark) == ("cnss", Mark.ASSUMED)
    assert scheme_on(morocco, "cimr", date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("day", "platform", "worker"),
    [("2024-01-01", "21.09", "6.74"), ("2026-11-01", "21.09", "6.74"), ("2016-01-01", None, None)],
)
def test_rates_add_up_to_what_is_printed(
    day: str, platform: str | None, worker: str | None
) -> None:
    cnss = scheme_on(Bundle.from_files("MA", FILES), "cnss", date.fromisoformat(day))
    assert cnss is not None
    for member, total in (("platform_rate", platform), ("worker_rate", worker)):
        rates = [getattr(one, member).stated.value for one in cnss.components]
        assert (None in rates) == (total is None)
        assert total is None or sum(rates) == Decimal(total)


def test_every_value_says_where_it_is_written_and_how_sure_it_is() -> None:
    for parameter in Bundle.from_files("MA", FILES).parameters.values():
        for value in parameter.values:
            assert value.title
            assert value.reference
            assert value.mark, parameter.name
            assumed = re.search("default; no Moroccan rule found", value.reference or "")
            assert not assumed or value.mark is Mark.ASSUMED, parameter.name
