"""The OpenAPI document is what clients are made from: valid, complete, and true."""

import asyncio
import json
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_31

from events import limits, vocabulary
from events.errors import Reason
from events.token import CONTENT_TYPE
from events.vocabulary import EmitterKind
from services.ingest.app import _STATUS, create_app
from tests.ingest.memory import SPEAKERS, MemoryIntake, memory_door
from tests.ingest.samples import AUTHORITY, FUND, PLATFORM, REGISTRY
from tests.ingest.speaking import IAT, SUBMIT, VALIDATE
from tests.support.world import Platform, body_of

INTAKE = MemoryIntake()
APP = create_app(memory_door(INTAKE))
DOCUMENT: dict[str, Any] = json.loads(json.dumps(APP.openapi()))
SAMPLES = [
    (kind, name, data)
    for kind, said in {
        EmitterKind.PLATFORM: PLATFORM,
        EmitterKind.AUTHORITY: AUTHORITY,
        EmitterKind.FUND: FUND,
        EmitterKind.REGISTRY: REGISTRY,
    }.items()
    for name, data in said.items()
]
EVENT = jsonschema_rs.validator_for(
    {"$ref": "#/components/schemas/Event", "components": DOCUMENT["components"]},
)


def call(path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """One request, in an event loop of its own."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            return await http.post(path, content=body, headers=headers)

    return asyncio.run(run())


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    jsonschema_rs.validator_for(OPENAPI_31).validate(DOCUMENT)
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def test_every_limit_of_the_door_is_shown() -> None:
    shown = DOCUMENT["info"]["x-limits"]
    assert shown["body_bytes_max"] == limits.BODY_BYTES_MAX
    assert shown["clock_ahead_max"] == 300
    assert {name.lower() for name in vars(limits) if name.isupper() and name != "UTC"} == set(shown)
    batch = DOCUMENT["paths"][SUBMIT]["post"]["requestBody"]["content"][CONTENT_TYPE]["schema"]
    assert (batch["minItems"], batch["maxItems"]) == (limits.EVENTS_MIN, limits.EVENTS_MAX)


@pytest.mark.parametrize("path", [SUBMIT, VALIDATE])
def test_every_problem_of_the_door_is_documented(path: str) -> None:
    shown = DOCUMENT["paths"][path]["post"]["responses"]
    expected = {_STATUS[reason] for reason in Reason} | {408, 429, 503}
    for status in expected:
        reference = {"$ref": "#/components/schemas/Problem"}
        assert shown[str(status)]["content"] == {"application/problem+json": {"schema": reference}}


def test_there_is_a_sample_of_every_type() -> None:
    assert {f"{name}.v1" for _, name, _ in SAMPLES} == set(vocabulary.BY_TYPE)


@pytest.mark.parametrize(("kind", "name", "data"), SAMPLES)
def test_a_good_event_passes_the_document_and_the_door(
    kind: EmitterKind, name: str, data: dict[str, Any]
) -> None:
    speaker = SPEAKERS[kind]
    event = speaker.event(name, data)
    EVENT.validate(event)
    event["unknown"] = {"kept": ["and", "ignored"]}
    EVENT.validate(event)
    answer = call(VALIDATE, body := body_of([event]), _headers(speaker, body))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("kind", "name", "data"), SAMPLES)
def test_the_document_and_the_door_refuse_the_same_wrong_values(
    kind: EmitterKind, name: str, data: dict[str, Any]
) -> None:
    """Each member in turn with an empty object for its value, and each required one left out."""
    speaker = SPEAKERS[kind]
    for member in data:
        wrong = speaker.event(name, {**data, member: {}})
        lacking = speaker.event(name, {key: data[key] for key in data if key != member})
        for event in (wrong, lacking):
            answer = call(VALIDATE, body := body_of([event]), _headers(speaker, body))
            if not EVENT.is_valid(event):
                assert answer.status_code == 422, (member, answer.text)
            elif answer.status_code != 200:
                # What spans two members, or the emitter, no schema of one event can say.
                assert "together" in answer.text or "fund" in answer.text


def _headers(speaker: Platform, body: bytes) -> dict[str, str]:
    token = speaker.sign(body, "sample", iat=IAT)
    return {"content-type": CONTENT_TYPE, "submission-signature": token}


SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_CASES = [
    SCHEMA[path]["POST"].as_strategy(generation_mode=mode)
    for path, mode in (
        (SUBMIT, GenerationMode.POSITIVE),
        (SUBMIT, GenerationMode.NEGATIVE),
        (VALIDATE, GenerationMode.NEGATIVE),
    )
]


@pytest.mark.parametrize("cases", _CASES)
def test_no_request_meets_an_undocumented_answer(cases: Any) -> None:
    """Made from the document, right and wrong; unsigned as generated, then signed by alpha."""

    @given(cases)
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def hold(case: Any) -> None:
        try:
            body = json.dumps(case.body).encode()
        except TypeError:
            body = b"null"
        made = {k: str(v) for k, v in (case.headers or {}).items() if _can_be_sent(k, str(v))}
        signed = _headers(SPEAKERS[EmitterKind.PLATFORM], body)
        for headers in ({**made, "content-type": CONTENT_TYPE}, {**made, **signed}):
            lowered = {name.lower(): value for name, value in headers.items()}
            # Nothing sequences here: a wait would only run out.
            lowered.pop("prefer", None)
            case.validate_response(call(case.path, body, lowered), checks=CHECKS)

    hold()


def _can_be_sent(name: str, value: str) -> bool:
    return name.isascii() and value.isascii() and (name + value).isprintable()
