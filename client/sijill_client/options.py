"""What the export files do not say and the platform states once for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sijill_client.importers.detect import NAMES
from sijill_client.importers.formats import Format
from sijill_client.importers.money import write_money
from sijill_client.importers.scalars import TASK_GROUPS, read_currency, read_residence


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Options of one push. `unit_pay` is for rows whose export names no reward at all; `mapping`
    reads tables of platforms that the kit does not know.

    `ValueError` says which option is wrong.
    """

    format: str = "auto"
    unit_pay: str | None = None
    currency: str | None = None
    task_group: str | None = None
    residence: str | None = None
    mapping: Format | None = None

    def __post_init__(self) -> None:
        if self.format not in NAMES:
            raise ValueError(f"--format must be one of {', '.join(NAMES)}")
        if self.mapping is not None and self.format != "auto":
            raise ValueError("--map and --format exclude each other: the mapping is the format")
        if (self.unit_pay is None) != (self.currency is None):
            raise ValueError("--unit-pay and --currency go together")
        for option, read in (("currency", read_currency), ("residence", read_residence)):
            _checked(option, getattr(self, option), read)
        if self.task_group is not None and self.task_group not in TASK_GROUPS:
            raise ValueError(f"--task-group must be one of {', '.join(TASK_GROUPS)}")
        if self.unit_pay is not None:
            object.__setattr__(self, "unit_pay", _amount(self.unit_pay))


def _checked(option: str, text: str | None, read: Callable[[str], str]) -> None:
    try:
        if text is not None:
            read(text)
    except ValueError as fault:
        raise ValueError(f"--{option} {fault}") from None


def _amount(text: str) -> str:
    try:
        return write_money(Decimal(text))
    except (InvalidOperation, ValueError):
        raise ValueError(f"--unit-pay {text!r} is not an amount such as 0.05") from None
