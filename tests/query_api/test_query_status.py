"""What an emitter sees of itself at one glance."""

from typing import Any

import pytest

from events.access import Role
from services.query_api.routes import status as status_route
from tests.query_api.emitter_pages import counts, status_of
from tests.query_api.query_world import QueryWorld, done, event


def days(status: Any, *names: str) -> dict[str, list[Any]]:
    return {row["day"]: [row[name] for name in names] for row in status["rows"]}


async def test_submissions_are_told_by_day_and_a_day_that_says_nothing_is_named(
    told: QueryWorld,
) -> None:
    status = await status_of(told)
    assert (status["from"], status["to"]) == ("2026-10-07", "2026-11-05")
    assert days(status, "submissions", "events", "repeated", "work") == {
        # The first work was done on the day before the platform was registered.
        "2026-11-01": [0, 0, 0, True],
        "2026-11-02": [2, 6, 0, False],
        "2026-11-04": [1, 4, 2, True],
        "2026-11-05": [3, 3, 1, False],
    }
    assert (status["submissions"], status["events"], status["repeated"]) == (6, 13, 3)
    # Neither the days before the registration, nor today, which is not over.
    assert status["silent"] == ["2026-11-03"]


async def test_anomalies_come_by_rule_with_the_newest_and_what_to_do(told: QueryWorld) -> None:
    status = await status_of(told)
    shown = {
        one["rule"]: (one["anomalies"], one["counted"], one["example"]["event_id"])
        for one in status["anomalies"]
    }
    assert shown == {
        "event-id-reused": (1, False, "t-2-completed"),
        "work-without-contract": (1, True, "t-5-completed"),
    }
    assert all(one["example"]["remedy"] for one in status["anomalies"])
    assert status["examined"] == 6


async def test_what_counts_nowhere_is_shown_by_outcome_with_what_to_do(told: QueryWorld) -> None:
    (conflict,) = (await status_of(told))["uncounted"]
    assert (conflict["outcome"], conflict["submissions"]) == ("conflict", 1)
    assert (conflict["submission"], conflict["leaf_index"]) == ("s-4", 8)
    assert "submission id of its own" in conflict["remedy"]
    assert (await status_of(told, query="?to=2026-11-04"))["uncounted"] == []
    assert (await status_of(told, "basma", reader="basma"))["uncounted"] == []


async def test_what_came_under_a_revoked_key_is_shown(empty: QueryWorld) -> None:
    kid = empty.speakers["atlas"].key.kid
    revoked = event("key.revoked", empty.now.isoformat(), "gone", emitter="atlas", kid=kid)
    await empty.submit("authority", "revoke", [revoked])
    for late in ("late-1", "late-2"):
        await empty.smuggle("atlas", late, [done(late, "w-a", "11-01", 60)])
        await empty.sequence()
    await empty.fold()
    status = await status_of(empty, role=Role.INSPECTOR)
    assert status["submissions"] == 0
    (found,) = status["uncounted"]
    assert (found["outcome"], found["submissions"]) == ("key-revoked", 2)
    assert found["submission"] == "late-2"


async def test_of_more_events_than_can_be_looked_at_the_newest_submissions_are_looked_at(
    told: QueryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_route, "EXAMINED_MAX", 2)
    status = await status_of(told)
    assert (status["submissions"], status["examined"]) == (6, 2)
    assert counts(status)["work-without-contract"] == 1
    monkeypatch.setattr(status_route, "EXAMINED_MAX", 0)
    assert (await status_of(told, query="?from=2026-11-01"))["examined"] == 0


async def test_a_period_holds_what_was_recorded_in_it(told: QueryWorld) -> None:
    status = await status_of(told, query="?from=2026-11-02&to=2026-11-03")
    assert (status["submissions"], status["anomalies"]) == (2, [])
    assert status["silent"] == ["2026-11-03"]
    assert list(days(status)) == ["2026-11-02"]


async def test_a_day_without_work_is_declared_and_taken_back(empty: QueryWorld) -> None:
    at, nil = "2026-11-02T12:00:00+01:00", {"day": "2026-11-02"}
    await empty.submit("atlas", "n-1", [event("day.nil", at, "nil-1", **nil)])
    empty.later(days=2)
    assert days(await status_of(empty), "nil") == {"2026-11-02": [True]}

    replacement = {"type": "day.nil.v1", "data": {"day": "2026-11-03"}}
    fixed = event("correction.replaced", at, "fix-1", event="nil-1", replacement=replacement)
    await empty.submit("atlas", "n-2", [fixed])
    assert days(await status_of(empty), "nil") == {
        "2026-11-02": [False],
        "2026-11-03": [True],
        "2026-11-04": [False],
    }
    await empty.submit("atlas", "n-3", [event("correction.cancelled", at, "fix-2", event="nil-1")])
    status = await status_of(empty)
    assert [row["day"] for row in status["rows"] if row["nil"]] == []
    assert status["silent"] == ["2026-11-03"]


async def test_another_emitters_days_are_not_mine(told: QueryWorld) -> None:
    assert (await status_of(told, "basma"))["status"] == 403
    assert (await status_of(told, "basma", reader="basma"))["submissions"] == 1


@pytest.mark.parametrize(
    ("query", "kind"),
    [("?from=2025-01-01&to=2026-11-05", "long-period"), ("?from=soon", "bad-parameter")],
)
async def test_a_period_that_cannot_be_answered_is_a_problem(
    told: QueryWorld, query: str, kind: str
) -> None:
    assert (await status_of(told, query=query))["type"] == f"urn:sijill:problem:{kind}"


async def test_an_emitter_that_never_registered_is_not_found(told: QueryWorld) -> None:
    async with told.client() as client:
        answer = await client.get("/v1/emitters/nobody/status", headers=told.bearer(Role.INSPECTOR))
    assert answer.status_code == 404


async def test_a_quarantined_submission_does_not_keep_the_rest_from_being_shown(
    empty: QueryWorld,
) -> None:
    await empty.submit("atlas", "q-1", [done("t-1", "w-a", "11-01", 60)])
    tail = await empty.inner.leaves.tail()
    assert tail is not None
    aside = event(
        "submission.quarantined",
        empty.now.isoformat(),
        "q",
        leaf_index=tail.index,
        reason_code="broken",
    )
    await empty.push("authority", "aside", [aside])
    await empty.sequence()
    assert (await status_of(empty))["submissions"] == 1
