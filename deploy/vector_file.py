"""The file of test vectors, as it is published."""

from typing import Any

from deploy.vector_cases import ACCEPTED, MISTAKES
from deploy.vectors import EMITTER, KEYS, NOW, REGISTRY, Vector
from events.jose import b64


def document() -> dict[str, Any]:
    """The whole file."""
    return {
        "about": (
            "Test vectors of Sijill's submission signature. Signed is `protected` + '.' + "
            "base64url(body). The keys are public on purpose: they are keys of no registry. The "
            "answers are those of a registry whose clock says `now`, where `emitter` has the three "
            "keys, `revoked` was revoked, and the vectors were sent in the order given."
        ),
        "now": NOW.isoformat().replace("+00:00", "Z"),
        "emitter": EMITTER,
        "key_files": {name: key_file(name) for name in KEYS},
        "accepted": [_shown(one) for one in ACCEPTED],
        "mistakes": [_shown(one) for one in MISTAKES],
    }


def key_file(name: str) -> dict[str, Any]:
    """A key as `sijill platform add` writes it."""
    key = KEYS[name]
    return {"emitter": EMITTER, "kid": key.kid, "key": key.to_jwk(), "registry": REGISTRY}


def _shown(one: Vector) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": one.answer.status}
    if one.answer.type:
        answer |= {"type": f"urn:sijill:problem:{one.answer.type}", "says": one.answer.says}
    return {
        "name": one.name,
        "why": one.why,
        "key": one.key,
        "headers": dict(one.headers),
        "body": one.body,
        "body_base64url": b64(one.body.encode()),
        "token": one.token,
        "answer": answer,
    }
