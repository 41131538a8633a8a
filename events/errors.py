"""Errors a caller acts upon. The HTTP problem document is made at the edge only."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a submission was refused; each is a problem type and a metric label."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    CLOCK_AHEAD = "clock-ahead"
    REVOKED_KEY = "revoked-key"
    NOT_ALLOWED = "not-allowed"
    TOO_LARGE = "too-large"
    UNSUPPORTED = "unsupported"
    SCHEMA = "schema"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a body: JSON Pointer (RFC 6901) and what to change."""

    pointer: str
    detail: str


class Refused(Exception):
    """Tell the caller: nothing was kept, and this is why."""

    def __init__(self, reason: Reason, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.faults = tuple(faults)


class Fatal(Exception):
    """Stop the process: what it believes no longer holds, a restart decides."""
