"""Before a policy is adopted: which months change, by how much, of how many workers."""

from collections.abc import AsyncIterator

import pytest

from deploy.cli.adopting import Preview, preview
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.processes.settings import Stores
from migrations.roles import QUERY
from policies.bundle import Bundle
from services.ledger.change import Change, FloorChange, MonthChange, differs, floor_differs
from tests.ledger.months import changed, morocco, pay
from tests.query_api.query_world import QueryWorld, approved, event
from tests.query_api.test_query_months import payment
from tests.query_api.test_query_rules import FILES, adoption
from tests.support.world import new_world

RATE = "schemes/cnss/components/family_allowances/platform_rate.yaml"
HOURLY = "minimum_wage/hourly.yaml"


@pytest.fixture
async def paid(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    """Two workers paid in November, one of them in October too, and euros without a rate."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await world.submit(
            "atlas",
            "p-1",
            [
                payment("p-1", "1000", "11-01"),
                payment("p-2", "500", "10-31"),
                payment("p-3", "200", "11-02", worker="w-b"),
                payment("p-4", "5", "11-02", worker="w-e", currency="EUR"),
            ],
        )
        yield world


def raised(since: str) -> Bundle:
    """Family allowances of 7 % from a day on."""
    value = f"""  {since}:
    value: "7.00"
    title: A test
    reference: none
"""
    return Bundle.from_files("MA", {**FILES, RATE: FILES[RATE] + value})


async def look(world: QueryWorld, after: Bundle) -> Preview:
    return await preview(Stores(world.inner.dsn(QUERY)), after, lambda text: None)


async def test_the_first_adoption_shows_what_every_month_comes_to(paid: QueryWorld) -> None:
    """27.83 % of 500, and of 1,000 and 200; euros wait."""
    found = await look(paid, morocco())
    assert found.adopted is None
    assert [
        (one.period, one.before, one.after, one.workers, one.waiting) for one in found.changes
    ] == [
        ("2026-10", 0, 139_150_000, 1, 0),
        ("2026-11", 0, 333_960_000, 3, 1),
    ]
    assert found.floors == []


async def test_a_raised_rate_changes_the_months_from_its_first_day_on(paid: QueryWorld) -> None:
    """0.60 % more of 1,000 and 200 in November: 7.20."""
    at = paid.now.isoformat()
    await paid.submit("authority", "act-2", [adoption("ma-1", FILES, at)])
    found = await look(paid, raised("2026-11-01"))
    assert found.adopted == morocco().digest
    (change,) = found.changes
    assert (change.period, change.scheme, change.currency) == ("2026-11", "cnss", "MAD")
    assert (change.after - change.before, change.workers) == (7_200_000, 2)
    assert found.floors == []
    assert (await look(paid, morocco())).changes == []


async def test_a_dearer_minimum_wage_shows_what_is_missing_to_it(paid: QueryWorld) -> None:
    """Two hours for 30: 35.84 - 30 = 5.84 missing, 6.00 at 18.00; another worker has enough."""
    at = paid.now.isoformat()
    await paid.submit("authority", "act-2", [adoption("ma-1", FILES, at)])
    work = [
        approved("t-1", "w-a", "11-01", 7200, "30", currency="MAD"),
        approved("t-2", "w-b", "11-01", 3600, "100", currency="MAD"),
    ]
    await paid.submit("atlas", "w-1", work)
    wage = FILES[HOURLY].replace('"17.92"', '"18.00"')
    found = await look(paid, Bundle.from_files("MA", {**FILES, HOURLY: wage}))
    assert found.floors == [FloorChange("2026-11", "MAD", 5_840_000, 6_000_000)]
    assert found.changes == []


async def test_assigned_workers_are_looked_at_under_their_own_scheme(paid: QueryWorld) -> None:
    at = paid.now.isoformat()
    assigned = {"scheme": "tns", "platform": "atlas", "worker": "w-b", "day_from": "2026-01-01"}
    acts = [adoption("ma-1", FILES, at), event("scheme.assigned", at, "as-1", **assigned)]
    await paid.submit("authority", "act-2", acts)
    (change,) = (await look(paid, raised("2026-11-01"))).changes
    assert (change.after - change.before, change.workers) == (6_000_000, 1)


async def test_linked_pseudonyms_are_assessed_together(paid: QueryWorld) -> None:
    """One ceiling of 6,000 for all pay of a person: of 1,000 and 8,000 long-term, short-term and
    job-loss branches (13.46 %) take 6,000 together, where each platform's own ceiling took 7,000;
    a scheme assigned to the person holds on both."""
    at = paid.now.isoformat()
    await paid.submit("basma", "b-1", [payment("b-1", "8000", "11-01", worker="k-2")])
    links = [
        event("identity.linked", at, f"link-{worker}", person="p-1", platform=name, worker=worker)
        for name, worker in (("atlas", "w-a"), ("basma", "k-2"))
    ]
    await paid.submit("authority", "act-2", [adoption("ma-1", FILES, at), *links])
    shared = changed(morocco(), schemes__cnss__ceiling__scope="per-worker")
    (november,) = (await look(paid, shared)).changes
    assert november.period == "2026-11"
    assert november.after - november.before == -134_600_000
    assert november.workers == 1
    act = event("scheme.assigned", at, "as-1", scheme="tns", person="p-1", day_from="2026-01-01")
    await paid.submit("authority", "act-3", [act])
    assert [one.scheme for one in (await look(paid, shared)).changes] == []


def test_only_months_whose_values_differ_are_worked_out() -> None:
    later = raised("2026-11-01")
    assert not differs(morocco(), later, "2026-10")
    assert differs(morocco(), later, "2026-11")
    assert differs(morocco(), changed(morocco(), exchange_rate__max_age_days="9"), "2026-10")
    wage = FILES[HOURLY].replace('"17.92"', '"18.00"')
    dearer = Bundle.from_files("MA", {**FILES, HOURLY: wage})
    assert floor_differs(morocco(), dearer, "2026-01")
    assert not floor_differs(morocco(), dearer, "2025-12")
    # The flat income of the non-salaried follows the minimum wage.
    assert differs(morocco(), dearer, "2026-01")


def test_a_share_that_moves_from_platform_to_worker_is_a_change() -> None:
    """The fund is owed the same, and the worker more."""
    files = dict(FILES)
    for payer, rate in (("platform", "2.20"), ("worker", "2.32")):
        path = f"schemes/cnss/components/amo/{payer}_rate.yaml"
        files[path] = files[path].replace('"2.26"', f'"{rate}"')
    month = MonthChange(morocco(), Bundle.from_files("MA", files), "2026-10", lambda *_: {})
    month.add([pay("1000")], [])
    assert month.changes() == [Change("2026-10", "cnss", "MAD", 278_300_000, 278_300_000, 1, 0)]
