"""A decoder exists for every version ever accepted: the golden files hold them to it."""

from typing import Any

import pytest

from events.submission import read_submission
from events.vocabulary import BY_TYPE, CORRECTABLE_ACTS, PLATFORM_EVENTS, type_of
from tests.events.golden import golden_cases, speaker_of, values
from tests.events.sample import NOW, body_of

_CASES = golden_cases()


@pytest.mark.parametrize(
    ("type_", "case"), [pytest.param(t, c, id=f"{t}-{c['name']}") for t, c in _CASES]
)
def test_decodes_to_the_same_values_for_ever(type_: str, case: dict[str, Any]) -> None:
    (event,) = read_submission(body_of(case["event"]), speaker_of(case), NOW)
    assert case["event"]["type"] == type_
    assert values(event) == case["decodes_to"]


def test_every_type_has_a_golden_file_and_no_golden_type_was_dropped() -> None:
    assert {type_ for type_, _ in _CASES} == BY_TYPE.keys()


def test_every_type_that_can_be_replaced_has_a_golden_replacement() -> None:
    replaced = {
        case["event"]["data"]["replacement"]["type"]
        for type_, case in _CASES
        if type_ == "correction.replaced.v1"
    }
    assert replaced == {type_of(event) for event in PLATFORM_EVENTS + CORRECTABLE_ACTS}


def test_each_type_is_golden_with_all_its_fields_and_with_the_required_alone() -> None:
    for type_, case in _CASES:
        if case["name"] == "full":
            data = BY_TYPE[type_].__annotations__["data"]
            assert case["event"]["data"].keys() == set(data.__struct_fields__), type_
