"""What looks at a registry: tokens for readers, the checker, a rebuild.

Checker and folds are loaded when they run: every process comes through the same command.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.cli.context import (
    EXIT_FAILED,
    Data,
    SignAs,
    Url,
    err,
    folder_of,
    out,
    signer_of,
    stores_of,
    told_plainly,
    url_of,
)
from deploy.processes.opening import open_leaves
from deploy.processes.settings import Stores
from events.access import PERSON_SECONDS_MAX, Role, sign_access
from events.clock import system_clock
from events.log.identity import registry_of
from migrations.roles import OPERATOR, PROJECTION

if TYPE_CHECKING:
    from services.checker.report import Report
    from services.checker.source import OpenLog
    from services.projections.rebuild import Rebuilt

#: Seconds a token lives unless asked otherwise: one hour.
_TOKEN_SECONDS = 3600


class Person(StrEnum):
    """Whom the authority signs for; platforms and funds sign their own tokens."""

    ANALYST = Role.ANALYST.value
    INSPECTOR = Role.INSPECTOR.value
    WORKER = Role.WORKER.value


def token(
    role: Annotated[Person, typer.Option(help="Who reads.")],
    scope: Annotated[
        str | None, typer.Option(help="For a worker: PLATFORM/PSEUDONYM, her own.")
    ] = None,
    subject: Annotated[str, typer.Option(help="Who reads; stands in the access log.")] = "operator",
    seconds: Annotated[
        int, typer.Option(min=1, max=PERSON_SECONDS_MAX, help="How long it lives.")
    ] = _TOKEN_SECONDS,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Print a bearer token, signed by the authority's key."""
    with told_plainly():
        if (role is Person.WORKER) != (scope is not None):
            raise ValueError("--scope PLATFORM/PSEUDONYM goes with --role worker, and only there")
        platform, _, pseudonym = (scope or "").partition("/")
        if scope is not None and not (platform and pseudonym):
            raise ValueError("--scope is PLATFORM/PSEUDONYM")
        folder = folder_of(data)
        signer = signer_of(folder, sign_as)
        described = httpx.get(f"{url_of(folder, url)}/v1/registry", timeout=10).raise_for_status()
        print(
            sign_access(
                signer.key,
                emitter=signer.emitter,
                registry=described.json()["identity"],
                # The registry's own time: its clock is the one that judges the token.
                at=system_clock().fromisoformat(described.json()["time"]),
                seconds=seconds,
                role=Role(role.value),
                subject=subject,
                platform=platform or None,
                worker=pseudonym or None,
            )
        )


def check(
    data: Data = None,
    all_: Annotated[bool, typer.Option("--all", help="Print every difference.")] = False,
) -> None:
    """Verify signatures, chain and outcomes; refold the log and compare with every view."""
    from services.checker.report import render

    with told_plainly():
        report = check_stores(stores_of(data), first_only=not all_)
    print(render(report), end="")
    if not report.clean:
        raise typer.Exit(EXIT_FAILED)


def check_stores(stores: Stores, *, first_only: bool = True) -> "Report":
    """Run the checker with a progress bar."""
    from services.checker.check import check as run_check

    with bar("checking leaves") as tell:
        return asyncio.run(
            run_check(
                stores.dsn(OPERATOR),
                views=stores.views_dsn(OPERATOR) if stores.views else None,
                log=_log_of(stores),
                first_only=first_only,
                progress=lambda leaves, _: tell(leaves, None),
            )
        )


def _log_of(stores: Stores) -> "OpenLog":
    """How the checker, in code of its own, reads the log."""
    if stores.kafka is None:
        from services.checker.embedded import embedded

        return embedded
    from services.checker.kafka.source import in_kafka

    return in_kafka(stores.kafka)


def rebuild(data: Data = None) -> None:
    """Fold the views anew from the log while everything goes on, compare, then switch."""
    with told_plainly(), bar("folding leaves") as tell:
        done = asyncio.run(_rebuild(stores_of(data), tell))
    if done.expected_difference:
        out.print(f"not equal, as expected: {done.expected_difference}", highlight=False)
    else:
        out.print(f"equal to generation {done.old} at leaf {done.compared_at}", highlight=False)
    out.print(f"generation {done.new} answers from leaf {done.switched_at} on", highlight=False)


async def _rebuild(stores: Stores, tell: Callable[[int, int | None], None]) -> "Rebuilt":
    from services.projections.builder import BuilderProcess
    from services.projections.rebuild import rebuild as run_rebuild

    async with open_leaves(stores, PROJECTION) as leaves:
        registry = await registry_of(leaves)
        if registry is None:
            raise ValueError("the log is empty")
        dsn = stores.views_dsn(PROJECTION)
        async with BuilderProcess(registry.time_zone) as builder:
            return await run_rebuild(dsn, leaves, builder, tell)


@contextmanager
def bar(text: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on standard error, gone afterwards: what is done, and of how much."""
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        task = bars.add_task(text, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
