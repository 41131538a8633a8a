"""What the registry answers, as far as the kit reads it. Unknown members are ignored."""

from datetime import date, datetime

import msgspec


class FieldFault(msgspec.Struct, frozen=True):
    """One fault in a submission: where (JSON Pointer) and what."""

    pointer: str = ""
    detail: str = ""


class Problem(msgspec.Struct, frozen=True):
    """Why the registry refused (RFC 9457). `status` is the HTTP status, 0 for a receipt."""

    title: str = "refused"
    detail: str = ""
    status: int = 0
    errors: list[FieldFault] = []

    @property
    def concerns_all(self) -> bool:
        """Whether every other submission under this key would be refused too."""
        # A 403 that names events is about what they say, not about who signed.
        return self.status in (401, 403) and not self.errors

    def __str__(self) -> str:
        status = f"{self.status} " if self.status else ""
        head = f"{status}{self.title}" + (f": {self.detail}" if self.detail else "")
        shown = [f"{fault.pointer} {fault.detail}".strip() for fault in self.errors[:3]]
        more = len(self.errors) - len(shown)
        return "; ".join([head, *shown] + ([f"and {more} more faults"] if more else []))


class Anomaly(msgspec.Struct, frozen=True):
    """An event that the registry recorded and did not simply count."""

    rule: str
    event_number: int | None = None
    event_id: str | None = None
    pointer: str | None = None
    text: str | None = None
    remedy: str | None = None


class Report(msgspec.Struct, frozen=True):
    """What became of a submission's events. `folded` False: the views have not read it yet."""

    submission: str
    folded: bool
    outcome: str | None = None
    leaf_index: int | None = None
    code: int | None = None
    counts: dict[str, int] = {}
    anomalies: list[Anomaly] = []
    anomalies_total: int = 0


class RegistryStatus(msgspec.Struct, frozen=True):
    """Which registry this is (hex SHA-256 of its leaf 0), its clock, and where its days are."""

    identity: str
    time: datetime
    time_zone: str = "UTC"


class Receipt(msgspec.Struct):
    outcome: str
    leaf_index: int | None = None


class StatusDay(msgspec.Struct, frozen=True):
    """A day: submissions and events recorded on it, whether events say that work was done on it,
    and whether it was declared to be without work."""

    day: date
    submissions: int = 0
    events: int = 0
    repeated: int = 0
    work: bool = False
    nil: bool = False


class RuleFound(msgspec.Struct, frozen=True):
    """Anomalies of one rule, whether such events count all the same, and the newest of them."""

    rule: str
    anomalies: int
    example: Anomaly
    counted: bool = True


class UncountedFound(msgspec.Struct, frozen=True):
    """Submissions of one outcome that count nowhere, the newest of them, and what to do."""

    outcome: str
    submissions: int
    submission: str
    leaf_index: int | None = None
    text: str | None = None
    remedy: str | None = None


class PlatformStatus(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What the registry holds of this platform. `rows` are the days of which something is known,
    `silent` those of which nothing is; rules about tasks were looked for in the newest `examined`
    submissions, which are all unless they are huge. `uncounted` ones are in no other figure."""

    from_: date
    to: date
    submissions: int
    events: int
    repeated: int
    rows: list[StatusDay]
    silent: list[date]
    anomalies: list[RuleFound]
    examined: int = 0
    uncounted: list[UncountedFound] = []
