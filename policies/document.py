"""YAML text to checked nodes: plain mappings and scalars, each with its line.

Nothing is constructed. A policy file may come out of the log, so whatever lets YAML do more than
state data (tags, anchors, aliases, depth) is refused before a tree is built from it.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from policies.faults import Fault, PolicyError

#: Mappings and lists within each other; a parameter needs three.
DEPTH_MAX = 8


def compose(file: str, text: str) -> yaml.Node:
    """The one document of a policy file. Raises PolicyError."""
    try:
        faults = list(_devices(file, text))
        root = None if faults else yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise PolicyError(
            [Fault(file, f"not YAML: {error.problem}", _line(error.problem_mark))]
        ) from error
    # An escape or a version number beyond all bounds makes the YAML reader itself stumble.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise PolicyError([Fault(file, "a character that YAML does not allow")]) from error
    if faults or root is None:
        raise PolicyError(faults or [Fault(file, "the file is empty")])
    return root


def _line(mark: Any) -> int | None:
    return mark.line + 1 if mark else None


def _devices(file: str, text: str) -> Iterator[Fault]:
    """Faults of everything but plain data. Parsing keeps its own stack, so depth cannot hurt it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            yield Fault(file, f"nested deeper than {DEPTH_MAX} levels", line)
            return
        if device := _device(event):
            yield Fault(file, f"{device} is not allowed here; write the value out", line)


def _device(event: yaml.Event) -> str | None:
    if isinstance(event, yaml.AliasEvent):
        return f"the alias *{event.anchor}"
    if getattr(event, "anchor", None) is not None:
        return "an anchor (&)"
    if getattr(event, "tag", None) is not None:
        return "a tag (!)"
    return None
