"""JSON Schema (2020-12) of the event types, straight from the vocabulary that decodes them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from events.vocabulary import BY_TYPE, EVENTS, Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = "#/$defs/{name}"


def event_types() -> tuple[str, ...]:
    """The name of every event type."""
    return tuple(BY_TYPE)


def schema_of_type(name: str) -> dict[str, Any]:
    """The schema of one event of a type; KeyError if there is no such type."""
    return _schema([BY_TYPE[name]], name)


def schema_of_batch() -> dict[str, Any]:
    """The schema of any event of a submission's array, told apart by `type`."""
    return _schema(EVENTS, "Any event of the registry")


def _schema(classes: Sequence[type[Event]], title: str) -> dict[str, Any]:
    schemas, definitions = msgspec.json.schema_components(classes, ref_template=_TEMPLATE)
    body = schemas[0] if len(schemas) == 1 else {"oneOf": list(schemas)}
    return {"$schema": DIALECT, "title": title, **body, "$defs": definitions}
