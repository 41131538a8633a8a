"""Who may speak, under which keys, at which leaf: worked out again from the acts (RULES 2.3, 6)."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from events.acts import Ed25519Key, P256Key, PublicJwk
from events.jose import Verifier
from services.checker.reading import Object
from services.checker.shape import is_act

AUTHORITY, REGISTRY, FUND, PLATFORM = "authority", "registry", "fund", "platform"


class EmitterState(NamedTuple):
    """A row of `log.emitter` without its leaf."""

    emitter: str
    kind: str
    name: str
    added_leaf: int
    schemes: tuple[str, ...]


class KeyState(NamedTuple):
    """A row of `log.emitter_key` without its leaf; `jwk` holds the required members only."""

    kid: str
    emitter: str
    jwk: dict[str, str]
    added_leaf: int
    revoked_leaf: int | None


@dataclass(slots=True)
class Registry:
    """Emitters, keys and quarantined leaves up to a leaf; every state they had, by leaf."""

    emitters: dict[str, EmitterState] = field(default_factory=dict)
    keys: dict[str, KeyState] = field(default_factory=dict)
    verifiers: dict[str, Verifier] = field(default_factory=dict)
    emitter_rows: dict[tuple[str, int], EmitterState] = field(default_factory=dict)
    key_rows: dict[tuple[str, int], KeyState] = field(default_factory=dict)
    quarantined: dict[int, int] = field(default_factory=dict)

    def apply(self, event_type: str, data: Object, leaf: int) -> bool:
        """Take one act of a counted leaf; False if it is about emitters or keys and changes none.

        Acts about anything else are not judged here and give True.
        """
        act = _ACTS.get(event_type)
        return True if act is None else act(self, data, leaf)

    def established(self, data: Object, leaf: int) -> bool:
        """Leaf 0 makes the authority and the registry; a second one makes nothing."""
        if leaf != 0:
            return False
        authority = EmitterState(AUTHORITY, AUTHORITY, data["name"], leaf, ())
        registry = EmitterState(REGISTRY, REGISTRY, data["name"], leaf, ())
        first = self._register(authority, data["key"])
        return self._register(registry, data["registry_key"]) or first

    def platform_registered(self, data: Object, leaf: int) -> bool:
        """A platform with its first key."""
        state = EmitterState(data["emitter"], PLATFORM, data["name"], leaf, ())
        return self._register(state, data["key"])

    def fund_registered(self, data: Object, leaf: int) -> bool:
        """A fund with its schemes and first key."""
        schemes = tuple(data["schemes"])
        state = EmitterState(data["emitter"], FUND, data["name"], leaf, schemes)
        return self._register(state, data["key"])

    def renamed(self, data: Object, leaf: int) -> bool:
        """A platform's new name."""
        state = self.emitters.get(data["emitter"])
        if state is None or state.kind != PLATFORM:
            return False
        self._keep_emitter(state._replace(name=data["name"]), leaf)
        return True

    def succeeded(self, data: Object, leaf: int) -> bool:
        """A platform taken over by another: both must be known; nothing about keys changes."""
        return data["emitter"] in self.emitters and data["successor"] in self.emitters

    def key_added(self, data: Object, leaf: int) -> bool:
        """One more key of a known emitter."""
        verifier = usable(data["key"])
        if data["emitter"] not in self.emitters or verifier is None or verifier.kid in self.keys:
            return False
        self._add_key(data["emitter"], verifier, leaf)
        return True

    def key_revoked(self, data: Object, leaf: int) -> bool:
        """A known key that stood until now."""
        state = self.keys.get(data["kid"])
        if state is None or state.revoked_leaf is not None:
            return False
        self._keep_key(state._replace(revoked_leaf=leaf), leaf)
        return True

    def quarantine(self, data: Object, leaf: int) -> bool:
        """A leaf that no fold shall read; the first act that says so stands."""
        self.quarantined.setdefault(data["leaf_index"], leaf)
        return True

    def _register(self, state: EmitterState, jwk: Any) -> bool:
        verifier = usable(jwk)
        if state.emitter in self.emitters or verifier is None or verifier.kid in self.keys:
            return False
        self._keep_emitter(state, state.added_leaf)
        self._add_key(state.emitter, verifier, state.added_leaf)
        return True

    def _add_key(self, emitter: str, verifier: Verifier, leaf: int) -> None:
        self.verifiers[verifier.kid] = verifier
        self._keep_key(KeyState(verifier.kid, emitter, members(verifier.jwk), leaf, None), leaf)

    def _keep_emitter(self, state: EmitterState, leaf: int) -> None:
        self.emitters[state.emitter] = self.emitter_rows[state.emitter, leaf] = state

    def _keep_key(self, state: KeyState, leaf: int) -> None:
        self.keys[state.kid] = self.key_rows[state.kid, leaf] = state


_ACTS = {
    "authority.established.v1": Registry.established,
    "platform.registered.v1": Registry.platform_registered,
    "platform.renamed.v1": Registry.renamed,
    "platform.succeeded.v1": Registry.succeeded,
    "fund.registered.v1": Registry.fund_registered,
    "key.added.v1": Registry.key_added,
    "key.revoked.v1": Registry.key_revoked,
    "submission.quarantined.v1": Registry.quarantine,
}


def usable(jwk: Any) -> Verifier | None:
    """The public JWK (RFC 8037, RFC 7518) ready to verify with; None if it is no such key."""
    try:
        key: PublicJwk
        if jwk["kty"] == "OKP":
            key = Ed25519Key(crv=jwk["crv"], x=jwk["x"])
        else:
            key = P256Key(crv=jwk["crv"], x=jwk["x"], y=jwk["y"])
        return Verifier(key)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def members(jwk: PublicJwk) -> dict[str, str]:
    """The required members of a public JWK (RFC 7638 section 3.2)."""
    if isinstance(jwk, Ed25519Key):
        return {"kty": "OKP", "crv": jwk.crv, "x": jwk.x}
    return {"kty": "EC", "crv": jwk.crv, "x": jwk.x, "y": jwk.y}


_OF_FUNDS = frozenset({"period.closed.v1", "remittance.received.v1", "rate.published.v1"})
_OF_REGISTRY = frozenset({"ledger.posted.v1"})


def may_say(state: EmitterState, event_type: str, data: Object) -> bool:
    """Whether an emitter may send an event (RULES 6)."""
    act = is_act(event_type)
    correction = event_type.startswith("correction.")
    if state.kind == PLATFORM:
        return not act
    if state.kind == REGISTRY:
        return event_type in _OF_REGISTRY
    if state.kind == AUTHORITY:
        return correction or (act and event_type not in _OF_REGISTRY)
    return correction or (event_type in _OF_FUNDS and data.get("scheme") in state.schemes)
