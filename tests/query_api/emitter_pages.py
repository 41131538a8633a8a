"""What an emitter is shown of itself, asked for and cut down to what tests compare."""

from typing import Any

from events.access import Role
from tests.query_api.query_world import QueryWorld


async def report_of(world: QueryWorld, submission: str, query: str = "", of: str = "atlas") -> Any:
    """The report of a submission, as its emitter reads it."""
    async with world.client() as client:
        path = f"/v1/emitters/{of}/submissions/{submission}{query}"
        answer = await client.get(path, headers=world.bearer(Role.PLATFORM, platform=of))
    assert answer.status_code == 200, answer.text
    return answer.json()


def broken(report: Any) -> list[tuple[str, str, str]]:
    """Event id, rule and pointer of each anomaly."""
    return [(one["event_id"], one["rule"], one["pointer"]) for one in report["anomalies"]]


async def status_of(
    world: QueryWorld,
    emitter: str = "atlas",
    query: str = "",
    reader: str = "atlas",
    role: Role = Role.PLATFORM,
) -> Any:
    """The status of an emitter, or the problem that was answered."""
    async with world.client() as client:
        bearer = world.bearer(role, platform=reader if role is Role.PLATFORM else None)
        answer = await client.get(f"/v1/emitters/{emitter}/status{query}", headers=bearer)
    return answer.json()


def counts(status: Any) -> dict[str, int]:
    """Anomalies of a status by rule."""
    return {one["rule"]: one["anomalies"] for one in status["anomalies"]}
