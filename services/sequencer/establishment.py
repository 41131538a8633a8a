"""Leaf 0: nothing but the authority's self-signed establishment may begin a log (RULES 2.4)."""

from collections.abc import Mapping, Sequence

import msgspec

from events.errors import Fatal, Refused
from events.jose import JoseError, Verifier
from events.keys import AUTHORITY
from events.log.protocol import IntakeRecord, Place
from events.submission import decode_events
from events.token import parse_token
from events.vocabulary import AuthorityEstablished


def establishment(records: Sequence[IntakeRecord], bodies: Mapping[Place, bytes]) -> IntakeRecord:
    """The record that leaf 0 is made of: the authority's first, whatever lies in other partitions.

    Those wait for the next round, for a key can only stand once leaf 0 does. `bodies`: of the
    authority's records. Raises `Fatal` if the authority's first record establishes nothing or
    there is none: a log that began with anything else would have no keys and no identity.
    """
    first = next((record for record in records if record.emitter == AUTHORITY), None)
    if first is None or not _establishes(first, bodies[first.place]):
        raise Fatal(
            "the log is empty and the intake does not begin with the authority's signed "
            "authority.established: establish the registry in an empty database"
        )
    return first


def _establishes(record: IntakeRecord, body: bytes) -> bool:
    try:
        events = decode_events(body)
        token = parse_token(record.token)
        if len(events) != 1 or not isinstance(events[0], AuthorityEstablished):
            return False
        own = Verifier(events[0].data.key)
    except (msgspec.DecodeError, UnicodeDecodeError, Refused, JoseError):
        return False
    header = token.header
    return header.kid == own.kid and own.verify(
        header.alg, token.signature, token.signing_input(body)
    )
