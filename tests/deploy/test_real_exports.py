"""The main job on real input: export files in, figures out, through real processes.

Counts are those that the README of the export files states, for all platforms of the set.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.exports import crowdwork
from tests.support.plain import PLAIN
from tests.support.running import PATIENCE, SIJILL, Running, running_registry

#: MTurk, then Prolific and Toloka; CrowdFlower states no status.
APPROVED, REJECTED, SUBMITTED = 17_756 + 544 + 1_282, 200 + 5, 13_879
AWAITING, RETURNED, EXPIRED, UNSTATED = 64, 149, 22 + 89, 19_368
ASSIGNMENTS = 53_358
SANDBOX, OVERTURNED = 865, 23
#: Prolific states for seven returned submissions when they had been handed in.
RETURNED_AFTER = 7
COMPLETED = APPROVED + REJECTED + SUBMITTED + AWAITING + RETURNED_AFTER + UNSTATED


@pytest.fixture(scope="module")
def files() -> list[str]:
    return [str(path) for path in sorted(crowdwork().iterdir()) if path.suffix != ".md"]


@pytest.fixture(scope="module")
def pushed(files: list[str]) -> Iterator[tuple[Running, str]]:
    """A registry into which every export was pushed, by a push that was killed and one more.

    What the second one said.
    """
    with running_registry() as registry:
        key = registry.add_platform("Crowdwork")
        told = ("push", *files, "--as", key, "--url", registry.url)
        before = _position(registry)
        with (registry.folder / "killed.log").open("ab") as log:
            killed = subprocess.Popen([*SIJILL, *told], stdout=log, stderr=log)
        try:
            # It reads everything before it sends anything.
            registry.until(lambda: _position(registry) > before + 5, patience=5 * PATIENCE)
        finally:
            killed.kill()
            killed.wait()
        yield registry, registry.run(*told)


def _position(registry: Running) -> int:
    """How far the log has come, by what anybody may ask."""
    answer = httpx.get(f"{registry.url}/v1/registry", verify=PLAIN, timeout=PATIENCE)
    return int(answer.raise_for_status().json()["log_position"])


def number(said: str, label: str) -> int:
    """The figure behind a label in what push printed."""
    found = re.search(rf"^\s*{re.escape(label)}\s+([\d,]+)\s*$", said, re.MULTILINE)
    assert found, f"{label!r} in:\n{said}"
    return int(found[1].replace(",", ""))


def test_push_reports_the_assignments_that_the_readme_counts(pushed: tuple[Running, str]) -> None:
    _, said = pushed

    assert number(said, "files") == 103
    assert number(said, "rows") == 59_138
    assert number(said, "distinct assignments") == ASSIGNMENTS
    assert number(said, "approved") == APPROVED
    assert number(said, "rejected") == REJECTED
    assert number(said, "submitted") == SUBMITTED
    assert number(said, "awaiting review") == AWAITING
    assert number(said, "returned") == RETURNED
    assert number(said, "timed-out") + number(said, "expired") == EXPIRED
    assert number(said, "status not stated") == UNSTATED
    assert number(said, "of them sandbox, no real money") == SANDBOX
    assert number(said, "rows that cannot be read") == 0
    # The push that was killed had sent some of them; what is counted is counted once.
    assert number(said, "repeated: the registry had them already") > 5
    assert number(said, "accepted") > 0


def test_views_equal_the_readme_less_the_sandbox(pushed: tuple[Running, str]) -> None:
    registry, _ = pushed

    (platform,) = registry.get("/v1/platforms", role="analyst")["rows"]
    tasks = registry.get("/v1/platforms/crowdwork?by=month", role="analyst")

    sandbox_approved = 242
    assert platform["counts"]["completed"] == COMPLETED - SANDBOX
    assert platform["counts"]["approved"] == APPROVED - sandbox_approved
    # A rejection that was overturned is a rejection and its withdrawal: they cancel out.
    assert platform["counts"]["rejected"] == REJECTED
    assert platform["counts"]["returned"] == RETURNED
    assert platform["counts"]["expired"] == EXPIRED
    events = {(row["type"], row["sandbox"]): row["events"] for row in tasks["events"]}
    assert events["task.completed.v1", True] == SANDBOX
    assert events["task.approved.v1", True] == sandbox_approved
    assert events["rejection.withdrawn.v1", False] == OVERTURNED


def test_pushing_again_in_another_order_is_all_repeats(
    pushed: tuple[Running, str], files: list[str]
) -> None:
    registry, said = pushed
    before = registry.get("/v1/platforms", role="analyst")

    key = str(registry.folder / "crowdwork.key")
    again = registry.run("push", *reversed(files), "--as", key, "--url", registry.url)

    made = number(said, "made")
    assert number(again, "repeated: the registry had them already") == made
    assert number(again, "accepted") == 0
    assert registry.get("/v1/platforms", role="analyst") == before


def test_the_checker_agrees_and_a_rebuild_gives_the_same_bytes(
    pushed: tuple[Running, str],
) -> None:
    registry, _ = pushed

    assert "everything holds" in registry.own("check")
    assert "equal to generation" in registry.own("rebuild")
    assert "everything holds" in registry.own("check")


def test_one_assignment_leads_from_the_figure_to_its_signed_bytes(
    pushed: tuple[Running, str], tmp_path: Path
) -> None:
    registry, _ = pushed

    page = registry.get("/v1/tasks?platform=crowdwork&type=rejection.issued.v1&limit=1")
    event = registry.get(f"/v1/events/{page['rows'][0]['event_number']}")

    assert event["event"]["type"] == "rejection.issued.v1"
    assert event["event"]["source"] == "/emitters/crowdwork"


def test_a_later_download_adds_what_was_decided_since_and_nothing_else(
    pushed: tuple[Running, str], tmp_path: Path
) -> None:
    registry, _ = pushed
    awaiting, others = 6, 4 + 2
    lines = (crowdwork() / "prolific__shirdekel__thesis__07.csv").read_text().splitlines()
    later = [
        re.sub(
            r",,([A-Z0-9]+)$",
            r",2021-03-09 10:00:00,\1",
            line.replace("AWAITING REVIEW", "APPROVED"),
        )
        for line in lines
    ]
    newer = tmp_path / "newer.csv"
    newer.write_text("\n".join(later) + "\n")
    before = registry.get("/v1/platforms", role="analyst")["rows"][0]["counts"]

    key = str(registry.folder / "crowdwork.key")
    said = registry.run("push", str(newer), "--as", key, "--url", registry.url)

    told = said[said.index("What the registry reports") :]
    assert number(told, "repeated") == awaiting + others
    assert number(told, "not counted") == 0
    # Prolific names no contract, so each new event has that anomaly, and counts.
    assert number(told, "anomalous") == awaiting
    counts = registry.get("/v1/platforms", role="analyst")["rows"][0]["counts"]
    assert counts == before | {"approved": before["approved"] + awaiting}
