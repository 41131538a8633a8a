"""What the registry signs back: acknowledgements and receipts.

A receipt is a pure function of its leaf: Ed25519 is deterministic, so the same leaf under the
same registry key gives the same bytes for ever (RULES 1.8).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from events.jose import PrivateKey, sign_compact
from events.keys import REGISTRY, Key, KeyRing
from events.leaf import Leaf, decode_leaf, leaf_hash

RECEIPT_TYPE = "sijill-receipt+jws"
ACKNOWLEDGEMENT_TYPE = "sijill-acknowledgement+jws"


class Acknowledgement(msgspec.Struct, kw_only=True, frozen=True):
    """202: the exact bytes are kept and will get exactly one leaf."""

    emitter: str
    submission: str
    body_sha256: str
    received_at: str
    acknowledgement: str


class Receipt(msgspec.Struct, kw_only=True, frozen=True):
    """200 and 201: the place of a submission in the register, for ever."""

    emitter: str
    submission: str
    leaf_index: int
    leaf_hash: str
    outcome: str
    body_sha256: str
    events: int
    first_event: int | None
    received_at: str
    sequenced_at: str
    receipt: str


@dataclass(frozen=True, slots=True)
class RegistryKeys:
    """The registry's private keys by kid, and whose log they sign for.

    `identity` is the hex hash of leaf 0. Retired keys stay to sign receipts of their own leaves.
    """

    identity: str
    keys: Mapping[str, PrivateKey]

    def acknowledge(
        self,
        key: PrivateKey,
        *,
        emitter: str,
        submission: str,
        body_sha256: str,
        received_at: str,
    ) -> Acknowledgement:
        """Sign by the `newest` key that a body was durably kept at a moment."""
        claims = {
            "registry": self.identity,
            "emitter": emitter,
            "submission": submission,
            "body_sha256": body_sha256,
            "received_at": received_at,
        }
        signed = self._sign(key, ACKNOWLEDGEMENT_TYPE, claims)
        claims.pop("registry")
        return Acknowledgement(**claims, acknowledgement=signed)

    def receipt(self, ring: KeyRing, leaf_index: int, encoded: bytes) -> Receipt:
        """The receipt of a leaf, from its stored bytes."""
        leaf = decode_leaf(encoded)
        key = ring.in_force(REGISTRY, leaf_index)
        if key is None or key.kid not in self.keys:
            raise LookupError(f"the registry key in force at leaf {leaf_index} is not held here")
        fields = _receipt_fields(leaf, leaf_index, encoded)
        claims = {"registry": self.identity, **fields}
        return Receipt(**fields, receipt=self._sign(self.keys[key.kid], RECEIPT_TYPE, claims))  # type: ignore[arg-type]

    def newest(self, ring: KeyRing) -> PrivateKey:
        """The newest registry key in force that is held here; LookupError if none is."""
        held = [
            key
            for key in ring.keys.values()
            if key.emitter == REGISTRY and key.revoked_leaf is None and key.kid in self.keys
        ]
        if not held:
            raise LookupError("no registry key in force is held here")
        return self.keys[max(held, key=Key.age).kid]

    @staticmethod
    def _sign(key: PrivateKey, kind: str, claims: Mapping[str, object]) -> str:
        return sign_compact(key, {"typ": kind}, msgspec.json.encode(claims))


def _receipt_fields(leaf: Leaf, leaf_index: int, encoded: bytes) -> dict[str, object]:
    return {
        "emitter": leaf.emitter,
        "submission": leaf.submission,
        "leaf_index": leaf_index,
        "leaf_hash": leaf_hash(encoded).hex(),
        "outcome": leaf.outcome.value,
        "body_sha256": leaf.body_sha256,
        "events": leaf.events,
        "first_event": leaf.first_event,
        "received_at": leaf.received_at,
        "sequenced_at": leaf.sequenced_at,
    }
