"""RULES 3 and 4 by small stories, each figure worked out by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from checker_world import ZONE, Event, event, work

from events.days import Days
from services.checker.judgement import Counted
from services.checker.refold import LeafRows, Refold
from services.checker.sums import PAY, WORK, without_workers

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
DAY = date(2026, 2, 27)
SUBMITTED = "2026-02-27T12:00:00Z"


class Story:
    """Leaves of one platform, folded as they are told."""

    def __init__(self) -> None:
        self.fold = Refold(Days(ZONE))
        self.leaf = 0
        self.number = 0
        self.rows = LeafRows()

    def tell(self, *events: Event, recorded: date = MONDAY) -> LeafRows:
        effects = [True] * len(events)
        counted = Counted(self.leaf, "alpha", self.number, recorded, list(events), effects)
        rows = self.fold.fold(counted)
        self.leaf, self.number = self.leaf + 1, self.number + len(events)
        return rows

    def work(self, **key: Any) -> dict[str, int]:
        """What is not zero in the sums of work, over all rows that fit the key."""
        names = ("emitter", "worker", "day", "task_group", "currency", "residence", "recorded")
        return _total(self.fold.sums.work, names, WORK, key)

    def pay(self, **key: Any) -> dict[str, int]:
        """The same of the sums of pay."""
        names = ("emitter", "worker", "day", "currency", "rail", "residence", "recorded")
        return _total(self.fold.sums.pay, names, PAY, key)


def _total(
    table: dict[Any, list[int]], names: tuple[str, ...], columns: tuple[str, ...], key: Event
) -> dict[str, int]:
    fitting = [
        numbers
        for row, numbers in table.items()
        if all(dict(zip(names, row, strict=True))[name] == value for name, value in key.items())
    ]
    sums = {name: sum(row[i] for row in fitting) for i, name in enumerate(columns)}
    return {name: value for name, value in sums.items() if value}


def done(**more: Any) -> Event:
    return work(submitted=SUBMITTED, seconds=60, **more)


def cancelled(target: str, **more: Any) -> Event:
    return event("correction.cancelled", {"event": target}, **more)


def replaced(target: str, kind: str, data: Event) -> Event:
    new = {"type": f"{kind}.v1", "data": data}
    return event("correction.replaced", {"event": target, "replacement": new})


REFUSED = {"pay_refused": True}
BACK = {"taken_back": {"amount": "0.5", "currency": "USD"}}
ADDS: list[tuple[str, Event, dict[str, int]]] = [
    ("task.completed", done(), {"completed": 1, "worked_seconds": 60}),
    ("task.completed", work(submitted=SUBMITTED), {"completed": 1}),
    ("task.approved", done(amount="0.5", currency="USD"),
     {"approved": 1, "paid_seconds": 60, "earned": 500_000}),
    ("task.approved", done(), {"approved": 1, "paid_unstated_seconds": 60}),
    ("task.returned", done(), {"returned": 1, "not_submitted_seconds": 60}),
    ("task.expired", done(), {"expired": 1, "not_submitted_seconds": 60}),
    ("task.aborted", done(), {"aborted": 1, "fault_seconds": 60}),
    ("rejection.issued", done(**REFUSED), {"rejected": 1, "rejected_seconds": 60}),
    ("rejection.issued", done(), {"rejected": 1}),
    ("rejection.issued", done(pay_refused=False), {"rejected": 1}),
    ("rejection.issued", done(**REFUSED, **BACK),
     {"rejected": 1, "rejected_seconds": 60, "paid_seconds": -60, "earned": -500_000}),
    ("rejection.withdrawn", done(**REFUSED, **BACK),
     {"rejected": -1, "rejected_seconds": -60, "paid_seconds": 60, "earned": 500_000}),
    ("time.reported", {"worker": "w1", "day": "2026-02-27", "kind": "search", "seconds": 5},
     {"search_seconds": 5}),
    ("time.reported", {"worker": "w1", "day": "2026-02-27", "kind": "waiting", "seconds": 5},
     {"waiting_seconds": 5}),
    ("task.completed", done(sandbox=True), {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "sums"), ADDS)
def test_what_one_event_adds(kind: str, data: Event, sums: dict[str, int]) -> None:
    story = Story()
    story.tell(event(kind, data, id="e"))
    assert story.work(day=DAY, recorded=MONDAY, worker="w1") == sums == story.work()
    # Its cancellation on another day takes away the same, there.
    story.tell(cancelled("e"), recorded=TUESDAY)
    assert story.work() == {}
    assert story.work(recorded=TUESDAY) == {name: -value for name, value in sums.items()}


def test_an_approval_taken_back_leaves_rejected_seconds_only() -> None:
    story = Story()
    story.tell(
        event("task.approved", done(amount="0.5", currency="USD")),
        event("rejection.issued", done(**REFUSED, **BACK)),
    )
    assert story.work(currency="USD") == {"approved": 1, "rejected": 1, "rejected_seconds": 60}


def test_a_payment_and_its_reversal() -> None:
    story = Story()
    paid = {"worker": "w1", "gross": "10", "currency": "MAD", "fee": "0.5", "net": "9.5",
            "rail": "bank", "paid_at": "2026-01-30T23:30:00Z"}  # fmt: skip
    story.tell(event("payment.made", paid))
    # Half past eleven in UTC is the next day in Casablanca (UTC+1 outside Ramadan).
    sums = {"payments": 1, "gross": 10_000_000, "fee": 500_000, "net": 9_500_000}
    assert story.pay(day=date(2026, 1, 31), rail="bank") == sums
    story.tell(event("payment.reversed", paid))
    assert story.pay() == {}


def test_work_without_submitted_stands_on_the_day_of_its_time() -> None:
    story = Story()
    story.tell(event("task.completed", work(seconds=1), time="2026-01-31T23:30:00Z"))
    assert story.work(day=date(2026, 2, 1)) == {"completed": 1, "worked_seconds": 1}


def test_a_replacement_stands_on_its_own_worker_day_and_currency() -> None:
    story = Story()
    story.tell(event("task.approved", done(amount="1", currency="USD"), id="e"))
    new = work(worker="w2", seconds=30, amount="2", currency="EUR",
               submitted="2026-02-20T12:00:00Z")  # fmt: skip
    rows = story.tell(replaced("e", "task.approved", new), recorded=TUESDAY)
    assert story.work(worker="w1") == {}
    expected = {"approved": 1, "paid_seconds": 30, "earned": 2_000_000}
    assert story.work(worker="w2", currency="EUR", day=date(2026, 2, 20)) == expected
    assert [row[-2:] for row in rows.fact] == [(None, None), (0, -1), (0, 1)]
    assert story.fold.workers["alpha", "w2"] == TUESDAY


def test_an_event_can_be_corrected_again_and_again() -> None:
    story = Story()
    story.tell(
        event("task.completed", done(), id="e"),
        cancelled("e"),
        replaced("e", "task.completed", work(seconds=5)),
        replaced("e", "task.completed", work(seconds=7)),
    )
    assert story.work() == {"completed": 1, "worked_seconds": 7}
    story.tell(cancelled("e"))
    assert story.work() == {}


@pytest.mark.parametrize(
    ("correction", "rule"),
    [
        (cancelled("nothing"), "correction-unknown-event"),
        (cancelled("itself", id="itself"), "correction-unknown-event"),
        (cancelled("gone"), "correction-nothing-stands"),
        (cancelled("cancelling"), "correction-of-correction"),
        (replaced("e", "task.approved", work()), "correction-other-type"),
    ],
)
def test_a_correction_without_effect(correction: Event, rule: str) -> None:
    story = Story()
    kept, gone = event("task.completed", done(), id="e"), event("day.nil", {"day": "x"}, id="gone")
    story.tell(kept, gone, cancelled("gone", id="cancelling"))
    rows = story.tell(correction)
    assert rows.anomaly == [(1, 3, "alpha", rule, "/data/event")]
    assert rows.told == []
    assert len(rows.fact) == 1
    assert story.work() == {"completed": 1, "worked_seconds": 60}


def test_final_acts_cannot_be_corrected() -> None:
    story = Story()
    rows = story.tell(event("key.revoked", {"kid": "k"}, id="act"), cancelled("act"))
    assert rows.anomaly == [(0, 1, "alpha", "correction-not-allowed", "/data/event")]


def test_an_event_sent_again_counts_once_and_is_no_anomaly() -> None:
    story = Story()
    first = event("task.completed", done(x={"b": Decimal("1.50"), "a": 2}), id="e")
    again = dict(reversed(first.items()))
    again["data"] = done(x={"a": 2, "b": Decimal("1.5")})
    rows = story.tell(first, again)
    assert rows.submission == [(0, "alpha", MONDAY, 2, 1)]
    assert rows.anomaly == []
    assert len(rows.fact) == 1
    assert sum(story.fold.event_count.values()) == 1


def test_an_event_id_with_other_content_is_an_anomaly_and_the_first_stands() -> None:
    story = Story()
    other = event("task.completed", work(seconds=99), id="e")
    rows = story.tell(event("task.completed", done(), id="e"), other)
    assert rows.anomaly == [(0, 1, "alpha", "event-id-reused", "/id")]
    assert rows.submission == [(0, "alpha", MONDAY, 2, 1)]
    assert story.work() == {"completed": 1, "worked_seconds": 60}


def test_a_contract_names_each_term_it_lacks() -> None:
    rows = Story().tell(
        event("contract.published", {"contract": "c", "recourse": "r", "total_rule": None})
    )
    missing = [row[-1].removeprefix("/data/") for row in rows.anomaly]
    assert missing == ["data_purpose", "final_client", "max_duration_seconds",
                       "processing_platform", "task_group", "total_rule", "unit_pay"]  # fmt: skip
    assert rows.told[0][-3:] == ("c", None, {"contract": "c", "recourse": "r"})


def test_unstated_fields_are_counted_in_declared_order_without_sandbox() -> None:
    story = Story()
    story.tell(event("task.completed", work(seconds=0, residence=None)))
    fields = "contract task_group residence submitted started"
    assert story.fold.unstated == {("alpha", "task.completed.v1", fields, MONDAY): 1}


def test_refusals_by_reason_and_decider() -> None:
    story = Story()
    story.tell(
        event("rejection.issued", done(**REFUSED, reason_code="late", decided_by="model")),
        event("rejection.issued", done()),
        event("rejection.withdrawn", done(**REFUSED, reason_code="late", decided_by="model")),
    )
    assert {key: sums[:2] for key, sums in story.fold.sums.refusal.items()} == {
        ("alpha", DAY, "unstated", "late", "model", MONDAY): [0, 0],
        ("alpha", DAY, "unstated", "", "unstated", MONDAY): [1, 0],
    }


def test_platforms_are_the_sums_of_their_workers() -> None:
    story = Story()
    story.tell(event("task.completed", done()), event("task.completed", {**done(), "worker": "w2"}))
    (numbers,) = without_workers(story.fold.sums.work).values()
    assert numbers[: len(WORK)] == [2, 0, 0, 0, 0, 0, 120, *[0] * 9]
