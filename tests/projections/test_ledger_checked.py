"""The checker's own ledger against the folded one, and what it finds when rows were changed."""

import random

import asyncpg
import pytest

from services.checker.check import check
from services.checker.report import render
from tests.projections.accounting import Accounts
from tests.projections.test_acts import _cancel, _linked, _replace
from tests.projections.test_ledger import _history
from tests.support.world import World


@pytest.mark.parametrize("seed", [3, 4])
async def test_the_checker_agrees_on_postings_closings_links_and_remittances(
    world: World, seed: int
) -> None:
    accounts = await Accounts.of(world)
    await _history(accounts, random.Random(seed))
    authority, fund = world.authority, accounts.fund
    link, unlink = _linked(authority, "w1", "p1"), _linked(authority, "w1", "p1", un=True)
    other = {"platform": "nobody", "worker": "w1", "person": "p2"}
    await world.tell(
        *(link, link | {"id": "again"}, unlink, _cancel(authority, unlink)),
        *(_replace(authority, link, other), _cancel(authority, link)),
        authority.event("scheme.assigned", {"scheme": "cnss", "day_from": "2026-03-01"}),
        platform=authority,
    )
    data = {"scheme": "cnss", "platform": "alpha", "period": "2026-02", "amount": "12.5"}
    data |= {"currency": "MAD", "received_on": "2026-03-03"}
    paid = fund.event("remittance.received", data)
    await world.tell(paid, _replace(fund, paid, data | {"amount": "13"}), platform=fund)
    report = await check(world.dsn(), first_only=False)
    assert report.clean, render(report)


async def test_an_entry_that_somebody_changed_is_found(world: World) -> None:
    accounts = await Accounts.of(world)
    await accounts.post(accounts.posting())
    connection = await asyncpg.connect(world.dsn())
    schema = f"view_{world.generation}"
    await connection.execute(f"ALTER TABLE {schema}.entry DISABLE TRIGGER entry_stands")
    await connection.execute(f"UPDATE {schema}.entry SET debit = 1 WHERE number = 1")
    await connection.close()
    report = await check(world.dsn(), first_only=False)
    assert [(f.what, f.expected, f.found) for f in report.findings] == [
        ("column debit", 10_000_000, 1)
    ]
