"""A mapping: what the columns of a table mean whose platform the kit does not know.

YAML whose scalars are all text (`NO` is Norway, not false). Form: `docs/platforms/mapping.md`.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
import yaml

from sijill_client.errors import UnreadableFile
from sijill_client.importers.formats import Format
from sijill_client.importers.money import read_decimal_comma, read_money
from sijill_client.importers.records import Meaning
from sijill_client.importers.scalars import (
    read_currency,
    read_minutes,
    read_residence,
    read_seconds,
    read_task_group,
    read_title,
    read_yes_or_no,
    with_comma,
)
from sijill_client.importers.table import plain_word
from sijill_client.importers.terms import TERMS
from sijill_client.importers.times import DayOrder, TimeForm, read_time

#: What a mapping can name a column for, in the words of the events; and the reader's word for it.
ROLES: Mapping[str, str] = {
    "task": "task",
    "worker": "worker",
    "status": "status",
    "started": "accepted",
    "submitted": "submitted",
    "decided": "decided",
    "approved": "approved",
    "rejected": "rejected",
    "seconds": "seconds",
    "amount": "reward",
    "currency": "currency",
    "contract": "hit",
    "contract_title": "title",
    "contract_created": "created",
    "contract_max_seconds": "duration",
    "contract_unit_pay": "unit_pay",
    **{term: term for term in TERMS},
    "task_group": "task_group",
    "residence": "residence",
    "sandbox": "sandbox",
    "feedback": "feedback",
}
#: What a mapping can state for all rows, and how it is checked.
_VALUES: Mapping[str, Callable[[str], object]] = {
    "contract": str,
    "contract_title": read_title,
    "contract_max_seconds": read_seconds,
    **TERMS,
    "currency": read_currency,
    "task_group": read_task_group,
    "residence": read_residence,
    "sandbox": read_yes_or_no,
}
#: The same, read as the mapping's own times and numbers.
_IN_FORM = ("contract_created", "contract_unit_pay")
#: Nobody would see these without a contract.
_OF_CONTRACTS = ("contract_unit_pay", *TERMS)
#: The form of ids that mean something outside their file, where none does.
_NO_ID = re.compile(r"(?!)")
MEANINGS: tuple[str, ...] = tuple(one for one in get_args(Meaning) if one != "none")


class _Times(msgspec.Struct, forbid_unknown_fields=True):
    order: DayOrder = "month-first"
    zone: str | None = None
    numbers: Literal["seconds", "milliseconds"] | None = None
    form: str | None = None


class _Numbers(msgspec.Struct, forbid_unknown_fields=True):
    decimal: Literal["point", "comma"] = "point"
    time_unit: Literal["seconds", "minutes"] = "seconds"


class _Mapping(msgspec.Struct, forbid_unknown_fields=True):
    columns: dict[str, str]
    status: dict[str, str] = {}
    values: dict[str, str] = {}
    times: _Times = msgspec.field(default_factory=_Times)
    numbers: _Numbers = msgspec.field(default_factory=_Numbers)
    workers: Literal["everywhere", "this-file"] = "everywhere"


def load_mapping(path: Path) -> Format:
    """The format that a mapping describes; `UnreadableFile` says what to mend in it."""
    try:
        # Every scalar stays text, and no tag makes an object: safe, whatever the file says.
        document = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
        return mapping_format(msgspec.convert(document, _Mapping), path.name)
    except OSError as fault:
        raise UnreadableFile(f"cannot read the mapping {path}: {fault.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise UnreadableFile(f"the mapping {path} is not YAML: {fault}") from None
    except (msgspec.ValidationError, ValueError) as fault:
        raise UnreadableFile(f"the mapping {path}: {fault}") from None


def mapping_format(mapping: _Mapping, name: str) -> Format:
    """The format; `ValueError` if the mapping contradicts itself."""
    columns = {role: column for role, column in mapping.columns.items() if column}
    _check_columns(columns)
    statuses = _statuses(mapping, columns)
    values = _values(mapping.values)
    stated = columns | values
    paid = next((one for one in ("amount", "contract_unit_pay") if one in stated), None)
    if paid and "currency" not in stated:
        raise ValueError(f"`{paid}` needs `currency`: a column, or the same for all under `values`")
    _check_contract(stated)
    comma = mapping.numbers.decimal == "comma"
    read_time = read_minutes if mapping.numbers.time_unit == "minutes" else read_seconds
    made = Format(
        name=name,
        columns={ROLES[role]: (column,) for role, column in columns.items()},
        statuses=statuses,
        worker_form=None if mapping.workers == "everywhere" else _NO_ID,
        seconds="stated" if "seconds" in columns else "between",
        required=tuple(ROLES[role] for role in columns),
        submit_time=False,
        times=_time_form(mapping.times),
        read_amount=read_decimal_comma if comma else read_money,
        read_seconds=with_comma(read_time) if comma else read_time,
        values={ROLES[role]: text for role, text in values.items() if role != "status"}
        | ({"status": mapping.values["status"]} if "status" in mapping.values else {}),
        terms={term: read for term, read in TERMS.items() if term in stated},
    )
    _check_in_form(values, made)
    return made


def _check_columns(columns: Mapping[str, str]) -> None:
    unknown = sorted(columns.keys() - ROLES.keys())
    if unknown:
        raise ValueError(f"`columns` has {', '.join(unknown)}; it can have {', '.join(ROLES)}")
    if "worker" not in columns:
        raise ValueError("`columns` must name the column of the worker's id: `worker`")
    if not columns.keys() & {"started", "submitted"}:
        raise ValueError("`columns` must name a time: `submitted`, or `started` where that is all")


def _check_contract(stated: Mapping[str, str]) -> None:
    terms = [term for term in _OF_CONTRACTS if term in stated]
    lacking = [one for one in ("contract", "contract_created") if one not in stated]
    if terms and lacking:
        raise ValueError(
            f"{', '.join(terms)}: no contract is published without {' and '.join(lacking)}, "
            "a column each, or the same for all under `values`"
        )


def _check_in_form(values: Mapping[str, str], form: Format) -> None:
    """What is read as the mapping's own numbers and times."""
    try:
        if pay := values.get("contract_unit_pay"):
            form.read_amount(pay)
        if (created := values.get("contract_created")) and not read_time(
            created, form.times
        ).zone_stated:
            raise ValueError(
                f"{created!r} names no zone: write one behind it, as in +01:00, or `times` zone"
            )
    except ValueError as fault:
        raise ValueError(f"`values` of the contract: {fault}") from None


