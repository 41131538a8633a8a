"""Every test that hurts the log ends here: what must hold after any fault."""

from collections.abc import Iterable

from services.checker.check import check
from services.checker.embedded import embedded
from services.checker.history import Attempt
from services.checker.report import Report, render
from services.checker.source import OpenLog


async def assert_whole(
    dsn: str, history: Iterable[Attempt] | None = None, log: OpenLog = embedded
) -> Report:
    """The checker finds nothing wrong in chain, intake, index, keys and the clients' history."""
    report = await check(dsn, log=log, history=history, first_only=False)
    assert report.clean, render(report)
    return report
