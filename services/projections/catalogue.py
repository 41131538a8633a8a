"""Which views there are. Adding one is a `.table.sql` and a `.fold.sql` beside it, and its name.

`VIEWS` are exported and compared by name; the order of `FOLDS` is the order within a commit.
"""

import hashlib
import re
from functools import cache

from events.scalars import DecidedBy, Rail, TaskGroup
from events.sql import load_sql
from events.vocabulary import (
    CORRECTABLE_ACTS,
    EVENTS,
    PLATFORM_EVENTS,
    RatePublished,
    type_of,
)

_PACKAGE = "services.projections.views"
#: Enough to tell versions of one program apart.
_SHAPE_DIGITS = 16

#: In the order in which their tables are made.
TABLES = (
    "types",
    "cursor",
    "emitter",
    "worker",
    "fact",
    "anomaly",
    "told",
    "work_by_worker",
    "work_by_platform",
    "pay_by_worker",
    "pay_by_platform",
    "refusal_by_platform",
    "event_count",
    "unstated",
    "submission",
    "entry",
    "ledger_sum",
    "ledger_period",
    "identity_link",
    "remittance",
)
#: What a generation says: each has an export in natural-key order.
VIEWS = tuple(name for name in TABLES if name not in {"types", "cursor"})
#: Sums and lists that every batch adds to, after events and corrections are settled.
FOLDS = (
    "anomaly",
    "told",
    "work_by_worker",
    "work_by_platform",
    "pay_by_worker",
    "pay_by_platform",
    "refusal_by_platform",
    "event_count",
    "unstated",
    "submission",
)
#: Types that a correction may name (RULES 4).
CORRECTABLE = tuple(type_of(event) for event in PLATFORM_EVENTS + CORRECTABLE_ACTS)
RATE = type_of(RatePublished)


def fold_sql(name: str) -> str:
    """The statement that adds a batch to a view."""
    return load_sql(_PACKAGE, f"{name}.fold")


def export_sql(name: str) -> str:
    """The query of a view in natural-key order, codes as text."""
    return load_sql(_PACKAGE, f"{name}.export")


def digest_sql(name: str) -> str:
    """The query of a view's digest: how many rows, and the sum of their hashes, in no order."""
    rows, _, _ = export_sql(name).rpartition("ORDER BY")
    return load_sql(_PACKAGE, "digest").replace("$rows", rows)


def codes_sql(name: str) -> str:
    """The statement that makes codes of new emitters or workers."""
    return load_sql(_PACKAGE, f"{name}.codes")


def batch_sql() -> str:
    """The temporary tables of a projection's connection."""
    return load_sql(_PACKAGE, "batch.temp")


@cache
def shape() -> str:
    """Names the tables that this version folds into: views of another shape are not its own.

    The digest of every statement that makes them, without comments and white space.
    """
    made = "".join(map(table_sql, TABLES))
    plain = "".join(re.sub(r"--[^\n]*", "", made).split())
    return hashlib.sha256(plain.encode()).hexdigest()[:_SHAPE_DIGITS]


def table_sql(name: str) -> str:
    """The tables of a view; the words of the vocabulary stand in the enums."""
    words: dict[str, list[str]] = {
        "$event_types": [type_of(event) for event in EVENTS],
        "$task_groups": [group.value for group in TaskGroup],
        "$rails": [rail.value for rail in Rail],
        "$deciders": [decider.value for decider in DecidedBy],
    }
    statement = load_sql(_PACKAGE, f"{name}.table")
    for mark, values in words.items():
        statement = statement.replace(mark, ", ".join(f"'{value}'" for value in values))
    return statement
