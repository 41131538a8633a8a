"""Folds find rows of the views by their keys, even if planned while there were few."""

import re
from importlib.resources import files

import pytest

from events.sql import load_sql
from services.projections import catalogue
from tests.projections.telling import cancelled, completed
from tests.support.plans import kept_plan
from tests.support.world import World

_VIEWS = "services.projections.views"
_STATEMENTS = sorted(
    name.removesuffix(".sql")
    for name in (file.name for file in files(_VIEWS).iterdir())
    if name.endswith((".fold.sql", ".codes.sql"))
)
#: Of emitters there are never many.
_GROW = frozenset(catalogue.VIEWS) - {"emitter"}
#: An index of what does not count yet: of nothing, most of the time.
_FEW = "worker_worker_code_idx"


@pytest.mark.parametrize("name", _STATEMENTS)
async def test_no_fold_reads_a_whole_view(world: World, name: str) -> None:
    await world.tell(completed(world, "e1"))
    await world.tell(cancelled(world, "e1"))
    await world.folding.execute("ANALYZE")
    statement = load_sql(_VIEWS, name)
    plan = await kept_plan(world.folding, statement)
    for line, after in zip(plan, [*plan[1:], ""], strict=True):
        scan = re.search(r"(\w+) Scan(?: using (\w+))? on (\w+)", line)
        if scan and scan[3] in _GROW:
            assert scan[1] != "Seq", plan
            # What gives no rows and takes no values is planned anew each time.
            if _is_kept(statement) and scan[2] != _FEW:
                assert "Cond: " in after, plan


def _is_kept(statement: str) -> bool:
    plain = re.sub(r"--[^\n]*", "", statement)
    return "$1" in plain or "RETURNING" in plain or plain.split()[0] == "SELECT"
