"""The authority's acts: events that it signs and pushes through the door like anyone else."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from sijill_client.emitter import Emitter, SubmissionResult
from sijill_client.keys import PlatformKey

from deploy.establish import make_event
from deploy.keyfiles import KeyFile
from events.clock import Clock, system_clock
from events.errors import Fatal

#: Seconds to wait for the leaf of an act, and for an answer at all.
_WAIT_SECONDS, _ANSWER_SECONDS = 15, 60.0
_SLUG = re.compile(r"[^a-z0-9]+")
#: Bytes of salt under a person's name.
_SALT_BYTES = 16


class ActRefused(Exception):
    """The door refused an act, or it did not count; the text says why."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act before it is signed: its type without the version, and its data."""

    type: str
    data: Mapping[str, Any]


def send_acts(
    acts: Sequence[Act], key: KeyFile, url: str, clock: Clock = system_clock
) -> SubmissionResult:
    """Sign and push acts as one submission and wait for its leaf; or `ActRefused`."""
    at: datetime = clock()
    events = [make_event(key.emitter, f"{act.type}.v1", dict(act.data), at) for act in acts]
    signer = PlatformKey(key.emitter, key.key.kid, key.registry, key.key.raw)
    with httpx.Client(timeout=_ANSWER_SECONDS) as client:
        result = Emitter(signer, url, client, clock=clock).submit(events, wait=_WAIT_SECONDS)
    if result.state == "acknowledged":
        raise Fatal("the act is kept, but it has no leaf yet: is the sequencer running?")
    if result.state == "refused":
        raise ActRefused(str(result.problem))
    return result


def emitter_id(name: str) -> str:
    """A name as an emitter's id: `Atlas Work S.A.` is `atlas-work-s-a`."""
    slug = _SLUG.sub("-", name.lower()).strip("-")[:32].strip("-")
    if not slug:
        raise ValueError(f"{name!r} gives no id: state one with --id")
    return slug


def check_tax_id(country: str, tax_id: str) -> str:
    """The tax id in one spelling; ValueError if it cannot be one.

    Morocco's ICE: 15 digits, the whole number divisible by 97 (verified against nine published
    examples; see docs/sources.md).
    """
    spelled = re.sub(r"[\s.-]", "", tax_id).lower()
    if country == "MA" and (not re.fullmatch(r"[0-9]{15}", spelled) or int(spelled) % 97):
        raise ValueError(f"{tax_id!r} is no ICE: 15 digits whose number is divisible by 97")
    if not re.fullmatch(r"[a-z0-9]{2,32}", spelled):
        raise ValueError(f"{tax_id!r} is no tax id: letters and digits only")
    return spelled


def salted_digest(name: str) -> tuple[str, bytes]:
    """A person's name as the log may hold it, and the salt that the vault keeps beside the name."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return "sha256:" + hashlib.sha256(salt + name.encode()).hexdigest(), salt
