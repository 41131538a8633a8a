"""OpenAPI 3.1: every route with its parameters, its readers, its formats and its errors."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path
from fastapi.openapi.utils import get_openapi

from events.access import Role
from events.receipt import Receipt
from services.query_api import answers, fund_answers, rule_answers
from services.query_api.examples import example_of
from services.query_api.formats import CSV, JSON, MEDIA, NDJSON
from services.query_api.parameters import PARAMETERS
from services.web.problems import PROBLEM_TYPE, title_of

_REFERENCE = "#/components/schemas/{name}"
_PROBLEMS = {
    400: ("unknown-parameter", "A parameter is unknown, stands twice or cannot be read."),
    401: ("unauthenticated", "The bearer token is missing or proves nothing."),
    403: ("forbidden", "This role may not read this; the detail names who may."),
    404: ("not-found", "There is nothing here that you may read."),
    406: ("not-acceptable", "None of the formats that this answer has is accepted."),
    422: ("unknown-basis", "`as_of` is not recorded yet, or the period is empty."),
    503: ("unavailable", "The views or the access record cannot be reached: ask again later."),
}
_ANSWERS = (
    Receipt,
    *(
        found
        for module in (answers, fund_answers, rule_answers)
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, msgspec.Struct)
        and found.__module__ == module.__name__
    ),
)


def _path(description: str, example: str) -> Any:
    return Path(description=description, openapi_examples={"one": {"value": example}})


PlatformId = Annotated[str, _path("The platform's emitter id.", "atlas")]
Pseudonym = Annotated[str, _path("The worker's pseudonym on that platform.", "w-7f3a")]
MonthName = Annotated[str, _path("The month of work and pay days.", "2026-10")]
EventNumber = Annotated[str, _path("The event's number in the register, from 0.", "88")]
EmitterName = Annotated[str, _path("Who signed the submission.", "atlas")]
SubmissionName = Annotated[str, _path("The submission's id (`jti`).", "2026-10-12.1")]
SchemeName = Annotated[str, _path("The contribution scheme.", "cnss")]
PeriodName = Annotated[str, _path("A month, YYYY-MM.", "2026-10")]
EntryNumber = Annotated[str, _path("The entry's number in its scheme, from 1.", "1")]
WorkerName = Annotated[str, _path("PLATFORM/PSEUDONYM.", "atlas/w-7f3a")]
TypeName = Annotated[str, _path("An event type, or `events` for all.", "task.approved.v1")]
_HEADERS = {
    "Registry-Position": {
        "description": "The position (leaf index) that the answer was computed at.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "SHA-256 over the answer.", "schema": {"type": "string"}},
    "Link": {"description": "`rel=next`: the next page.", "schema": {"type": "string"}},
}


def described(
    answer: type[Any] | None,
    roles: Iterable[Role] = (),
    parameters: Iterable[str] = (),
    table: Iterable[str] = (),
    *,
    public: bool = False,
    media: str = MEDIA[JSON],
) -> dict[str, Any]:
    """What a route decorator needs to document a route."""
    content: dict[str, Any] = {media: {"schema": {}}}
    if answer:
        schema = {"$ref": _REFERENCE.format(name=answer.__name__)}
        content = {media: {"schema": schema, "example": example_of(answer)}}
    columns = tuple(table)
    if columns:
        content[MEDIA[NDJSON]] = {"schema": {"type": "string"}}
        content[MEDIA[CSV]] = {"schema": {"type": "string"}, "example": ",".join(columns)}
    who = "anyone" if public else ", ".join(sorted(roles))
    extra: dict[str, Any] = {
        "parameters": [PARAMETERS[name].documented() for name in parameters],
        "security": [] if public else [{"accessToken": []}],
        "x-sijill-readers": who,
    }
    return {
        "response_model": None,
        "openapi_extra": extra,
        "response_description": f"Readable by: {who}.",
        "responses": {
            200: {"content": content, "headers": _HEADERS},
            304: {"description": "The answer that `If-None-Match` names still holds."},
            **{status: _problem(status) for status in _statuses(public, extra["parameters"])},
        },
    }


def _statuses(public: bool, parameters: Iterable[Mapping[str, Any]]) -> list[int]:
    never = {401, 403} if public else set()
    if not {"as_of", "from"} & {parameter["name"] for parameter in parameters}:
        never.add(422)
    return [status for status in _PROBLEMS if status not in never]


def _problem(status: int) -> dict[str, Any]:
    kind, text = _PROBLEMS[status]
    example = {
        "type": f"urn:sijill:problem:{kind}",
        "title": title_of(kind),
        "status": status,
        "detail": text,
    }
    schema = {"$ref": _REFERENCE.format(name="Problem")}
    return {
        "description": text,
        "content": {PROBLEM_TYPE: {"schema": schema, "example": example}},
    }


def install_openapi(app: FastAPI) -> None:
    """Let the app's description hold the schemas of the answers."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        license_info=None,
    )
    _, components = msgspec.json.schema_components(_ANSWERS, ref_template=_REFERENCE)
    parts = document.setdefault("components", {})
    parts["schemas"] = {**components, "Problem": _problem_schema()}
    parts["securitySchemes"] = {
        "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "sijill-access+jwt"}
    }
    for path in document["paths"].values():
        for operation in path.values():
            # FastAPI adds a 422 of its own, in a shape that this service never sends.
            if PROBLEM_TYPE not in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"].pop("422", None)
    return document


def _problem_schema() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail")}
    return {
        "type": "object",
        "description": "RFC 9457 problem document.",
        "properties": {**texts, "status": {"type": "integer"}},
        "required": ["type", "title", "status", "detail"],
    }
