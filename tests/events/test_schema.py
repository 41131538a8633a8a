"""The published JSON Schema says what the decoder does."""

from typing import Any

import jsonschema_rs
import msgspec
import pytest

from events.vocabulary import BY_TYPE, AnyEvent
from tests.events.golden import golden_events
from tests.events.sample import completed, event


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
def test_what_the_schema_refuses_the_decoder_refuses_too(validator: Any, one: Any) -> None:
    assert not validator.is_valid([one])
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode([one]), type=list[AnyEvent])
