"""Leaf 0: the authority establishes the registry (RULES 2.4)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from deploy.keyfiles import AUTHORITY_FILE, read_key, write_key
from deploy.processes.opening import open_intake, open_leaves
from deploy.processes.settings import Stores
from events import acts
from events.jose import PrivateKey
from events.keys import AUTHORITY, REGISTRY
from events.leaf import utc_text
from events.limits import INTAKE_PARTITIONS
from events.log.intake import partition_of
from events.log.protocol import Arrival, Leaves, Place
from events.submission import Speaker, decode_events, read_submission
from events.token import sign_submission
from events.vocabulary import AuthorityEstablished, EmitterKind
from migrations.roles import OPERATOR

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


@dataclass(frozen=True, slots=True)
class Founding:
    """What a registry is established with; none of it ever changes."""

    name: str
    country: str
    time_zone: str


async def establish(
    stores: Stores, keys: Path, founding: Founding, at: datetime
) -> acts.AuthorityEstablished | None:
    """Append leaf 0's submission, with new keys. What stands already, if so; then nothing is done.

    Keys are on disk before anything is appended: a log whose key was lost could never go on. A
    kill between the two is repaired by running it again, with the same keys. After an append whose
    outcome is unknown there may be two: the second can only be a conflict.
    """
    async with open_leaves(stores, OPERATOR) as leaves:
        stands = await standing(leaves)
    if stands is not None:
        return stands
    authority = _made(keys / AUTHORITY_FILE, AUTHORITY)
    registry = _made(keys / "registry.json", REGISTRY)
    async with open_intake(stores) as intake:
        await intake.append(
            establishment(
                authority,
                registry,
                name=founding.name,
                country=founding.country,
                zone=founding.time_zone,
                at=at,
            ),
            anyway=True,
        )
    return None


def is_same(stands: acts.AuthorityEstablished, keys: Path, founding: Founding) -> bool:
    """Whether it was this that established a log: so a script that was killed may run again."""
    path = keys / AUTHORITY_FILE
    said = Founding(stands.name, stands.country, stands.time_zone)
    return said == founding and path.exists() and read_key(path).key.jwk == stands.key


async def standing(leaves: Leaves) -> acts.AuthorityEstablished | None:
    """What establishes a log: the authority's first submission, whether it has its leaf or not."""
    first = Place(partition_of(AUTHORITY, INTAKE_PARTITIONS), 0)
    try:
        (body,) = await leaves.bodies([first])
    except LookupError:
        return None
    (event,) = decode_events(body)
    assert isinstance(event, AuthorityEstablished)
    return event.data


def _made(path: Path, emitter: str) -> PrivateKey:
    if path.exists():
        return read_key(path).key
    key = PrivateKey.generate()
    write_key(path, emitter, key, "")
    return key
