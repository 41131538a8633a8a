"""What the vocabulary declares about each type: its fields, in order. No values are decoded by it.

Field names come from the classes so that they stand in one place; meaning never does.
"""

from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from events.vocabulary import BY_TYPE, data_type_of
from services.checker.reading import Object, utc

#: The families of acts: decisions of the authority, the registry and the funds.
_ACT_FAMILIES = (
    *("authority", "platform", "fund", "key", "policy", "rate"),
    *("identity", "scheme", "ledger", "period", "remittance", "submission"),
)


def is_act(event_type: str) -> bool:
    """Whether a type is an act."""
    return event_type.partition(".")[0] in _ACT_FAMILIES


@cache
def declared(event_type: str) -> frozenset[str]:
    """The names of all fields of a type's data."""
    fields = msgspec.structs.fields(data_type_of(BY_TYPE[event_type]))
    return frozenset(field.encode_name for field in fields)


@cache
def optional(event_type: str) -> tuple[str, ...]:
    """The fields that may be left unstated, in declared order, without `sandbox`."""
    fields = msgspec.structs.fields(data_type_of(BY_TYPE[event_type]))
    names = (field.encode_name for field in fields if not field.required)
    return tuple(name for name in names if name != "sandbox")


def unstated(event_type: str, data: Object) -> str:
    """The optional fields that an event left out, absent or null, with a space between."""
    return " ".join([name for name in optional(event_type) if data.get(name) is None])


def known(event_type: str, data: Object) -> Object:
    """The data restricted to declared fields, nulls left out, moments in one spelling."""
    restricted: Object = _known(data, _tree(event_type), drop=True)
    return restricted


def normal(event_type: str, data: Object) -> Object:
    """Data as a view holds it, moments in one spelling; nothing is left out."""
    spelled: Object = _known(data, _tree(event_type), drop=False)
    return spelled


@cache
def _tree(event_type: str) -> inspect.Type:
    return inspect.type_info(data_type_of(BY_TYPE[event_type]))


def _known(value: Any, node: inspect.Type, *, drop: bool) -> Any:
    node = _unwrapped(node, value)
    if isinstance(node, inspect.StructType) and isinstance(value, dict):
        return _known_members(value, node, drop=drop)
    if isinstance(node, inspect.ListType) and isinstance(value, list):
        return [_known(item, node.item_type, drop=drop) for item in value]
    if isinstance(node, inspect.DateTimeType) and isinstance(value, str):
        return utc(value)
    return value


def _known_members(value: Object, node: inspect.StructType, *, drop: bool) -> Object:
    made: Object = {} if drop else dict(value)
    if node.tag_field is not None and node.tag_field in value:
        made[node.tag_field] = value[node.tag_field]
    for field in node.fields:
        member = value.get(field.encode_name)
        if member is not None:
            made[field.encode_name] = _known(member, field.type, drop=drop)
    return made


def _unwrapped(node: inspect.Type, value: Any) -> inspect.Type:
    """The type behind annotations and unions that fits the value."""
    if isinstance(node, inspect.Metadata):
        return _unwrapped(node.type, value)
    if not isinstance(node, inspect.UnionType):
        return node
    options = [_unwrapped(option, value) for option in node.types]
    found = [option for option in options if not isinstance(option, inspect.NoneType)]
    if isinstance(value, dict):
        tagged = [o for o in found if isinstance(o, inspect.StructType) and _fits(o, value)]
        return tagged[0] if tagged else found[0]
    return found[0]


def _fits(option: inspect.StructType, value: Object) -> bool:
    return option.tag_field is None or value.get(option.tag_field) == option.tag
