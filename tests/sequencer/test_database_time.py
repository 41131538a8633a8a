"""A writer's clock against the database's: asked rarely, and never believed to be wrong unasked."""

from datetime import UTC, datetime, timedelta

from services.sequencer.database_time import DatabaseTime

_NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
_MOST = timedelta(seconds=60)


class Machine:
    """A database's clock, and this machine's monotonic one, which stands still while it sleeps."""

    def __init__(self) -> None:
        self.database, self.monotonic, self.asked = _NOON, 1_000.0, 0
        self.time = DatabaseTime(self._answer, lambda: self.monotonic)

    async def _answer(self) -> datetime:
        self.asked += 1
        return self.database

    def passes(self, seconds: float, *, asleep: bool = False) -> None:
        self.database += timedelta(seconds=seconds)
        self.monotonic += 0 if asleep else seconds

    async def ahead(self, seconds: float) -> float:
        now = self.database + timedelta(seconds=seconds)
        return (await self.time.ahead(now, _MOST)).total_seconds()


async def test_rounds_of_one_second_ask_once() -> None:
    machine = Machine()
    for _ in range(9):
        assert await machine.ahead(5) == 5
        machine.passes(0.1)
    assert machine.asked == 1
    machine.passes(0.2)
    assert await machine.ahead(-3) == -3
    assert machine.asked == 2


async def test_a_clock_that_jumps_is_found_at_once() -> None:
    machine = Machine()
    assert await machine.ahead(0) == 0
    machine.passes(0.5)
    assert await machine.ahead(3600) == 3600


async def test_a_machine_that_slept_is_not_taken_for_one_whose_clock_is_ahead() -> None:
    machine = Machine()
    assert await machine.ahead(0) == 0
    machine.passes(600, asleep=True)
    assert await machine.ahead(0) == 0
    assert machine.asked == 2
