"""The small types that event data is made of.

Patterns end in `$(?!\\n)`: to Python a bare `$` lets a trailing newline through, and its `\\Z` is a
letter to the ECMA-262 patterns of JSON Schema, in which these are published.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from events.limits import EMITTER_CHARS_MAX, SECONDS_MAX


def _formed(pattern: str, description: str) -> Meta:
    """A text of a pattern that the schema tells and `events.checks` looks at, many at once.

    Kept from the decoder, which asks Python about each value by itself: for the texts of which an
    ordinary event holds several, that was half the time of reading a submission.
    """
    return Meta(description=description, extra_json_schema={"pattern": pattern})


def pattern_of(meta: Meta) -> str | None:
    """The pattern that an annotation states, whoever looks at it."""
    stated: str | None = (meta.extra_json_schema or {}).get("pattern")
    return meta.pattern or stated


Identifier = Annotated[
    str,
    Meta(min_length=1, max_length=128, description="An id that the emitter made; no control text."),
]
Pseudonym = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="A worker's pseudonym on this platform, made by the platform's kit.",
    ),
]
EmitterId = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z0-9](?:[a-z0-9-]{{0,{EMITTER_CHARS_MAX - 2}}}[a-z0-9])?$(?!\n)",
        description="The registry's name for who signs.",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=128, description="A name in plain text.")]
Text = Annotated[str, Meta(min_length=1, max_length=512, description="Plain text, no person.")]
Code = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$(?!\n)", description="A code, never free text.")
]
Amount = Annotated[
    str,
    _formed(
        r"^(?:[0-9]{1,9}(?:\.[0-9]{1,6})?|10{9}(?:\.0{1,6})?)$(?!\n)",
        "Decimal string, at most 10^9 units and six decimals, never negative.",
    ),
]
Total = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,18}(?:\.[0-9]{1,6})?$(?!\n)",
        description="Decimal string, a sum of amounts, never negative.",
    ),
]
Quantity = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,18}(?:\.[0-9]{1,18})?$(?!\n)", description="Decimal string of an asset."
    ),
]
Rate = Annotated[
    str,
    Meta(
        pattern=r"^(?=.*[1-9])[0-9]{1,9}(?:\.[0-9]{1,10})?$(?!\n)",
        description="Decimal string, above 0.",
    ),
]
Currency = Annotated[str, _formed(r"^[A-Z]{3}$(?!\n)", "ISO 4217 code.")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)", description="ISO 3166-1 alpha-2.")]
Residence = Annotated[
    str,
    _formed(
        r"^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$(?!\n)",
        "ISO 3166-1 country of the worker, or ISO 3166-2 with its region.",
    ),
]
Seconds = Annotated[int, Meta(ge=0, le=SECONDS_MAX, description="Whole seconds.")]
Moment = Annotated[
    datetime, Meta(tz=True, description="RFC 3339 with an offset; after 2000, not in the future.")
]
Day = Annotated[date, Meta(description="ISO 8601 date in the registry's time zone.")]
Month = Annotated[str, Meta(pattern=r"^2[0-9]{3}-(?:0[1-9]|1[0-2])$(?!\n)", description="YYYY-MM.")]
Digest = Annotated[
    str, Meta(pattern=r"^sha256:[0-9a-f]{64}$(?!\n)", description="SHA-256; salted if of a person.")
]
Score = Annotated[int, Meta(ge=1, le=5)]
Index = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class TaskGroup(StrEnum):
    """ILO task groups of crowdwork (Berg et al. 2018, ten groups)."""

    DATA_COLLECTION = "data-collection"
    CATEGORISATION = "categorisation"
    CONTENT_ACCESS = "content-access"
    VERIFICATION = "verification"
    CONTENT_MODERATION = "content-moderation"
    MARKET_RESEARCH = "market-research"
    AI_TRAINING = "ai-training"
    TRANSCRIPTION = "transcription"
    CONTENT_CREATION = "content-creation"
    SURVEYS = "surveys"


class UnpaidKind(StrEnum):
    """Unpaid time that belongs to no task (ILO: search, unpaid tests, waiting)."""

    SEARCH = "search"
    QUALIFICATION = "qualification"
    WAITING = "waiting"


class DecidedBy(StrEnum):
    """Who or what took a decision about a worker."""

    HUMAN = "human"
    RULE = "rule"
    MODEL = "model"


class Rail(StrEnum):
    """By which way money reached the worker."""

    BANK = "bank"
    WALLET = "wallet"
    PAYPAL = "paypal"
    CRYPTO = "crypto"
    VOUCHER = "voucher"


class DataPurpose(StrEnum):
    """What the data that the work produces is for."""

    TRAINING = "training"
    VERIFICATION = "verification"
    MODERATION = "moderation"
    RESEARCH = "research"
    OTHER = "other"


class Contested(StrEnum):
    """What a dispute is about."""

    PAYMENT = "payment"
    REJECTION = "rejection"
    RATING = "rating"
    TEST = "test"
    ACCOUNT = "account"


class Party(StrEnum):
    """A side of a dispute."""

    WORKER = "worker"
    CLIENT = "client"
    PLATFORM = "platform"


class Outcome(StrEnum):
    """How a dispute ended."""

    UPHELD = "upheld"
    PARTLY = "partly"
    DISMISSED = "dismissed"
