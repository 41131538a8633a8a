"""JSON, NDJSON and CSV of one answer, and the headers that every answer carries.

CSV is RFC 4180 as UTF-8. Nothing is put before a value: cells hold codes, ids and numbers as the
registry has them, and a reader who opens ids of others in a spreadsheet imports them as text.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import Request, Response

from services.web.problems import Problem

JSON, NDJSON, CSV = "json", "ndjson", "csv"
MEDIA = {JSON: "application/json", NDJSON: "application/x-ndjson", CSV: "text/csv"}
#: Where the middleware leaves the suffix of a path, and the path that had it.
SUFFIX_KEY, PATH_KEY = "sijill.suffix", "sijill.path"

Flat = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out: the JSON document, and its rows where it is also a table."""

    document: Any
    rows: Sequence[Any] | None = None
    columns: Sequence[str] = ()
    flatten: Callable[[Any], Iterable[Flat]] = field(default=lambda row: [msgspec.to_builtins(row)])
    headers: Mapping[str, str] = field(default_factory=dict)


def format_of(request: Request, offered: Sequence[str]) -> str:
    """The format asked for: the path's suffix, else `Accept`. Problem 406 if it is not offered."""
    suffix = request.scope.get(SUFFIX_KEY)
    wanted = [suffix] if suffix else _accepted(request.headers.get("accept", "*/*"), offered)
    for name in wanted:
        if name in offered:
            return name
    names = ", ".join(MEDIA[name] for name in offered)
    raise Problem(406, "not-acceptable", f"this answer can be had as {names}")


def _accepted(header: str, offered: Sequence[str]) -> list[str]:
    """Offered formats that a header accepts, the best first (RFC 9110 section 12.5.1)."""
    graded = [(_quality(header, MEDIA[name]), -index, name) for index, name in enumerate(offered)]
    return [name for quality, _, name in sorted(graded, reverse=True) if quality > 0]


def _quality(header: str, media: str) -> float:
    """The weight of the most specific range that fits."""
    ranges = {media: 3, media.partition("/")[0] + "/*": 2, "*/*": 1}
    best = (0, 0.0)
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        best = max(best, (ranges.get(name, 0), _weight(parameters)))
    return best[1] if best[0] else 0.0


def _weight(parameters: Sequence[str]) -> float:
    stated = [p.removeprefix("q=") for p in parameters if p.startswith("q=")]
    try:
        return float(stated[0]) if stated else 1.0
    except ValueError:
        return 0.0


def render(request: Request, answer: Answer) -> Response:
    """The response, or 304 where the client holds these very bytes."""
    offered = (JSON,) if answer.rows is None else (JSON, NDJSON, CSV)
    name = format_of(request, offered)
    return conditional(request, _body(answer, name), MEDIA[name], answer.headers)


def conditional(request: Request, body: bytes, media: str, headers: Mapping[str, str]) -> Response:
    """A strong ETag over all that is answered, and 304 if `If-None-Match` names it."""
    digest = hashlib.sha256(media.encode() + b"\n" + body).hexdigest()
    tag = f'"{digest}"'
    every = {
        **headers,
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization",
    }
    known = {
        one.strip().removeprefix("W/")
        for one in request.headers.get("if-none-match", "").split(",")
    }
    if tag in known or "*" in known:
        return Response(status_code=304, headers=every)
    kind = media + "; charset=utf-8" if media.startswith("text/") else media
    return Response(body, headers={**every, "Content-Type": kind})


def _body(answer: Answer, name: str) -> bytes:
    if name == JSON:
        return msgspec.json.encode(answer.document)
    rows = answer.rows or ()
    if name == NDJSON:
        return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    return _csv(answer.columns, (flat for row in rows for flat in answer.flatten(row)))


def _csv(columns: Sequence[str], rows: Iterable[Flat]) -> bytes:
    return csv_lines(columns, [dict(zip(columns, columns, strict=True))]) + csv_lines(columns, rows)


def csv_lines(columns: Sequence[str], rows: Iterable[Flat]) -> bytes:
    """Lines of a table without its head."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="")
    writer.writerows({name: _cell(row.get(name)) for name in columns} for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value)
    return value
