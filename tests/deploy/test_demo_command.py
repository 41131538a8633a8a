"""`sijill demo --exit`, as somebody meets it who never saw the code."""

import re
from pathlib import Path

import pytest

from tests.support.running import run_command


def test_the_demo_on_brokers_of_others_ends_with_a_clean_check(
    tmp_path: Path, kafka: str, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJILL_KAFKA", kafka)
    monkeypatch.setenv("SIJILL_TOPICS", topics)

    said = run_command("demo", "--kafka", "--exit", "--report", str(tmp_path / "report.html"))

    assert f"{kafka} (Apache Kafka, topics {topics}.*)" in said
    assert "everything holds" in said


def test_the_demo_ends_with_a_summary_a_report_and_a_clean_check(tmp_path: Path) -> None:
    report = tmp_path / "report.html"

    said = run_command("demo", "--exit", "--report", str(report))

    assert "everything holds" in said
    # The ILO's figures, to which the month is calibrated: 4.43 and 3.31 +/- 0.02 USD an hour.
    paid, both = re.search(r"earns ([\d.]+) USD .*?it,\s+([\d.]+) USD", said, re.DOTALL).groups()  # type: ignore[union-attr]
    assert paid == "4.43"
    assert 3.29 <= float(both) <= 3.33
    assert "For each" in said
    assert "20 minutes go unpaid" in " ".join(said.split())
    for platform in ("Atlas Work", "Khidma", "Taskora"):
        assert platform in said
    page = report.read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "17.92" in page
