"""How deep JSON nests, told without a stack.

A decoder in C gives up at a depth that hangs on how deep its caller's own stack is. So the same
body could pass the door and be indigestible to a fold: the door asks here, and is stricter.
"""

import re

import msgspec

from events.limits import JSON_DEPTH_MAX

_EVENTS = msgspec.json.Decoder(list[msgspec.Raw])
#: Levels up to which a batch is told to be shallow at a glance; ours have four or fewer.
_GLANCE_LEVELS = 6
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'"[]{}')
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{\]}]', re.DOTALL)


def too_deep(body: bytes) -> int | None:
    """The index of the first event of a valid JSON batch that nests deeper than it may."""
    if _is_shallow(body):
        return None
    for index, raw in enumerate(_EVENTS.decode(body)):
        event = bytes(raw)
        # Nearly every event has fewer brackets than levels are allowed, so none need be followed.
        if event.count(b"{") + event.count(b"[") > JSON_DEPTH_MAX and depth(event) > JSON_DEPTH_MAX:
            return index
    return None


def _is_shallow(body: bytes) -> bool:
    """Whether valid JSON surely has no more than a few levels; False says nothing.

    Quotes and brackets alone are looked at. A string without brackets leaves two quotes side by
    side; one with brackets leaves a quote that finds no other, and is not judged here.
    """
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    left = body.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    for _ in range(_GLANCE_LEVELS):
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    return not left


def depth(json: bytes) -> int:
    """Levels of arrays and objects in valid JSON: `{"a": []}` has two."""
    deepest = level = 0
    for match in _STRING_OR_BRACKET.finditer(json):
        first = match[0][:1]
        if first in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif first in b"]}":
            level -= 1
    return deepest
