"""What the registry's own decisions carry: acts of the authority, the registry and the funds."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.data import Data
from events.scalars import (
    Amount,
    Code,
    Country,
    Currency,
    Day,
    Digest,
    EmitterId,
    Identifier,
    Index,
    Month,
    Name,
    Pseudonym,
    Rate,
    Text,
    Total,
)

Coordinate = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)", description="32 bytes, base64url")
]
Kid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)", description="RFC 7638 thumbprint")]


class Ed25519Key(Struct, tag_field="kty", tag="OKP", frozen=True, kw_only=True):
    """Public JWK of an Ed25519 key (RFC 8037)."""

    crv: Literal["Ed25519"]
    x: Coordinate


class P256Key(Struct, tag_field="kty", tag="EC", frozen=True, kw_only=True):
    """Public JWK of a P-256 key (RFC 7518), for hardware that cannot do Ed25519."""

    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate


PublicJwk = Ed25519Key | P256Key


class AuthorityEstablished(Data):
    """Leaf 0: who keeps this registry, under which keys, in which time zone."""

    name: Name
    country: Country
    time_zone: Text
    key: PublicJwk
    registry_key: Ed25519Key


class PlatformRegistered(Data):
    """A platform may speak from now on."""

    emitter: EmitterId
    name: Name
    key: PublicJwk
    country: Country | None = None
    tax_id: Code | None = None
    legal_representative: Digest | None = None


class PlatformRenamed(Data):
    """A platform changed its name."""

    emitter: EmitterId
    name: Name


class PlatformSucceeded(Data):
    """A platform was taken over by another one."""

    emitter: EmitterId
    successor: EmitterId


class PlatformObserved(Data):
    """A platform was seen working and never registered."""

    name: Name
    country: Country | None = None
    address: Text | None = None


class FundRegistered(Data):
    """A social security fund and the schemes that are its own."""

    emitter: EmitterId
    name: Name
    schemes: list[Code]
    key: PublicJwk
    country: Country | None = None


class KeyAdded(Data):
    """One more key of an emitter."""

    emitter: EmitterId
    key: PublicJwk


class KeyRevoked(Data):
    """A key that signs nothing any more."""

    kid: Kid
    reason_code: Code | None = None


class PolicyAdopted(Data):
    """A country's dated rules, as they stood on the day of adoption, word for word."""

    country: Country
    digest: Digest
    files: dict[str, str]


class RatePublished(Data):
    """What one unit of `base` was worth in `quote` on a day."""

    base: Currency
    quote: Currency
    day: Day
    rate: Rate
    source: Text | None = None
    scheme: Code | None = None


class IdentityLink(Data):
    """A pseudonym belongs, or no longer belongs, to a person."""

    person: Identifier
    platform: EmitterId
    worker: Pseudonym
    reason_code: Code | None = None


class SchemeAssigned(Data):
    """Under which contribution scheme a worker or a person stands."""

    scheme: Code
    day_from: Day
    day_to: Day | None = None
    person: Identifier | None = None
    platform: EmitterId | None = None
    worker: Pseudonym | None = None


class LedgerLine(Data):
    """One side of a balanced entry; exactly one of debit and credit.

    `platform` and `worker`: whose entry it is, where the posting speaks of several.
    """

    account: Code
    currency: Currency
    debit: Amount | None = None
    credit: Amount | None = None
    branch: Code | None = None
    platform: EmitterId | None = None
    worker: Pseudonym | None = None


class LedgerPosted(Data):
    """One pseudonym's month of one scheme, balanced in itself (RULES 7.4).

    Pseudonyms of one `person` are assessed together and posted each in an act of its own. An act
    may hold lines of several, as older ones do.

    `about`: the closed month that it is about, where it is posted to a later one.
    """

    scheme: Code
    period: Month
    after: Index
    basis: Index
    policy: Digest
    lines: list[LedgerLine]
    previous_basis: Index | None = None
    person: Identifier | None = None
    platform: EmitterId | None = None
    worker: Pseudonym | None = None
    about: Month | None = None


class AccountTotal(Data):
    """All that a period moved on one account in one currency."""

    account: Code
    currency: Currency
    debit: Total
    credit: Total


class PeriodClosed(Data):
    """A month of a scheme that never changes again (RULES 7.5).

    `statement` is the digest of the period's statement; `entries` and `totals` repeat what it says.
    """

    scheme: Code
    period: Month
    after: Index
    basis: Index
    statement: Digest
    entries: Index | None = None
    totals: list[AccountTotal] | None = None


class RemittanceReceived(Data):
    """What a platform paid to the fund."""

    scheme: Code
    platform: EmitterId
    period: Month
    amount: Amount
    currency: Currency
    received_on: Day


class SubmissionQuarantined(Data):
    """A leaf that no fold shall read."""

    leaf_index: Index
    reason_code: Code
