"""Postings and closings: what has effect, what has none and why (RULES 7.4, 7.5)."""

import hashlib
import random
from typing import Any

import asyncpg
import msgspec
import pytest

from migrations.roles import PROJECTION, ROLES
from services.projections import rebuild
from services.projections.ledger.lines import encode_entry, entry_of
from services.projections.ledger.statement import (
    Extent,
    Moved,
    make_statement,
    statement_digest,
)
from tests.projections.accounting import FILES, SCHEME, Accounts, due, line
from tests.projections.telling import views
from tests.support.world import Platform, World


@pytest.fixture
async def accounts(world: World) -> Accounts:
    return await Accounts.of(world)


LEDGER = ("entry", "ledger_sum", "ledger_period", "anomaly")


def _numbers(entries: list[dict[str, Any]]) -> list[int]:
    return [entry["number"] for entry in entries]


async def test_postings_of_one_submission_chain_and_take_dense_numbers(accounts: Accounts) -> None:
    await accounts.post(accounts.posting(), accounts.posting(due("2.5", "w2")))
    entries = await accounts.entries()
    assert _numbers(entries) == [1, 2, 3, 4]
    assert [(e["account"], e["debit"], e["credit"], e["worker"]) for e in entries] == [
        ("fund.receivable", 10_000_000, None, "w1"),
        ("platform.payable", None, 10_000_000, "w1"),
        ("fund.receivable", 2_500_000, None, "w2"),
        ("platform.payable", None, 2_500_000, "w2"),
    ]
    assert await accounts.rules() == []


async def test_of_two_posters_after_one_number_exactly_one_has_effect(accounts: Accounts) -> None:
    first, second = accounts.posting(), accounts.posting(due("99"), after=0)
    third = accounts.posting(due("1"), after=2)
    await accounts.post(first)
    await accounts.post(second, third)
    assert [e["debit"] for e in await accounts.entries() if e["debit"]] == [10_000_000, 1_000_000]
    assert await accounts.rules() == ["ledger-not-next"]


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("ledger-unbalanced", {"lines": [line("a", "1", platform="p", worker="w")]}),
        (
            "ledger-unbalanced",
            {
                "lines": [
                    line("a", "1", platform="p", worker="w"),
                    line("b", "-1", "EUR", platform="p", worker="w"),
                ]
            },
        ),
        ("ledger-line-unowned", {"lines": [line("a", "1"), line("b", "-1")]}),
        ("ledger-line-unowned", {"lines": []}),
        ("ledger-basis-not-past", {"basis": 10_000}),
        ("ledger-basis-not-past", {"basis": 3, "previous_basis": 4}),
        ("ledger-policy-not-adopted", {"policy": "sha256:" + "b" * 64}),
        ("ledger-policy-not-adopted", {"basis": 1}),
        ("ledger-wrong-period", {"about": "2026-02"}),
        ("ledger-not-next", {"after": 7}),
    ],
)
async def test_what_cannot_be_posted_is_named_and_nothing_is_half_posted(
    accounts: Accounts, rule: str, more: dict[str, Any]
) -> None:
    await accounts.post(accounts.posting(**more), accounts.posting(after=0))
    assert await accounts.rules() == [rule]
    assert _numbers(await accounts.entries()) == [1, 2]


async def test_a_policy_that_is_none_leaves_the_one_before_in_force(accounts: Accounts) -> None:
    world = accounts.world
    for files, digest in (({"a.yaml": "x"}, "sha256:" + "c" * 64), (FILES, "sha256:" + "d" * 64)):
        await world.act("policy.adopted", {"country": "MA", "digest": digest, "files": files})
    await world.fold()
    await accounts.post(accounts.posting(basis=5))
    assert await accounts.rules() == ["policy-not-readable"] * 2
    assert _numbers(await accounts.entries()) == [1, 2]


async def statement_of(
    accounts: Accounts, period: str, basis: int, after: int | None = None
) -> dict[str, Any]:
    """The closing's data, worked out here from the entries alone; `after` None: of now."""
    entries = await accounts.entries()
    lines = [e for e in entries if e["account"] != "period.closed"]
    sums: dict[tuple[str, str, str], list[int]] = {}
    for e in lines:
        both = sums.setdefault((e["period"], e["account"], e["currency"]), [0, 0])
        both[0] += e["debit"] or 0
        both[1] += e["credit"] or 0
    own = [e for e in lines if e["period"] == period]
    digest = hashlib.sha256(b"".join(encode_entry(entry_of(e)) for e in own)).hexdigest()
    numbers = _numbers(own) or [None]
    extent = Extent(numbers[0], numbers[-1], len(own), f"sha256:{digest}")
    after = max(_numbers(entries), default=0) if after is None else after
    moved = [Moved(*key, *both) for key, both in sums.items()]
    made = make_statement(SCHEME, period, moved, extent, after=after, basis=basis)
    return {
        "scheme": SCHEME,
        "period": period,
        "after": after,
        "basis": basis,
        "statement": statement_digest(made),
        "entries": len(own),
        "totals": msgspec.to_builtins(made.movements),
    }


