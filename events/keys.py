"""Who may speak and under which keys, as the acts in the log say (RULES 2.3, 6).

A key is valid at leaf i if the leaf of its add-act is below i and no leaf of a revoke-act is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from events import vocabulary
from events.acts import Ed25519Key, PublicJwk
from events.jose import JoseError, Verifier, thumbprint
from events.vocabulary import EmitterKind, Event

#: The ids under which the authority and the registry itself sign.
AUTHORITY, REGISTRY = "authority", "registry"


@dataclass(frozen=True, slots=True)
class Emitter:
    """An emitter as registered; `schemes` are a fund's own."""

    emitter: str
    kind: EmitterKind
    name: str
    added_leaf: int
    schemes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an emitter with the leaves of the acts that added and revoked it."""

    kid: str
    emitter: str
    jwk: PublicJwk
    added_leaf: int
    revoked_leaf: int | None = None

    def valid_at(self, leaf_index: int) -> bool:
        """Whether it may sign the submission of that leaf; leaf 0 signs itself."""
        added = self.added_leaf < leaf_index or self.added_leaf == leaf_index == 0
        return added and (self.revoked_leaf is None or leaf_index <= self.revoked_leaf)

    def age(self) -> tuple[int, str]:
        """Orders keys from old to new, the same in every ring: one leaf may add several."""
        return self.added_leaf, self.kid


@dataclass(slots=True)
class KeyRing:
    """All emitters and keys up to a leaf. Applying an act returns what it changed."""

    emitters: dict[str, Emitter] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    _verifiers: dict[str, Verifier] = field(default_factory=dict)

    def verifier(self, kid: str) -> Verifier:
        """The key ready to verify with; KeyError if it never stood in the log."""
        found = self._verifiers.get(kid)
        if found is None:
            found = self._verifiers[kid] = Verifier(self.keys[kid].jwk)
        return found

    def keep_verifiers(self, other: "KeyRing") -> None:
        """Take over keys that another ring made ready; a kid means one key for ever."""
        self._verifiers = other._verifiers

    def in_force(self, emitter: str, leaf_index: int) -> Key | None:
        """The newest key of an emitter that is valid at a leaf."""
        valid = [k for k in self.keys.values() if k.emitter == emitter and k.valid_at(leaf_index)]
        return max(valid, key=Key.age, default=None)

    def copy(self) -> "KeyRing":
        """An independent ring, for a round that may lose."""
        return KeyRing(dict(self.emitters), dict(self.keys), self._verifiers)

    def apply(self, events: Iterable[Event], leaf_index: int) -> list[Emitter | Key]:
        """Take the acts of one counted submission of the authority; what changed, in order.

        An act that makes no sense (a second registration, an unknown emitter, a bad key) changes
        nothing here; the folds name it as an anomaly.
        """
        changed: list[Emitter | Key] = []
        for event in events:
            changed += self._apply_one(event, leaf_index)
        return changed

    def _apply_one(self, event: Event, leaf: int) -> list[Emitter | Key]:
        data = event.data
        match event:
            case vocabulary.AuthorityEstablished() if leaf == 0:
                return [
                    *self._add(
                        Emitter(AUTHORITY, EmitterKind.AUTHORITY, data.name, leaf), data.key
                    ),
                    *self._add(
                        Emitter(REGISTRY, EmitterKind.REGISTRY, data.name, leaf), data.registry_key
                    ),
                ]
            case vocabulary.PlatformRegistered():
                kind = EmitterKind.PLATFORM
                return self._add(Emitter(data.emitter, kind, data.name, leaf), data.key)
            case vocabulary.FundRegistered():
                fund = Emitter(data.emitter, EmitterKind.FUND, data.name, leaf, tuple(data.schemes))
                return self._add(fund, data.key)
            case vocabulary.PlatformRenamed() if self._is_platform(data.emitter):
                renamed = replace(self.emitters[data.emitter], name=data.name)
                self.emitters[data.emitter] = renamed
                return [renamed]
            case vocabulary.KeyAdded() if data.emitter in self.emitters:
                return self._add_key(data.emitter, data.key, leaf)
            case vocabulary.KeyRevoked() if data.kid in self.keys:
                return self._revoke(data.kid, leaf)
            case _:
                return []

    def _is_platform(self, emitter: str) -> bool:
        known = self.emitters.get(emitter)
        return known is not None and known.kind is EmitterKind.PLATFORM

    def _add(self, emitter: Emitter, key: PublicJwk) -> list[Emitter | Key]:
        if emitter.emitter in self.emitters or not _usable(key) or thumbprint(key) in self.keys:
            return []
        self.emitters[emitter.emitter] = emitter
        return [emitter, *self._add_key(emitter.emitter, key, emitter.added_leaf)]

    def _add_key(self, emitter: str, jwk: PublicJwk, leaf: int) -> list[Emitter | Key]:
        kid = thumbprint(jwk)
        # A receipt is the same bytes for ever only if its signature is deterministic (RULES 1.8).
        fits = emitter != REGISTRY or isinstance(jwk, Ed25519Key)
        if kid in self.keys or not fits or not _usable(jwk):
            return []
        self.keys[kid] = Key(kid, emitter, jwk, leaf)
        return [self.keys[kid]]

    def _revoke(self, kid: str, leaf: int) -> list[Emitter | Key]:
        if self.keys[kid].revoked_leaf is not None:
            return []
        self.keys[kid] = replace(self.keys[kid], revoked_leaf=leaf)
        return [self.keys[kid]]


def _usable(jwk: PublicJwk) -> bool:
    try:
        Verifier(jwk)
    except JoseError:
        return False
    return True
