"""What the export files do not say and the platform states once for all of them."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sijill_client.importers.detect import FORMATS
from sijill_client.importers.money import write_money

#: The ten ILO groups of crowdwork (Berg et al. 2018), as the registry spells them.
TASK_GROUPS = (
    "data-collection",
    "categorisation",
    "content-access",
    "verification",
    "content-moderation",
    "market-research",
    "ai-training",
    "transcription",
    "content-creation",
    "surveys",
)
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_RESIDENCE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?\Z")


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Options of one push. `unit_pay` is for rows whose export names no reward at all.

    `ValueError` says which option is wrong.
    """

    format: str = "auto"
    unit_pay: str | None = None
    currency: str | None = None
    task_group: str | None = None
    residence: str | None = None

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"--format must be one of {', '.join(FORMATS)}")
        if (self.unit_pay is None) != (self.currency is None):
            raise ValueError("--unit-pay and --currency go together")
        if self.currency is not None and not _CURRENCY.match(self.currency):
            raise ValueError(f"--currency {self.currency!r} is not an ISO 4217 code such as USD")
        if self.task_group is not None and self.task_group not in TASK_GROUPS:
            raise ValueError(f"--task-group must be one of {', '.join(TASK_GROUPS)}")
        if self.residence is not None and not _RESIDENCE.match(self.residence):
            raise ValueError(f"--residence {self.residence!r} is not a country such as MA or MA-06")
        if self.unit_pay is not None:
            object.__setattr__(self, "unit_pay", _amount(self.unit_pay))


def _amount(text: str) -> str:
    try:
        return write_money(Decimal(text))
    except (InvalidOperation, ValueError):
        raise ValueError(f"--unit-pay {text!r} is not an amount such as 0.05") from None
