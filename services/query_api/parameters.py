"""Every query parameter, declared once: how it is read and how OpenAPI shows it.

An unknown, repeated or misspelt parameter is an error: a filter that is silently ignored answers
another question than the one asked.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request

from events.scalars import TaskGroup
from events.text import bad_character
from events.vocabulary import BY_TYPE
from services.web.problems import Problem

LIMIT_MAX, LIMIT_DEFAULT = 1_000, 100
#: Characters of any one value; the longest id is 128 characters, a cursor a little longer.
_TEXT_MAX, _CURSOR_MAX = 128, 600
_NUMBER_DIGITS_MAX = 18
_RESIDENCE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
#: Says that something was not stated, in filters and in rows of a table.
UNSTATED = "unstated"

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter. `read` raises ValueError with what it should have been."""

    name: str
    read: Callable[[str], Any]
    schema: dict[str, Any]
    description: str
    example: Any

    def documented(self) -> dict[str, Any]:
        """The OpenAPI parameter object."""
        return {
            "name": self.name,
            "in": "query",
            "required": False,
            "description": self.description,
            "schema": self.schema,
            "example": self.example,
        }


def _text(value: str) -> str:
    return checked_text(value, _TEXT_MAX)


def checked_text(value: str, most: int = _TEXT_MAX) -> str:
    """A value that can be an id; ValueError otherwise."""
    if not 1 <= len(value) <= most:
        raise ValueError(f"1 to {most} characters")
    bad = bad_character(value)
    if bad:
        raise ValueError(f"text without {bad}")
    return value


