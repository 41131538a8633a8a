"""JSON that every reader takes alike; checked on the whole body, unknown fields included.

The typed decoder skips what it does not know. The folds and an inspector's tools do not, so a
number no parser can hold or a broken character in an unknown field must be refused here.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from events.errors import Reason, Refused

#: Levels of arrays and objects in a body. No event nests deeper than seven; the parsers' own
#: bound depends on the stack above them, so a body near it could pass here and fail in a fold.
JSON_DEPTH_MAX = 32

_LOOSE = msgspec.json.Decoder()
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def check_json(body: bytes) -> None:
    """Raise `Refused` (malformed): bad UTF-8, numbers out of range, too deep, a member twice."""
    try:
        _LOOSE.decode(body)
        for element in _ELEMENTS.decode(body):
            _refuse_depth(element)
        # Parsers differ on which duplicate wins, so the same bytes could be read as two stories.
        json.loads(body, object_pairs_hook=_once)
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(str(error)) from error


def _refuse_depth(element: msgspec.Raw) -> None:
    raw = bytes(element)
    # What opens at most so many times cannot nest deeper: nearly every event is told so fast.
    if raw.count(b"{") + raw.count(b"[") < JSON_DEPTH_MAX:
        return
    level, depth = [_LOOSE.decode(raw)], 1
    while level := [child for parent in level for child in _children(parent)]:
        depth += 1
        if depth > JSON_DEPTH_MAX:
            raise _too_deep()


def _children(value: Any) -> Iterable[Any]:
    """What an array or object holds; nothing for a text or a number."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _malformed(f"the member {twice[:64]!r} stands twice in one object")


def _too_deep() -> Refused:
    return _malformed(f"it nests deeper than {JSON_DEPTH_MAX} levels")


def _malformed(detail: str) -> Refused:
    return Refused(
        Reason.MALFORMED, f"the body is not JSON that every reader takes alike: {detail}"
    )