async def close(accounts: Accounts, by: Platform, data: dict[str, Any]) -> None:
    await accounts.world.tell(by.event("period.closed", data), platform=by)


async def test_a_closing_takes_the_next_number_and_what_comes_later_goes_on(
    accounts: Accounts,
) -> None:
    await accounts.post(accounts.posting(), accounts.posting(due("1"), period="2026-04"))
    await close(accounts, accounts.fund, await statement_of(accounts, "2026-03", 4))
    late = accounts.posting(due("3"), after=5)
    again = accounts.posting(due("3"), after=5, period="2026-04", about="2026-03")
    await accounts.post(late, again)
    assert await accounts.rules() == ["ledger-period-closed"]
    entries = await accounts.entries()
    assert _numbers(entries) == list(range(1, 8))
    assert (entries[4]["account"], entries[5]["about"]) == ("period.closed", "2026-03")
    march, april = await accounts.world.view("ledger_period")
    assert (march["closed_entry"], march["closed_by"], march["entries"]) == (5, "fund", 2)
    assert (april["closed_entry"], april["first_entry"], april["last_entry"]) == (None, 3, 7)


async def test_closings_that_cannot_be_are_refused_with_a_reason(accounts: Accounts) -> None:
    await accounts.post(accounts.posting(), accounts.posting(due("1"), period="2026-04"))
    authority = accounts.world.authority
    april, march = [await statement_of(accounts, p, 4) for p in ("2026-04", "2026-03")]
    total = {**march["totals"][0], "debit": "11"}
    for data in (
        april,
        {**march, "totals": [total, march["totals"][1]]},
        {**march, "entries": 3},
        {**march, "statement": "sha256:" + "0" * 64},
        {**march, "after": 3},
        {**march, "basis": 99},
        march,
        march,
        {**april, "period": "2026-05", "after": 5},
    ):
        await close(accounts, authority, data)
    assert await accounts.rules() == [
        "period-predecessor-open",
        "period-totals-differ",
        "period-totals-differ",
        "period-statement-differs",
        "period-entries-since",
        "ledger-basis-not-past",
        "period-closed-already",
        "period-predecessor-open",
    ]
    assert [row["closed_entry"] for row in await accounts.world.view("ledger_period")] == [5, None]


async def _history(accounts: Accounts, chosen: random.Random) -> None:
    """Chains, rivals, faults and closings, some in one submission."""
    for _ in range(12):
        several = [
            accounts.posting(
                due(str(chosen.randrange(1, 99)), chosen.choice(("w1", "w2"))),
                period=chosen.choice(("2026-03", "2026-04")),
                **({"after": chosen.randrange(30)} if chosen.random() < 0.3 else {}),
            )
            for _ in range(chosen.randrange(1, 4))
        ]
        await accounts.world.push(accounts.registry, several)
        await accounts.world.sequence()
        if chosen.random() < 0.4:
            await accounts.world.fold()
            accounts.after = max(_numbers(await accounts.entries()), default=0)
        if chosen.random() < 0.2:
            await accounts.world.fold()
            data = await statement_of(accounts, chosen.choice(("2026-03", "2026-04")), 4)
            await accounts.world.push(accounts.fund, [accounts.fund.event("period.closed", data)])
    await accounts.world.sequence()
    await accounts.world.fold()


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_split_gives_the_same_rows_and_so_does_a_rebuild(
    accounts: Accounts, seed: int
) -> None:
    world = accounts.world
    await _history(accounts, random.Random(seed))
    stood = await views(world, *LEDGER)
    assert {a for a in await accounts.rules()} & {"ledger-not-next", "ledger-period-closed"}
    done = await rebuild.rebuild(
        world.dsn(PROJECTION), world.leaves, world.builder, lambda folded, leaves: None
    )
    assert done.expected_difference is None
    assert await views(world, *LEDGER, generation=done.new) == stood
    assert sum((e["debit"] or 0) - (e["credit"] or 0) for e in stood["entry"]) == 0
    assert len({e["number"] for e in stood["entry"]}) == stood["entry"][-1]["number"]


#: Whoever may write the table meets its trigger; everybody else meets no right to.
_REFUSED = (asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)
_CHANGES = ("UPDATE entry SET debit = 1", "DELETE FROM entry", "TRUNCATE entry")


@pytest.mark.parametrize("role", ["postgres", *ROLES])
async def test_entries_can_be_changed_by_nobody(accounts: Accounts, role: str) -> None:
    await accounts.post(accounts.posting())
    connection = await asyncpg.connect(accounts.world.dsn(role))
    try:
        schema = f"view_{accounts.world.generation}"
        for change in _CHANGES:
            with pytest.raises(_REFUSED) as refused:
                await connection.execute(change.replace("entry", f"{schema}.entry", 1))
            if role in {PROJECTION, "postgres"}:
                assert "never changed" in str(refused.value)
    finally:
        await connection.close()
    assert len(await accounts.entries()) == 2