def _statuses(mapping: _Mapping, columns: Mapping[str, str]) -> dict[str, Meaning]:
    if "status" in columns and not mapping.status:
        raise ValueError(f"`status` must say what each word means: {', '.join(MEANINGS)}")
    found: dict[str, Meaning] = {}
    for word, meaning in mapping.status.items():
        if meaning not in MEANINGS:
            raise ValueError(f"`status` {word}: {meaning!r} is none of {', '.join(MEANINGS)}")
        found[plain_word(word)] = _meaning(meaning)
    if stated := mapping.values.get("status"):
        found.setdefault(plain_word(stated), _meaning(stated))
    return found


def _meaning(text: str) -> Meaning:
    for one in get_args(Meaning):
        if text == one:
            meaning: Meaning = one
            return meaning
    raise ValueError(f"`values` status: {text!r} is none of {', '.join(MEANINGS)}")


def _values(values: Mapping[str, str]) -> dict[str, str]:
    for role, text in values.items():
        if role == "status" or role in _IN_FORM:
            continue
        if role not in _VALUES:
            known = ", ".join(("status", *_VALUES, *_IN_FORM))
            raise ValueError(f"`values` can state {known}, not {role}")
        try:
            _VALUES[role](text)
        except ValueError as fault:
            raise ValueError(f"`values` {role}: {fault}") from None
    return dict(values)


def _time_form(times: _Times) -> TimeForm:
    try:
        zone = ZoneInfo(times.zone) if times.zone else None
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"`times` zone: {times.zone!r} is not a time zone such as Africa/Casablanca or UTC "
            "(where the system keeps none: pip install tzdata)"
        ) from None
    return TimeForm(times.order, zone, times.numbers, times.form)
