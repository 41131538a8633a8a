"""The views as relations, each as it stood at a cut of the history.

The part of a day up to a position is summed from facts by the very SELECT of the fold, so a
figure at a position can never differ from what the view said when it stood there.
"""

from functools import cache
from string import Template

from events.sql import load_sql
from services.projections.catalogue import fold_sql

_PACKAGE = "services.query_api.sql"
_VIEWS = (
    "work_by_platform",
    "work_by_worker",
    "pay_by_platform",
    "pay_by_worker",
    "refusal_by_platform",
    "event_count",
)
#: Parts that queries have in common.
_SHARED = ("batch", "priced_work", "task_findings", "work_sums")


@cache
def load_query(name: str) -> str:
    """One of this service's queries, the views and the parts that several share filled in.

    A query that names a view (`$work_by_worker`) reads `work_by_worker_at` and takes `:since`,
    `:before` and `:leaf` of a span.
    """
    views = {view: _at_cut(view) for view in _VIEWS}
    shared = {part: load_sql(_PACKAGE, part) for part in _SHARED}
    return Template(load_sql(_PACKAGE, name)).substitute(views, **shared)


def _at_cut(view: str) -> str:
    fold = fold_sql(view)
    select = fold[fold.index("SELECT") : fold.rindex("ORDER BY")]
    return Template(load_sql(_PACKAGE, "at_cut")).substitute(view=view, fold=select)