def _day(value: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a date YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("a date that exists, YYYY-MM-DD") from error


def _month(value: str) -> str:
    if not re.fullmatch(r"2[0-9]{3}-(?:0[1-9]|1[0-2])", value, re.ASCII):
        raise ValueError("a month YYYY-MM")
    return value


def path_month(value: str) -> str:
    """A month from the path; Problem 404 where there can be none."""
    try:
        return _month(value)
    except ValueError as error:
        raise Problem(404, "not-found", f"period must be {error}") from error


def whole_number(value: str) -> int:
    """A number that fits the register's; ValueError otherwise."""
    if not re.fullmatch(r"[0-9]+", value, re.ASCII):
        raise ValueError("a whole number")
    if len(value) > _NUMBER_DIGITS_MAX:
        raise ValueError(f"a whole number of at most {_NUMBER_DIGITS_MAX} digits")
    return int(value)


def _as_of(value: str) -> int | date:
    return _day(value) if "-" in value else whole_number(value)


def _limit(value: str) -> int:
    limit = whole_number(value)
    if not 1 <= limit <= LIMIT_MAX:
        raise ValueError(f"1 to {LIMIT_MAX}")
    return limit


def _residence(value: str) -> str:
    if value == UNSTATED:
        return ""
    if not _RESIDENCE.fullmatch(value):
        raise ValueError("an ISO 3166 code, or unstated")
    return value


def _choice(choices: Iterable[str]) -> Callable[[str], str]:
    known = tuple(choices)

    def read(value: str) -> str:
        if value not in known:
            raise ValueError("one of " + ", ".join(known))
        return value

    return read


_GROUPS = (UNSTATED, *TaskGroup)
_DAY_SCHEMA = {"type": "string", "format": "date"}
_TEXT_SCHEMA = {"type": "string", "minLength": 1, "maxLength": _TEXT_MAX}
_ALL = (
    Parameter("by", _choice(("day", "month")), {"type": "string", "enum": ["day", "month"],
              "default": "month"}, "Length of a period of the series.", "month"),
    Parameter("from", _day, _DAY_SCHEMA, "First work or pay day, inclusive.", "2026-10-01"),
    Parameter("to", _day, _DAY_SCHEMA, "Last work or pay day, inclusive.", "2026-10-31"),
    Parameter("as_of", _as_of, {"type": "string", "maxLength": _NUMBER_DIGITS_MAX},
              "Answer with what was recorded then: a position (leaf index) or a date, inclusive.",
              "2026-10-31"),
    Parameter("on", _day, _DAY_SCHEMA, "The day whose values are shown (default: today).",
              "2026-11-01"),
    Parameter("per", _choice(("platform", "sector")), {"type": "string",
              "enum": ["platform", "sector"], "default": "platform"},
              "What a row is about: a platform, or an ILO task group.", "sector"),
    Parameter("task_group", _choice(_GROUPS), {"type": "string", "enum": list(_GROUPS)},
              "Only this ILO task group.", "ai-training"),
    Parameter("residence", _residence, {"type": "string", "maxLength": 8},
              "Only workers who live there: ISO 3166 as stated, or `unstated`.", "MA"),
    Parameter("platform", _text, _TEXT_SCHEMA, "Only this platform.", "atlas-tasks"),
    Parameter("scheme", _text, _TEXT_SCHEMA, "Only this contribution scheme.", "cnss"),
    Parameter("worker", _text, _TEXT_SCHEMA, "Only this pseudonym.", "w-7f3a"),
    Parameter("contract", _text, _TEXT_SCHEMA, "Only this contract.", "c-12"),
    Parameter("task", _text, _TEXT_SCHEMA, "Only this task.", "t-100"),
    Parameter("type", _choice(BY_TYPE), {"type": "string", "enum": list(BY_TYPE)},
              "Only events of this type.", "task.approved.v1"),
    Parameter("after", whole_number, {"type": "integer", "minimum": 0, "default": 0},
              "Only entries behind this number.", 0),
    Parameter("period", _month, {"type": "string", "pattern": "^2[0-9]{3}-(0[1-9]|1[0-2])$"},
              "Only entries of this month.", "2026-10"),
    Parameter("limit", _limit, {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX,
              "default": LIMIT_DEFAULT}, "Rows of one page.", 100),
    Parameter("cursor", lambda value: checked_text(value, _CURSOR_MAX),
              {"type": "string", "maxLength": _CURSOR_MAX},
              "Where the last page ended: the `next` of its answer.", "WzEsMCwiYSJd"),
    Parameter("leaf", whole_number, {"type": "integer", "minimum": 0},
              "Which leaf, where several bodies came under one id; without it the counted one.", 7),
)  # fmt: skip
PARAMETERS = {parameter.name: parameter for parameter in _ALL}


def read_query(request: Request, names: Iterable[str]) -> Values:
    """The parameters of a request, None where absent. Problems 400 and 422 say what is wrong."""
    allowed = tuple(names)
    values: Values = dict.fromkeys(allowed)
    for name, text in _pairs(request.scope["query_string"]):
        if name not in allowed:
            raise Problem(
                400,
                "unknown-parameter",
                f"{name[:64]!r} is not a parameter here",
                parameters=list(allowed),
            )
        if values[name] is not None:
            raise _bad(name, "stands twice")
        try:
            values[name] = PARAMETERS[name].read(text)
        except ValueError as error:
            raise _bad(name, f"must be {error}") from error
    first, last = values.get("from"), values.get("to")
    if first and last and first > last:
        raise Problem(422, "empty-period", f"from {first} is after to {last}", parameter="from")
    return values


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    # A plus sign is a plus sign: form decoding would turn ids that hold one into other ids.
    try:
        return [
            (unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode())
            for name, _, value in (part.partition(b"=") for part in raw.split(b"&") if part)
        ]
    except UnicodeDecodeError as error:
        raise Problem(400, "bad-parameter", "the query string is not UTF-8") from error


def _bad(name: str, why: str) -> Problem:
    return Problem(400, "bad-parameter", f"{name} {why}", parameter=name)


def path_text(name: str, value: str) -> str:
    """An id from the path; Problem 404, since nothing can stand under an impossible id."""
    try:
        return checked_text(value)
    except ValueError as error:
        raise Problem(404, "not-found", f"{name} must be {error}") from error


def path_number(name: str, value: str) -> int:
    """A number from the path; Problem 404 where there can be none."""
    try:
        return whole_number(value)
    except ValueError as error:
        raise Problem(404, "not-found", f"{name} must be {error}") from error
