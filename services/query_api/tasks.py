"""The look-up of events about workers: optional filters, one page by event number."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Text, bindparam, cast, column, func, select, table

from events.money import NO_CURRENCY, from_micros
from services.query_api.answers import TaskRow
from services.query_api.database import Row
from services.query_api.parameters import UNSTATED
from services.query_api.statements import Statement, compiled

_FACT_COLUMNS = (
    "event_number", "leaf_index", "recorded_day", "emitter_code", "type", "event_id",
    "worker_code", "task", "contract", "residence", "task_group", "day", "kind", "n", "seconds",
    "amount", "currency", "rail", "reason", "decided_by", "sandbox", "original",
)  # fmt: skip
#: Enums are named by the schema of a generation, so only their text may leave a query.
_ENUMS = frozenset({"type", "task_group", "kind", "rail", "decided_by"})
#: What a look-up may be held to.
_FILTERS = ("platform", "worker", "contract", "task", "type", "from", "to")
_HIDDEN = frozenset({"emitter_code", "worker_code", "original"})

_fact = table("fact", *(column(name) for name in _FACT_COLUMNS))
_emitter = table("emitter", column("emitter_code"), column("emitter"))
_worker = table("worker", column("worker_code"), column("worker"))


def page_query(filters: Mapping[str, Any]) -> Statement:
    """Heads of events that name a worker, up to `position`, numbered above `after`, at most
    `limit`: values that it takes beside those of the filters."""
    return _page_query(frozenset(name for name in _FILTERS if filters[name] is not None))


@cache
def _page_query(given: frozenset[str]) -> Statement:
    """Filters that are not given are not in it, so that each has the plan it needs."""
    chosen = [
        (cast(_fact.c[name], Text) if name in _ENUMS else _fact.c[name]).label(name)
        for name in _FACT_COLUMNS
        if name not in _HIDDEN
    ]
    query = (
        select(*chosen, _emitter.c.emitter, _worker.c.worker, _corrections())
        .join_from(_fact, _emitter, _fact.c.emitter_code == _emitter.c.emitter_code)
        .join(_worker, _fact.c.worker_code == _worker.c.worker_code)
        .where(_fact.c.event_id.is_not(None))
        .where(
            _fact.c.event_number > bindparam("after"), _fact.c.leaf_index <= bindparam("position")
        )
        .order_by(_fact.c.event_number)
        .limit(bindparam("limit"))
    )
    return compiled(query.where(*_conditions(given)))


def _corrections() -> Any:
    later = _fact.alias("later")
    return (
        select(func.array_agg(func.distinct(later.c.event_number)))
        .where(
            later.c.original == _fact.c.event_number, later.c.leaf_index <= bindparam("position")
        )
        .scalar_subquery()
        .label("corrected_by")
    )


def _conditions(given: frozenset[str]) -> list[Any]:
    columns = {
        "platform": _emitter.c.emitter,
        "worker": _worker.c.worker,
        "contract": _fact.c.contract,
        "task": _fact.c.task,
        "type": cast(_fact.c.type, Text),
    }
    conditions = {name: columns[name] == bindparam(name) for name in columns}
    conditions["from"] = _fact.c.day >= bindparam("from")
    conditions["to"] = _fact.c.day <= bindparam("to")
    return [one for name, one in conditions.items() if name in given]


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
