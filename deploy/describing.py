"""What `sijill describe` writes into the docs: what the code knows, so that the two cannot drift.

A page keeps its own words. Between `<!-- generated: NAME -->` and `<!-- end -->` stands what is
made here. The files under `schemas/` and `openapi.json` are made as a whole.
"""

import json
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from deploy import vector_file
from deploy.field_words import meaning
from deploy.processes.serve import describe_both
from deploy.vector_cases import MISTAKES
from events import data, scalars
from events.clock import system_clock
from events.receipt import RegistryKeys
from events.schema import event_types, schema_of_batch, schema_of_type
from events.vocabulary import BY_TYPE, CORRECTIONS, MAY_SIGN, PLATFORM_EVENTS, data_type_of, type_of
from services.projections.anomalies import RULES
from services.query_api.app import create_app as create_query_app
from services.query_api.parameters import PARAMETERS
from services.query_api.routes.public import stated_limits
from services.query_api.state import QueryState

_BLOCK = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_UNIONS = (Union, types.UnionType)
_NO_NEWLINE = r"(?!\n)"
#: The command that makes everything current, for whoever finds it is not.
COMMAND = "sijill describe"


def write_descriptions(folder: Path) -> list[Path]:
    """Write everything that is made here under the docs folder; what changed."""
    return [path for path, text in generated(folder).items() if _write(path, text)]


def generated(folder: Path) -> dict[Path, str]:
    """Every file that holds something generated, as it should be. KeyError: an unknown block."""
    files = {path: filled(path.read_text("utf-8")) for path in sorted(folder.rglob("*.md"))}
    for name in event_types():
        files[folder / "schemas" / f"{name}.json"] = _json(schema_of_type(name))
    files[folder / "schemas" / "events.json"] = _json(schema_of_batch())
    files[folder / "openapi.json"] = _json(openapi())
    files[folder / "platforms" / "vectors.json"] = _json(vector_file.document())
    return files


def filled(page: str) -> str:
    """A page with its generated blocks made anew."""

    def block(found: re.Match[str]) -> str:
        name, *words = found[2].split()
        return f"{found[1]}{BLOCKS[name](*words)}\n{found[3]}"

    return _BLOCK.sub(block, page)


def openapi() -> dict[str, Any]:
    """The description of door and query API, as one port serves them. Nothing is connected."""
    nothing = cast(Any, None)
    keys = RegistryKeys("", {})
    query = create_query_app(QueryState(nothing, nothing, nothing, keys, system_clock))
    describe_both(query)
    return query.openapi()


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return True


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


# --- blocks ---------------------------------------------------------------------------------


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(_cell(one) for one in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _fields(event_type: str) -> str:
    """The fields of an event's data: name, whether required, form, meaning."""
    struct = data_type_of(BY_TYPE[event_type])
    hints = get_type_hints(struct, include_extras=True)
    # What is required is read first.
    fields = sorted(msgspec.structs.fields(struct), key=lambda field: not field.required)
    return _table(
        ("field", "", "form", "meaning"),
        (
            (
                f"`{field.name}`",
                "required" if field.required else "",
                _form(hints[field.name]),
                meaning(struct, field.name),
            )
            for field in fields
        ),
    )


#: Names of the small types, for the table that explains each once.
_FORMS = {
    scalars.Identifier: "id",
    scalars.Pseudonym: "pseudonym",
    scalars.Text: "text",
    scalars.Code: "code",
    scalars.Amount: "amount",
    scalars.Quantity: "quantity",
    scalars.Currency: "currency",
    scalars.Residence: "residence",
    scalars.Seconds: "seconds",
    scalars.Moment: "moment",
    scalars.Day: "day",
    scalars.Digest: "digest",
    scalars.Score: "score",
}
_ENUMS = tuple(
    value
    for value in vars(scalars).values()
    if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
)


def _form(hint: Any) -> str:
    """The form of a field in a word or two."""
    stated = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) in _UNIONS:
        return _form(stated[0]) if len(stated) == 1 else "object"
    if get_origin(hint) is list:
        return f"list of {_form(stated[0])}"
    if hint in _FORMS:
        return _FORMS[hint]
    if hint in _ENUMS:
        return f"one of {_choices(hint)}"
    return {bool: "true or false", data.Money: "`amount` and `currency`"}.get(hint, "object")


