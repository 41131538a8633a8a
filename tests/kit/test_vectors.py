"""The test vectors are what a real door answers, and what the kit and its signers make."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sijill_client.keys import load_key
from sijill_client.signing import sign_submission

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.vectors import EMITTER, KEYS, NOW
from services.ingest.app import create_app
from tests.support.world import Platform, World, new_world

FILE = Path(__file__).parents[2] / "docs" / "platforms" / "vectors.json"
VECTORS = json.loads(FILE.read_text("utf-8"))


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres) -> AsyncIterator[World]:
    """A registry as the file says: its clock at `now`, the three keys, one of them revoked."""
    async with new_world(postgres) as made:
        assert made.clock.now == NOW
        await made.register(Platform(EMITTER, KEYS["ed25519"]))
        for name in ("es256", "revoked"):
            jwk = msgspec.to_builtins(KEYS[name].jwk)
            await made.act("key.added", {"emitter": EMITTER, "key": jwk})
        await made.act("key.revoked", {"kid": KEYS["revoked"].kid})
        yield made


async def test_every_vector_gets_the_answer_that_stands_beside_it(world: World) -> None:
    found: dict[str, str | None] = {}
    transport = httpx.ASGITransport(create_app(world.door))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        for one in VECTORS["accepted"] + VECTORS["mistakes"]:
            headers = dict(one["headers"])
            if one["token"]:
                headers["Submission-Signature"] = one["token"]
            body = one["body"].encode()
            answer = await client.post("/v1/submissions", content=body, headers=headers)
            await world.sequence()
            found[one["name"]] = _differs(one["answer"], answer)
    assert {name: said for name, said in found.items() if said} == {}


def _differs(expected: dict[str, Any], answer: httpx.Response) -> str | None:
    """What the door said, if it is not what the file says."""
    same = answer.status_code == expected["status"]
    if "type" in expected and same:
        same = answer.json()["type"] == expected["type"] and expected["says"] in answer.text
    return None if same else f"{answer.status_code} {answer.text}"


def test_the_kit_makes_the_first_vector_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "vector.key"
    path.touch(mode=0o600)
    path.write_text(json.dumps(VECTORS["key_files"]["ed25519"]))
    first, at = VECTORS["accepted"][0], datetime.fromisoformat(VECTORS["now"]).astimezone(UTC)
    made = sign_submission(load_key(path), "first", first["body"].encode(), at)
    assert made == first["token"]


def test_the_page_says_with_which_iat_the_first_is_signed() -> None:
    page = (FILE.parent / "signing.md").read_text("utf-8")
    assert f"`iat` {int(NOW.timestamp())}" in page


def test_every_vector_stands_once_and_is_worth_its_place() -> None:
    names = [one["name"] for one in VECTORS["accepted"] + VECTORS["mistakes"]]
    assert len(set(names)) == len(names)
    assert len(VECTORS["mistakes"]) > 20
