"""The published JSON Schema says what the decoder does."""

import json
from functools import reduce
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from events.errors import Reason
from events.vocabulary import BY_TYPE, AnyEvent
from tests.events.golden import golden_events
from tests.events.sample import WORK, body_of, completed, event, faults, read, refusal


def schema() -> dict[str, Any]:
    """The JSON Schema 2020-12 of a batch, as OpenAPI carries it."""
    (batch,), parts = msgspec.json.schema_components(
        [list[AnyEvent]], ref_template="#/$defs/{name}"
    )
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **batch, "$defs": parts}


@pytest.fixture(scope="module")
def validator() -> Any:
    """Compiling it proves every pattern to be one of ECMA-262."""
    return jsonschema_rs.Draft202012Validator(schema())


def test_the_schema_is_valid_2020_12() -> None:
    jsonschema_rs.meta.validate(schema())


def test_every_type_is_published() -> None:
    published = {
        part["properties"].get("type", {}).get("const")
        or part["properties"].get("type", {}).get("enum", [None])[0]
        for part in schema()["$defs"].values()
        if "properties" in part
    }
    assert BY_TYPE.keys() <= published


def test_golden_events_fit_the_schema(validator: Any) -> None:
    for _, one in golden_events():
        found = [str(error) for error in validator.iter_errors([one])]
        assert not found, one["type"]


@pytest.mark.parametrize(
    "one",
    [
        completed(task=""),
        completed(seconds=-1),
        completed(residence="ma"),
        completed(residence="MA\n"),
        completed(task_group="other"),
        completed() | {"specversion": "0.3"},
        completed() | {"type": "task.completed.v2"},
        event("payment.made", {"worker": "w", "gross": "-1", "currency": "MAD"}),
        event("payment.made", {"worker": "w", "gross": "1000000001", "currency": "MAD"}),
        event("payment.made", {"worker": "w", "gross": "1", "currency": "MAD\n"}),
        event("payment.made", {"worker": "w", "currency": "MAD"}),
    ],
)
def test_what_the_schema_refuses_the_door_refuses_too(validator: Any, one: Any) -> None:
    assert not validator.is_valid([one])
    assert refusal(body_of(one)).reason is Reason.SCHEMA


_MONEY = {"amount": "1", "currency": "MAD"}


@pytest.mark.parametrize("wrong", ["-1", "1.", "1.0000001", "1000000001", "１", "1\n", ""])
@pytest.mark.parametrize(
    ("type_", "data", "place"),
    [
        ("payment.made", {"worker": "w", "gross": "1", "currency": "MAD"}, ["gross"]),
        ("task.approved", WORK | _MONEY, ["amount"]),
        ("rejection.issued", WORK | {"taken_back": _MONEY}, ["taken_back", "amount"]),
        ("contract.published", {"contract": "c", "unit_pay": _MONEY}, ["unit_pay", "amount"]),
        (
            "correction.replaced",
            {"event": "e", "replacement": {"type": "task.approved.v1", "data": WORK | _MONEY}},
            ["replacement", "data", "amount"],
        ),
    ],
)
def test_an_amount_has_its_form_wherever_it_stands(
    type_: str, data: dict[str, Any], place: list[str], wrong: str
) -> None:
    """The decoder does not look at it: the door must, in every corner."""
    good = event(type_, data)
    read(good)
    bad = json.loads(json.dumps(good))
    reduce(lambda part, name: part[name], place[:-1], bad["data"])[place[-1]] = wrong
    assert list(faults(bad)) == [f"/0/data/{'/'.join(place)}"]
    # Also beside a fault of another kind, which the decoder does see.
    assert len(faults(bad | {"id": ""})) == 2
