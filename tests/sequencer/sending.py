"""Submissions as plain descriptions, and the intake records and bodies they make."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from events.jose import PrivateKey
from events.keys import AUTHORITY
from events.log.protocol import IntakeRecord, Place
from events.token import sign_submission

PARTITIONS = 3
EMITTERS = ("alpha", "beta", "gamma")
RECEIVED = "2026-03-04T11:59:59.000000Z"


@cache
def key(emitter: str, number: int) -> PrivateKey:
    """An emitter's keys: 0 is the one it is registered with."""
    return PrivateKey.generate()


@dataclass(frozen=True, slots=True)
class Act:
    """`verb`: register, rename, add, revoke, quarantine; `number`: of a key, or a leaf."""

    verb: str
    emitter: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission as appended. A platform's body is told apart by `content` alone."""

    emitter: str
    submission: str
    key: int = 0
    content: int = 0
    events: int = 1
    acts: tuple[Act, ...] = ()


def body_of(sent: Sent) -> bytes:
    """The bytes; only an authority's are ever read."""
    if sent.emitter != AUTHORITY:
        return f"content {sent.content} of {sent.events}".encode()
    return json.dumps([_event(*_said(act)) for act in sent.acts]).encode()


ESTABLISHMENT = Sent(AUTHORITY, "establishment", acts=(Act("establish"),))


def _said(act: Act) -> tuple[str, dict[str, Any]]:
    jwk = msgspec.to_builtins(key(act.emitter, act.number).jwk)
    match act.verb:
        case "establish":
            keys = {"key": _jwk(AUTHORITY), "registry_key": _jwk("registry")}
            data = {"name": "Test", "country": "MA", "time_zone": "Africa/Casablanca", **keys}
            return "authority.established", data
        case "register":
            return "platform.registered", {"emitter": act.emitter, "name": "First", "key": jwk}
        case "rename":
            return "platform.renamed", {"emitter": act.emitter, "name": f"Name {act.number}"}
        case "add":
            return "key.added", {"emitter": act.emitter, "key": jwk}
        case "revoke":
            kid = key(act.emitter, act.number).kid
            return "key.revoked", {"emitter": act.emitter, "kid": kid, "reason_code": "lost"}
        case _:
            data = {"leaf_index": act.number, "reason_code": "unreadable"}
            return "submission.quarantined", data


def _jwk(emitter: str) -> Any:
    return msgspec.to_builtins(key(emitter, 0).jwk)


def _event(type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e",
        "source": f"/emitters/{AUTHORITY}",
        "type": f"{type_}.v1",
        "time": "2026-03-04T11:00:00Z",
        "data": data,
    }


@cache
def token_of(sent: Sent) -> str:
    """Signed by the key that the submission names, valid or not."""
    signer = key(sent.emitter, sent.key)
    name, body = sent.submission, body_of(sent)
    return sign_submission(signer, emitter=sent.emitter, submission=name, at=0, body=body)


def partition_of(emitter: str) -> int:
    """Two emitters share a partition with each other, none with the authority."""
    return {"authority": 1, "beta": 2}.get(emitter, 0)


def lay_down(sent: Sequence[Sent]) -> Iterator[tuple[IntakeRecord, bytes]]:
    """The records of an intake, in the order of sending."""
    following = [0] * PARTITIONS
    for one in sent:
        home, body = partition_of(one.emitter), body_of(one)
        place = Place(home, following[home])
        following[home] += 1
        digest = hashlib.sha256(body).digest()
        events = len(one.acts) if one.emitter == AUTHORITY else one.events
        token = token_of(one)
        yield (
            IntakeRecord(
                place, one.emitter, one.submission, digest, len(body), token, events, RECEIVED
            ),
            body,
        )
