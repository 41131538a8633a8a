"""Which views are compared and how: their columns, their order, their expected rows."""

from collections.abc import Iterator
from typing import Any

from services.checker.compare import Keyed, Ordered, Row
from services.checker.facts import Values
from services.checker.ledger import ENTRY, PERIOD, SUM, Ledger
from services.checker.persons import LINK, REMITTANCE, Persons
from services.checker.reading import parse
from services.checker.refold import LeafRows, Refold
from services.checker.shape import normal
from services.checker.sums import PAY, REFUSAL, WORK, Key, Numbers, without_workers

_FACT = (
    *("event_number", "leaf_index", "recorded_day", "emitter", "type", "event_id", "digest"),
    *Values._fields,
    *("original", "version"),
)
_TOLD = (
    *("event_number", "leaf_index", "recorded_day", "emitter", "type"),
    *("subject", "original", "data"),
)
_ANOMALY = ("leaf_index", "event_number", "emitter", "rule", "pointer")
_SUBMISSION = ("leaf_index", "emitter", "recorded_day", "events", "repeated")
_DIGEST = _FACT.index("digest")


def ordered_views() -> dict[str, Ordered]:
    """Views whose rows stand in the order of the leaves, compared while the log is folded."""
    return {
        "submission": Ordered("view submission", _SUBMISSION, (0,)),
        "fact": Ordered("view fact", _FACT, (0, len(_FACT) - 1)),
        "told": Ordered("view told", _TOLD, (0,)),
        "anomaly": Ordered("view anomaly", _ANOMALY, (0, 1, 3, 4)),
        "entry": Ordered("view entry", ENTRY, (ENTRY.index("event_number"), 1)),
    }


def expect(views: dict[str, Ordered], rows: LeafRows) -> None:
    """Put the rows of one leaf to the views in which they should stand."""
    views["submission"].expected.extend(rows.submission)
    views["fact"].expected.extend(rows.fact)
    views["told"].expected.extend(rows.told)
    views["anomaly"].expected.extend(rows.anomaly)
    views["entry"].expected.extend(rows.entry)


def as_compared(view: str, row: Row) -> Row:
    """A row of an export as it is compared: of a digest only whether there is one."""
    if view == "fact":
        return (*row[:_DIGEST], row[_DIGEST] is not None, *row[_DIGEST + 1 :])
    if view == "told":
        return (*row[:-1], normal(row[4], _object(row[-1])))
    return row


def _object(data: Any) -> Any:
    return parse(data.encode()).value if isinstance(data, str) else data


def keyed_views(fold: Refold, emitters: set[str]) -> Iterator[tuple[str, Keyed]]:
    """Views that are sums or names, compared when the fold has reached the cursor."""
    spoken: dict[Row, Row] = {(emitter,): () for emitter in emitters}
    workers: dict[Row, Row] = {key: (day,) for key, day in fold.workers.items()}
    counted: dict[Row, Row] = {key: (n,) for key, n in fold.event_count.items()}
    left_out: dict[Row, Row] = {key: (n,) for key, n in fold.unstated.items()}
    yield _keyed("emitter", ("emitter",), 0, spoken)
    yield _keyed("worker", ("emitter", "worker", "first_recorded_day"), 1, workers)
    yield _keyed("event_count", ("emitter", "type", "recorded_day", "sandbox", "n"), 1, counted)
    yield _keyed("unstated", ("emitter", "type", "fields", "recorded_day", "n"), 1, left_out)
    yield from _sums(fold)
    yield from _ledger(fold.ledger)
    yield from _personal(fold.persons)


def _ledger(ledger: Ledger) -> Iterator[tuple[str, Keyed]]:
    sums: dict[Row, Row] = {key: tuple(moved) for key, moved in ledger.sums.items()}
    periods: dict[Row, Row] = {key: one.row() for key, one in ledger.periods.items()}
    yield _keyed("ledger_sum", SUM, 2, sums)
    yield _keyed("ledger_period", PERIOD, len(PERIOD) - 2, periods)


def _personal(persons: Persons) -> Iterator[tuple[str, Keyed]]:
    links = {row[:3]: row[3:] for row in persons.link_rows()}
    remitted = {row[:1]: row[1:] for row in persons.remittance_rows()}
    yield _keyed("identity_link", LINK, len(LINK) - 3, links)
    yield _keyed("remittance", REMITTANCE, len(REMITTANCE) - 1, remitted)


def _keyed(
    view: str, columns: tuple[str, ...], values: int, expected: dict[Row, Row]
) -> tuple[str, Keyed]:
    return view, Keyed(f"view {view}", columns, values, expected)


def _sums(fold: Refold) -> Iterator[tuple[str, Keyed]]:
    work = ("day", "task_group", "currency", "residence", "recorded_day", *WORK)
    pay = ("day", "currency", "rail", "residence", "recorded_day", *PAY)
    refusal = ("emitter", "day", "task_group", "reason", "decided_by", "recorded_day", *REFUSAL)
    sums = fold.sums
    yield _summed("work_by_platform", ("emitter", *work), WORK, without_workers(sums.work))
    yield _summed("work_by_worker", ("emitter", "worker", *work), WORK, sums.work)
    yield _summed("pay_by_platform", ("emitter", *pay), PAY, without_workers(sums.pay))
    yield _summed("pay_by_worker", ("emitter", "worker", *pay), PAY, sums.pay)
    yield _summed("refusal_by_platform", refusal, REFUSAL, sums.refusal)


def _summed(
    view: str, columns: tuple[str, ...], sums: tuple[str, ...], table: dict[Key, Numbers]
) -> tuple[str, Keyed]:
    # Behind the sums stands the last event, as `Keyed` wants it: the table is used up, not copied.
    return view, Keyed(f"view {view}", columns, len(sums), table)