def _choices(enum: Iterable[StrEnum]) -> str:
    return ", ".join(f"`{one}`" for one in enum)


def _forms() -> str:
    return _table(
        ("form", "what it is"), ((name, _limits_of(hint)) for hint, name in _FORMS.items())
    )


def _limits_of(hint: Any) -> str:
    meta: msgspec.Meta = hint.__metadata__[0]
    parts = [meta.description.rstrip(".") if meta.description else ""]
    if meta.max_length is not None:
        parts.append(f"{meta.min_length} to {meta.max_length} characters")
    if meta.ge is not None:
        parts.append(f"{meta.ge:,} to {meta.le:,}")
    if (pattern := scalars.pattern_of(meta)) is not None:
        # What follows `$` only keeps Python from letting a newline through.
        parts.append(f"`{pattern.removesuffix(_NO_NEWLINE)}`")
    return "; ".join(part for part in parts if part)


def _types() -> str:
    """All types of a platform, with what they say."""
    rows = ((f"`{type_of(one)}`", one.__doc__ or "") for one in PLATFORM_EVENTS + CORRECTIONS)
    return _table(("type", "says"), rows)


def _acts() -> str:
    """The acts, and who may sign each."""
    own = set(PLATFORM_EVENTS + CORRECTIONS)
    rows = (
        (f"`{name}`", event.__doc__ or "", ", ".join(_signers(event)))
        for name, event in BY_TYPE.items()
        if event not in own
    )
    return _table(("act", "says", "signed by"), rows)


def _signers(event: Any) -> Iterator[str]:
    return (str(kind) for kind, may in MAY_SIGN.items() if event in may)


def _rules() -> str:
    rows = (
        (f"`{name}`", rule.text, rule.remedy, "yes" if rule.counted else "no")
        for name, rule in RULES.items()
    )
    return _table(("rule", "what was found", "what to do", "event counts"), rows)


def _mistakes() -> str:
    rows = (
        (f"`{one.name}`", f"{one.answer.status} `{one.answer.type}`", one.why) for one in MISTAKES
    )
    return _table(("vector", "answer", "what was wrong, and what to do"), rows)


def _limits() -> str:
    rows = ((f"`{name}`", f"{value:,}" if isinstance(value, int) else value)
            for name, value in stated_limits().items())  # fmt: skip
    return _table(("limit", "value"), rows)


def _routes() -> str:
    """Every path of the description, who may read it, and its parameters."""
    return _table(("request", "who", "parameters", "answers"), _operations())


def _operations() -> Iterator[tuple[str, str, str, str]]:
    for path, operations in openapi()["paths"].items():
        for method, one in operations.items():
            query = [f"`{p['name']}`" for p in one.get("parameters", ()) if p["in"] == "query"]
            who = one.get(
                "x-sijill-readers", "whoever holds a key" if method == "post" else "anyone"
            )
            text = one.get("description", "")
            yield f"`{method.upper()} {path}`", who, " ".join(query), text


def _parameters() -> str:
    rows = ((f"`{one.name}`", one.description, f"`{one.example}`") for one in PARAMETERS.values())
    return _table(("parameter", "meaning", "example"), rows)


BLOCKS: dict[str, Callable[..., str]] = {
    "acts": _acts,
    "fields": _fields,
    "forms": _forms,
    "limits": _limits,
    "mistakes": _mistakes,
    "parameters": _parameters,
    "routes": _routes,
    "rules": _rules,
    "types": _types,
}
