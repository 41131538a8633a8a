"""`sijill bench`: runs the rows, one after the other, and shows what they found."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from rich.table import Table

from deploy.bench import contributions, large, ledger, month
from deploy.bench.measure import Measure
from deploy.bench.plan import ASSESSED, LARGE, LEDGER, MONTH, NAMES, Plan
from deploy.cli.context import err, out

#: Of one core.
_LEAST_CORES = 0.005


async def run(
    plan: Plan, to: Path | None, tell: Callable[[int, int | None], None] = lambda *_: None
) -> list[Measure]:
    """Every measure that was asked for; each is shown as soon as it is there.

    `tell(rows done, rows in all)` hears of each.
    """
    found: list[Measure] = []
    rows = [name for name in NAMES if plan.wants(name)]
    tell(0, len(rows))
    async for measure in _rows(plan):
        if not plan.wants(_row(measure)):
            continue
        found.append(measure)
        err.print(" ".join(measure.as_cells()), highlight=False)
        _write(found, to)
        tell(len({_row(one) for one in found}), len(rows))
    return found


def _row(measure: Measure) -> str:
    """A row may have several measures: their names begin with its own."""
    return measure.name.partition(" ")[0]


def _write(found: list[Measure], to: Path | None) -> None:
    if to is not None:
        to.write_text(json.dumps([one.as_json() for one in found], indent=2) + "\n")


async def _rows(plan: Plan) -> AsyncIterator[Measure]:
    if plan.wants(*MONTH):
        async for measure in month.rows(plan):
            yield measure
    if plan.wants(*LARGE):
        async for measure in large.rows(plan):
            yield measure
    if plan.wants(*ASSESSED):
        async for measure in contributions.rows(plan):
            yield measure
    if plan.wants(*LEDGER):
        async for measure in ledger.rows(plan):
            yield measure


def show(measures: list[Measure]) -> None:
    """The table, and who used the two cores: once for measures that were taken together."""
    table = Table("row", "measured", "bar", "met", "beside it", show_lines=True)
    before: Mapping[str, float] = {}
    for one in measures:
        *cells, beside = one.as_cells()
        used = "" if one.cores == before else _used(one.cores)
        table.add_row(*cells, "\n".join(filter(None, (beside, used))))
        before = one.cores
    out.print(table)


def _used(cores: Mapping[str, float]) -> str:
    """Who used how many cores; not those who used next to nothing."""
    said = [f"{name} {used:.2f}" for name, used in cores.items() if used >= _LEAST_CORES]
    return f"cores: {', '.join(said)}" if said else ""
