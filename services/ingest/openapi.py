"""What OpenAPI 3.1 says of the door, from the code's own types and limits."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from events import limits
from events.receipt import Acknowledgement, Receipt
from events.token import CONTENT_TYPE
from events.vocabulary import AnyEvent

_REF = "#/components/schemas/{name}"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "maxItems": limits.FAULTS_MAX,
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "format": "json-pointer"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_TOKEN = {
    "name": "Submission-Signature",
    "in": "header",
    "required": True,
    "description": "Detached JWS over exactly the bytes of the body (RFC 7515 appendix F): "
    "`<base64url protected header>..<base64url signature>`.",
    "schema": {"type": "string", "maxLength": limits.TOKEN_CHARS_MAX},
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": f"`wait=N` waits up to N seconds (at most {limits.WAIT_SECONDS_MAX}) for the "
    "leaf; the answer is then 201 with the receipt.",
    "schema": {"type": "string"},
}
_BODY = {
    "required": True,
    "description": f"CloudEvents 1.0 JSON batch of {limits.EVENTS_MIN} to {limits.EVENTS_MAX} "
    f"events, at most {limits.BODY_BYTES_MAX} bytes, no Content-Encoding.",
    "content": {
        CONTENT_TYPE: {
            "schema": {
                "type": "array",
                "minItems": limits.EVENTS_MIN,
                "maxItems": limits.EVENTS_MAX,
                "items": {"$ref": "#/components/schemas/Event"},
            }
        }
    },
}
_REFUSALS = {
    400: "Not JSON, or a header that is not as RULES ask.",
    401: "Unknown key, bad signature, or a clock that runs ahead.",
    403: "The key is revoked, or this emitter may not say this.",
    408: f"The body did not arrive within {limits.BODY_SECONDS_MAX} seconds.",
    409: "Other bytes stand under this id.",
    413: f"More than {limits.BODY_BYTES_MAX} bytes.",
    415: f"Not {CONTENT_TYPE}, or a Content-Encoding.",
    422: f"The schema's faults, the first {limits.FAULTS_MAX}, each by JSON Pointer.",
    429: f"More than {limits.EMITTER_REQUESTS_PER_SECOND} requests or "
    f"{limits.EMITTER_BYTES_PER_SECOND} bytes a second; `Retry-After` says how long to wait.",
    503: "Cannot keep now, or unknown whether kept: send the same bytes again.",
}


def _documented(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusals() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": text, "content": content} for status, text in _REFUSALS.items()
    }


_RECEIPT = {"$ref": "#/components/schemas/Receipt"}
SUBMISSION_DOCS: dict[str, Any] = {
    "parameters": [_TOKEN, _PREFER],
    "requestBody": _BODY,
    "responses": {
        "200": _documented("A repeat: the receipt of old.", _RECEIPT),
        "201": _documented("It has its leaf: the receipt and its outcome.", _RECEIPT),
        "202": _documented(
            "Durably kept: the signed acknowledgement.",
            {"$ref": "#/components/schemas/Acknowledgement"},
        ),
        **_refusals(),
    },
}
VALIDATION_DOCS: dict[str, Any] = {
    "parameters": [_TOKEN],
    "requestBody": _BODY,
    "responses": {
        "200": _documented(
            "It would be accepted, or stands already.",
            {
                "type": "object",
                "required": ["valid", "events", "stands_at_leaf"],
                "properties": {
                    "valid": {"const": True},
                    "events": {"type": "integer"},
                    "stands_at_leaf": {"type": ["integer", "null"]},
                },
            },
        ),
        **_refusals(),
    },
}


def with_vocabulary(app: FastAPI) -> None:
    """Let the app's OpenAPI carry every event type, generated from the code."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            (event, *_), components = msgspec.json.schema_components(
                [AnyEvent, Acknowledgement, Receipt], ref_template=_REF
            )
            schemas |= components
            schemas |= {"Event": event, "Problem": _PROBLEM}
            for path in document["paths"].values():
                for operation in path.values():
                    # Answers are made by msgspec; FastAPI's own guess of a 200 is not ours.
                    operation["responses"].pop("default", None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
