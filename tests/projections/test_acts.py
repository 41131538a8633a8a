"""Links, remittances and assignments: what has effect, from when, and how it is corrected."""

from typing import Any

import pytest

from tests.projections.accounting import SCHEME, Accounts
from tests.support.world import Platform, World


@pytest.fixture
async def authority(world: World, beta: Platform) -> Platform:
    await world.fold()
    return world.authority


def _linked(by: Platform, worker: str, person: str, **more: Any) -> dict[str, Any]:
    kind = "identity.unlinked" if more.pop("un", False) else "identity.linked"
    data = {"platform": "alpha", "worker": worker, "person": person} | more
    return by.event(kind, data)


async def _say(world: World, *events: dict[str, Any]) -> list[str]:
    """Told by the authority; every anomaly so far."""
    await world.tell(*events, platform=world.authority)
    return [row["rule"] for row in await world.view("anomaly")]


async def _stands(world: World) -> list[tuple[str, str, str]]:
    rows = await world.view("identity_link")
    return [(r["platform"], r["worker"], r["person"]) for r in rows if r["ended_leaf"] is None]


async def test_pseudonyms_of_two_platforms_become_one_person_and_no_longer(
    world: World, authority: Platform
) -> None:
    first, second = _linked(authority, "w1", "p1"), _linked(authority, "x", "p1", platform="beta")
    assert await _say(world, first, second) == []
    assert await _stands(world) == [("alpha", "w1", "p1"), ("beta", "x", "p1")]
    tail = await world.leaves.tail()
    assert await _say(world, _linked(authority, "w1", "p1", un=True)) == []
    assert await _stands(world) == [("beta", "x", "p1")]
    ended = [row["ended_leaf"] for row in await world.view("identity_link")]
    assert tail is not None
    assert ended == [tail.index + 1, None]


async def test_links_that_cannot_be_are_refused_with_a_reason(
    world: World, authority: Platform
) -> None:
    rules = await _say(
        world,
        _linked(authority, "w1", "p1"),
        _linked(authority, "w1", "p1"),
        _linked(authority, "w1", "p2"),
        _linked(authority, "w2", "p1", un=True),
        _linked(authority, "w1", "p2", un=True),
        _linked(authority, "w1", "p1", platform="gamma"),
    )
    assert rules == [
        "identity-link-cycle",
        "identity-second-person",
        "identity-not-linked",
        "identity-not-linked",
        "identity-unknown-platform",
    ]
    assert await _stands(world) == [("alpha", "w1", "p1")]


def _cancel(by: Platform, event: dict[str, Any]) -> dict[str, Any]:
    return by.event("correction.cancelled", {"event": event["id"]})


def _replace(by: Platform, event: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    new = {"type": event["type"], "data": data}
    return by.event("correction.replaced", {"event": event["id"], "replacement": new})


@pytest.mark.parametrize("together", [True, False])
async def test_corrections_take_links_and_their_ends_back(
    world: World, authority: Platform, together: bool
) -> None:
    link, unlink = _linked(authority, "w1", "p1"), _linked(authority, "w1", "p1", un=True)
    other = {"platform": "alpha", "worker": "w1", "person": "p2"}
    events = [link, unlink, _cancel(authority, unlink), _replace(authority, link, other)]
    for some in [events] if together else [[one] for one in events]:
        assert await _say(world, *some) == []
    assert await _stands(world) == [("alpha", "w1", "p2")]
    assert await _say(world, _cancel(authority, link)) == []
    assert await _stands(world) == []


async def test_a_remittance_stands_until_it_is_corrected(world: World) -> None:
    accounts = await Accounts.of(world)
    fund = accounts.fund
    data = {"scheme": SCHEME, "platform": "alpha", "period": "2026-02", "amount": "12.5"}
    data |= {"currency": "MAD", "received_on": "2026-03-03"}
    paid = fund.event("remittance.received", data)
    await world.tell(
        paid, fund.event("remittance.received", data | {"platform": "nobody"}), platform=fund
    )
    await world.tell(_replace(fund, paid, data | {"amount": "13"}), platform=fund)
    rows = await world.view("remittance")
    assert [(row["amount"], row["ended_leaf"]) for row in rows] == [
        (12_500_000, rows[1]["leaf_index"]),
        (13_000_000, None),
    ]
    assert await accounts.rules() == ["remittance-unknown-platform"]
    await world.tell(_cancel(fund, paid), platform=fund)
    assert all(row["ended_leaf"] for row in await world.view("remittance"))


async def test_an_assignment_names_one_whom_it_is_about(world: World, authority: Platform) -> None:
    plain = {"scheme": SCHEME, "day_from": "2026-03-01"}
    worker = {"platform": "alpha", "worker": "w1"}
    several = [
        plain,
        plain | {"platform": "alpha"},
        plain | worker | {"person": "p1"},
        plain | worker | {"day_to": "2026-02-01"},
        plain | worker,
        plain | {"person": "p1", "day_to": "2026-03-01"},
    ]
    told = [authority.event("scheme.assigned", data) for data in several]
    assert await _say(world, *told) == [
        "scheme-assigned-to-nobody",
        "scheme-assigned-to-nobody",
        "scheme-assigned-to-nobody",
        "scheme-assigned-for-no-day",
    ]
