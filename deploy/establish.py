"""Leaf 0: the authority establishes the registry (RULES 2.4)."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from deploy.keyfiles import AUTHORITY_FILE, read_key, write_key
from events.jose import PrivateKey
from events.keys import AUTHORITY, REGISTRY
from events.leaf import utc_text
from events.log.protocol import Arrival, Intake
from events.submission import Speaker, read_submission
from events.token import sign_submission
from events.vocabulary import EmitterKind

#: The id of every log's first submission; a second one under it can only be a conflict.
_FIRST = "establishment"


def make_event(emitter: str, type_: str, data: dict[str, Any], at: datetime) -> dict[str, Any]:
    """A CloudEvent of an emitter, under a new id."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/emitters/{emitter}",
        "type": type_,
        "time": at.isoformat(),
        "data": data,
    }


def establishment(
    authority: PrivateKey, registry: PrivateKey, *, name: str, country: str, zone: str, at: datetime
) -> Arrival:
    """The first submission, signed by the key that it names. Raises `Refused` on bad data."""
    data = {
        "name": name,
        "country": country,
        "time_zone": zone,
        "key": msgspec.to_builtins(authority.jwk),
        "registry_key": msgspec.to_builtins(registry.jwk),
    }
    body = json.dumps([make_event(AUTHORITY, "authority.established.v1", data, at)]).encode()
    read_submission(body, Speaker(AUTHORITY, EmitterKind.AUTHORITY), at)
    seconds = int(at.timestamp())
    token = sign_submission(authority, emitter=AUTHORITY, submission=_FIRST, at=seconds, body=body)
    return Arrival(AUTHORITY, _FIRST, hashlib.sha256(body).digest(), token, 1, utc_text(at), body)


async def establish(
    intake: Intake, keys: Path, *, name: str, country: str, zone: str, at: datetime
) -> None:
    """Make both keys if they do not exist yet and append leaf 0's submission.

    Keys are on disk before anything is appended: a log whose key was lost could never go on. A
    kill between the two is repaired by running it again, with the same keys.
    """
    authority = _made(keys / AUTHORITY_FILE, AUTHORITY)
    registry = _made(keys / "registry.json", REGISTRY)
    await intake.append(
        establishment(authority, registry, name=name, country=country, zone=zone, at=at)
    )


def _made(path: Path, emitter: str) -> PrivateKey:
    if path.exists():
        return read_key(path).key
    key = PrivateKey.generate()
    write_key(path, emitter, key, "")
    return key
