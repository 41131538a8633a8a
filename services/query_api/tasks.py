"""The look-up of events about workers: optional filters, one page by event number."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, Text, cast, column, func, select, table

from events.money import NO_CURRENCY, from_micros
from services.query_api.answers import TaskRow
from services.query_api.database import Row
from services.query_api.parameters import UNSTATED

_FACT_COLUMNS = (
    "event_number", "leaf_index", "recorded_day", "emitter_code", "type", "event_id",
    "worker_code", "task", "contract", "residence", "task_group", "day", "kind", "n", "seconds",
    "amount", "currency", "rail", "reason", "decided_by", "sandbox", "original",
)  # fmt: skip
#: Enums are named by the schema of a generation, so only their text may leave a query.
_ENUMS = frozenset({"type", "task_group", "kind", "rail", "decided_by"})
_HIDDEN = frozenset({"emitter_code", "worker_code", "original"})

_fact = table("fact", *(column(name) for name in _FACT_COLUMNS))
_emitter = table("emitter", column("emitter_code"), column("emitter"))
_worker = table("worker", column("worker_code"), column("worker"))


def page_query(filters: Mapping[str, Any], *, position: int, after: int, limit: int) -> Select[Any]:
    """Heads of events that name a worker, up to a position, numbered above `after`."""
    chosen = [
        (cast(_fact.c[name], Text) if name in _ENUMS else _fact.c[name]).label(name)
        for name in _FACT_COLUMNS
        if name not in _HIDDEN
    ]
    query = (
        select(*chosen, _emitter.c.emitter, _worker.c.worker, _corrections(position))
        .join_from(_fact, _emitter, _fact.c.emitter_code == _emitter.c.emitter_code)
        .join(_worker, _fact.c.worker_code == _worker.c.worker_code)
        .where(_fact.c.event_id.is_not(None))
        .where(_fact.c.event_number > after, _fact.c.leaf_index <= position)
        .order_by(_fact.c.event_number)
        .limit(limit)
    )
    return query.where(*_conditions(filters))


def _corrections(position: int) -> Any:
    later = _fact.alias("later")
    return (
        select(func.array_agg(func.distinct(later.c.event_number)))
        .where(later.c.original == _fact.c.event_number, later.c.leaf_index <= position)
        .scalar_subquery()
        .label("corrected_by")
    )


def _conditions(filters: Mapping[str, Any]) -> list[Any]:
    columns = {
        "platform": _emitter.c.emitter,
        "worker": _worker.c.worker,
        "contract": _fact.c.contract,
        "task": _fact.c.task,
        "type": cast(_fact.c.type, Text),
    }
    equal = [columns[name] == filters[name] for name in columns if filters[name] is not None]
    first, last = filters["from"], filters["to"]
    days: list[Any] = [_fact.c.day >= first] if isinstance(first, date) else []
    return [*equal, *days, *([_fact.c.day <= last] if isinstance(last, date) else [])]


def task_row(row: Row) -> TaskRow:
    """A row as it is shown: what was not stated is null."""
    values = dict(row)
    for name in ("task_group", "rail", "decided_by"):
        values[name] = None if values[name] == UNSTATED else values[name]
    values["platform"] = values.pop("emitter")
    values["residence"] = values["residence"] or None
    values["amount"] = money_text(values["amount"])
    values["currency"] = currency_text(values["currency"])
    values["corrected_by"] = sorted(values["corrected_by"] or ())
    return TaskRow(**values)


def money_text(micros: int | None) -> str | None:
    """Micro-units as a decimal string; null where there is no amount."""
    return None if micros is None else from_micros(int(micros))


def currency_text(currency: str) -> str | None:
    """A currency; null where there is no money."""
    return None if currency == NO_CURRENCY else currency
