"""The invented month: calibrated, repeatable, in the real formats, with the promised incidents."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pytest

from deploy.demo import calibration, generator
from deploy.demo.generator import DemoDay, Export
from events import vocabulary

from .recount import Recount, events_of, page_moment, pseudonym, recount, rows_of

FIRST = date(2026, 10, 20)
HOUR = 3600


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> list[DemoDay]:
    return make(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def counted(month: list[DemoDay]) -> Recount:
    return recount(month)


def make(folder: Path, *, seed: int = 20, days: int = 30) -> list[DemoDay]:
    return generator.generate(folder, seed=seed, first_day=FIRST, days=days, pseudonym=pseudonym)


def exports(month: list[DemoDay], format: str) -> Iterator[tuple[date, str, Export]]:
    for day in month:
        for platform, files in day.exports.items():
            for export in files:
                if export.format == format:
                    yield day.day, platform, export


def said(month: list[DemoDay], kind: str) -> list[tuple[date, dict[str, Any]]]:
    return [
        (day, event)
        for day, _, export in exports(month, "events")
        for event in events_of(export)
        if event["type"] == kind
    ]


def test_mean_pay_of_a_paid_hour_is_that_of_the_survey(counted: Recount) -> None:
    hourly = counted.total("earned") * HOUR / counted.total("paid")
    assert abs(hourly - Decimal("4.43")) < Decimal("0.005")


def test_mean_pay_of_a_paid_or_unpaid_hour_is_that_of_the_survey(counted: Recount) -> None:
    hourly = counted.total("earned") * HOUR / (counted.total("paid") + counted.total("unpaid"))
    assert abs(hourly - Decimal("3.31")) <= Decimal("0.02")


def test_twenty_minutes_go_unpaid_for_each_paid_hour(counted: Recount) -> None:
    assert counted.total("unpaid") * 60 / counted.total("paid") == pytest.approx(20, abs=0.01)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_median_worker_makes_far_less_than_the_mean(tmp_path: Path, seed: int) -> None:
    sums = recount(make(tmp_path, seed=seed)).sums.values()
    middle = median(one.earned * HOUR / (one.paid + one.unpaid) for one in sums if one.paid)
    assert Decimal("1.8") < middle < Decimal("2.6")


def test_a_few_percent_of_decisions_are_rejections(counted: Recount) -> None:
    outcomes = Counter(counted.decided.values())
    assert 0.03 <= outcomes["rejected"] / outcomes.total() <= 0.06


def test_some_work_waits_for_a_decision_and_some_pay_for_a_payout(counted: Recount) -> None:
    assert len(counted.completed) > len(counted.decided)
    assert all(one.gross <= one.earned for one in counted.sums.values())
    assert counted.total("earned") / 20 < counted.total("earned") - counted.total("gross")


def test_the_month_is_short_enough_to_push_in_a_demo(counted: Recount) -> None:
    assert 15_000 <= counted.events <= 25_000


def test_workers_of_tables_are_the_workers_of_the_events_beside_them(counted: Recount) -> None:
    paid = {key for key, one in counted.sums.items() if one.gross}
    assert paid
    assert paid <= {key for key, one in counted.sums.items() if one.earned}


def test_one_seed_gives_one_month(tmp_path: Path) -> None:
    assert files(tmp_path / "a", seed=5) == files(tmp_path / "b", seed=5)


def test_another_seed_gives_another_month(tmp_path: Path) -> None:
    assert files(tmp_path / "a", seed=5) != files(tmp_path / "b", seed=6)


def files(folder: Path, seed: int) -> dict[str, bytes]:
    days = make(folder, seed=seed, days=3)
    listed = [e.path for day in days for files in day.exports.values() for e in files]
    assert sorted(listed) == sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in listed}


def test_a_month_without_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one day"):
        make(tmp_path, days=0)


def test_the_web_download_is_quoted_with_crlf_and_rows_two_cells_short(
    month: list[DemoDay],
) -> None:
    for _, _, export in exports(month, "mturk-web"):
        content = export.path.read_bytes()
        header, *rows = rows_of(export)
        assert header[0] == "HITId"
        assert header[-2:] == ["Approve", "Reject"]
        assert {len(row) for row in rows} == {len(header) - 2}
        assert content.startswith(b'"HITId","')
        assert content.count(b"\r\n") == len(rows) + 1


def test_the_command_line_download_is_tabbed_with_lf_and_full_rows(month: list[DemoDay]) -> None:
    for _, _, export in exports(month, "mturk-clt"):
        header, *rows = rows_of(export)
        assert (header[0], header[-1], len(header)) == ("hitid", "reject", 29)
        assert {len(row) for row in rows} == {29}
        assert b"\r" not in export.path.read_bytes()


def test_times_carry_the_zone_of_their_season(month: list[DemoDay]) -> None:
    zones = set()
    for day, _, export in exports(month, "mturk-web"):
        for row in rows_of(export)[1:]:
            zones.add((day < date(2026, 11, 1), row[18].split(" ")[4]))
            assert re.fullmatch(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d P[SD]T 2026", row[18])
            assert row[20] == "" or row[20].endswith(" UTC")
    assert (True, "PDT") in zones
    assert (False, "PST") in zones


def test_ids_have_the_form_that_platforms_use(month: list[DemoDay]) -> None:
    for _, _, export in exports(month, "mturk-web"):
        for row in rows_of(export)[1:]:
            assert re.fullmatch(r"A[0-9A-Z]{13}", row[15])
            assert re.search(r"BatchId:\d{7};", row[8])


def test_a_table_states_one_kind_of_work_and_a_worker_one_country(month: list[DemoDay]) -> None:
    homes: dict[str, set[str | None]] = {}
    for _, _, export in exports(month, "mturk-web"):
        assert export.task_group is not None
        for row in rows_of(export)[1:]:
            homes.setdefault(row[15], set()).add(export.residence)
    assert {len(found) for found in homes.values()} == {1}
    assert {"MA", None} < set().union(*homes.values())


def test_an_assignment_comes_again_with_its_decision_and_is_else_the_same(
    month: list[DemoDay],
) -> None:
    seen: dict[str, list[list[str]]] = {}
    for _, _, export in exports(month, "mturk-web"):
        for row in rows_of(export)[1:]:
            seen.setdefault(row[14], []).append(row)
    again = [rows for rows in seen.values() if len(rows) > 1]
    assert again
    for rows in again:
        assert rows[0][16] in ("Submitted", "Rejected")
        assert rows[-1][16] != "Submitted"
        assert len({(*row[:16], *row[17:20], row[23]) for row in rows}) == 1
    assert any(row[20] and row[21] for rows in again for row in rows), "an overturned rejection"


def test_nothing_in_a_file_is_later_than_its_day(month: list[DemoDay]) -> None:
    for day, _, export in exports(month, "mturk-web"):
        for row in rows_of(export)[1:]:
            stated = [page_moment(row[i]) for i in (6, 17, 18, 21) if row[i]]
            assert max(stated).date() <= day
            assert stated[0] <= stated[1] <= stated[2]
    for day, _, export in exports(month, "events"):
        for event in events_of(export):
            assert datetime.fromisoformat(event["time"]).date() <= day


def test_every_event_is_one_that_its_platform_may_sign(month: list[DemoDay]) -> None:
    decoder = msgspec.json.Decoder(vocabulary.AnyEvent)
    allowed = vocabulary.MAY_SIGN[vocabulary.EmitterKind.PLATFORM]
    for _, platform, export in exports(month, "events"):
        for line in export.path.read_bytes().splitlines():
            event = decoder.decode(line)
            assert type(event) in allowed
            assert event.source == f"/emitters/{platform}"


def test_the_promised_incidents_happen(month: list[DemoDay]) -> None:
    assert len(said(month, "correction.cancelled.v1")) == 1
    assert len(said(month, "correction.replaced.v1")) == 1
    assert said(month, "dispute.opened.v1")
    assert said(month, "rejection.withdrawn.v1")
    for kind in ("task.returned.v1", "task.expired.v1", "task.aborted.v1"):
        assert said(month, kind)
    unstated = [e for _, e in said(month, "task.approved.v1") if "amount" not in e["data"]]
    assert len(unstated) == generator.UNSTATED


def test_a_nil_day_has_no_work(month: list[DemoDay]) -> None:
    [(day, event)] = said(month, "day.nil.v1")
    assert event["data"]["day"] == day.isoformat()
    assert all(found != day for found, _ in said(month, "task.completed.v1"))


def test_a_report_comes_days_after_its_work(month: list[DemoDay]) -> None:
    late = [
        day - datetime.fromisoformat(event["time"]).astimezone(UTC).date()
        for day, event in said(month, "time.reported.v1")
    ]
    assert max(late) == timedelta(days=6)


def test_one_batch_is_rejected_whole(month: list[DemoDay]) -> None:
    refused = Counter(e["data"]["contract"] for _, e in said(month, "rejection.issued.v1"))
    handed_in = Counter(e["data"]["contract"] for _, e in said(month, "task.completed.v1"))
    [(contract, places)] = refused.most_common(1)
    assert places == handed_in[contract] == 40


def test_a_withdrawal_repeats_the_rejection(month: list[DemoDay]) -> None:
    issued = {e["data"]["task"]: e["data"] for _, e in said(month, "rejection.issued.v1")}
    for _, event in said(month, "rejection.withdrawn.v1"):
        assert event["data"] == issued[event["data"]["task"]]


def test_contracts_stand_before_the_work_on_them(month: list[DemoDay]) -> None:
    offered: set[str] = set()
    for _, platform, export in exports(month, "events"):
        for event in events_of(export):
            if event["type"] == "contract.published.v1":
                offered.add(event["data"]["contract"])
            elif event["type"] == "task.completed.v1" and platform == "khidma":
                assert event["data"]["contract"] in offered


def test_shares_are_whole_and_sum_to_what_is_shared() -> None:
    assert calibration.apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert calibration.apportion(7, [0.5, 0.25, 0.25]) == [3, 2, 2]
    assert calibration.apportion(0, []) == []
    with pytest.raises(ValueError, match="cannot share 5"):
        calibration.apportion(5, [])
