"""Declaring that a day had no work, so that its silence is not taken for a lost submission."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sijill_client.conversation import Conversation, SubmissionResult
from sijill_client.documents import RegistryStatus
from sijill_client.emitter import AsyncEmitter, Emitter
from sijill_client.errors import SijillError
from sijill_client.http import Steps


def nil_event(day: date) -> dict[str, object]:
    """The one event of a day: the same whenever it is made, so a second one is a repeat."""
    return {
        "id": f"day.nil:{day}",
        "type": "day.nil.v1",
        # Once the day is over anywhere that a registry may be, its noon has passed.
        "time": datetime.combine(day, time(12), UTC).isoformat(),
        "data": {"day": day.isoformat()},
    }


def read_day(text: str) -> date:
    """A date YYYY-MM-DD; `ValueError` says so."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2026-03-01") from None


def declare_nil(emitter: Emitter, days: Iterable[date]) -> SubmissionResult:
    """Declares days to be without work. `SijillError` if one of them is not over at the registry.

    `day.nil` says nothing about work that was pushed: that stands, and counts.
    """
    return emitter.run(_declaration(emitter.conversation, days))


async def adeclare_nil(emitter: AsyncEmitter, days: Iterable[date]) -> SubmissionResult:
    """As `declare_nil`, for asyncio."""
    return await emitter.run(_declaration(emitter.conversation, days))


def _declaration(conversation: Conversation, days: Iterable[date]) -> Steps[SubmissionResult]:
    wanted = sorted(set(days))
    status = yield from conversation.check_registry()
    if wanted and wanted[-1] >= _today(status):
        raise SijillError(
            f"{wanted[-1]} is not over at the registry, whose date is {_today(status)}: declare a "
            "day once it has ended; nothing was sent"
        )
    return (yield from conversation.submit([nil_event(day) for day in wanted]))


def _today(status: RegistryStatus) -> date:
    try:
        zone = ZoneInfo(status.time_zone)
    except (OSError, ValueError, LookupError):
        # A machine without a time zone database; at worst the registry's day began already.
        return status.time.astimezone(UTC).date()
    return status.time.astimezone(zone).date()
