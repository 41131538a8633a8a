"""A person on two platforms whose months are assessed together, and what was posted for her."""

from typing import Any

import msgspec

from events.jose import PrivateKey
from events.money import from_micros
from policies.bundle import Bundle
from services.ledger.assessment import Assessment
from services.ledger.difference import Movement, difference
from tests.ledger.months import changed, morocco
from tests.query_api.query_world import Json, QueryWorld, event
from tests.query_api.test_query_rules import adoption
from tests.support.world import Platform

#: One ceiling for all pay of a person.
SHARED = changed(morocco(), schemes__cnss__ceiling__scope="per-worker")
ATLAS, BASMA = ("atlas", "w-a"), ("basma", "k-2")


def paid(id_: str, worker: str, gross: str, day: str = "11-01", **more: Any) -> Json:
    data = {"worker": worker, "gross": gross, "currency": "MAD", "residence": "MA", **more}
    return event("payment.made", f"2026-{day}T09:00:00+01:00", id_, **data)


def link(id_: str, at: str, cell: tuple[str, str], person: str = "p-1") -> Json:
    return event("identity.linked", at, id_, platform=cell[0], worker=cell[1], person=person)


def unlink(id_: str, at: str, cell: tuple[str, str], person: str = "p-1") -> Json:
    return event("identity.unlinked", at, id_, platform=cell[0], worker=cell[1], person=person)


async def tell_person(world: QueryWorld, bundle: Bundle = SHARED) -> None:
    """4,000 from atlas and 8,000 from basma in November; no link yet (position 5)."""
    at = world.now.isoformat()
    world.speakers["other"] = Platform("other", PrivateKey.generate())
    key = msgspec.to_builtins(world.speakers["other"].key.jwk)
    other = event(
        "fund.registered", at, "reg-other", emitter="other", name="Other", schemes=["rcar"], key=key
    )
    await world.submit("authority", "act-p", [other, adoption("ma", dict(bundle.files), at)])
    await world.inner.door.refresh_keys(older_than=0)
    await world.submit("atlas", "pa", [paid("pa", "w-a", "4000", contribution_withheld="90")])
    await world.submit("basma", "pb", [paid("pb", "k-2", "8000")])


async def tell_links(world: QueryWorld) -> None:
    """Both pseudonyms are one person."""
    at = world.now.isoformat()
    acts = [link("link-a", at, ATLAS), link("link-b", at, BASMA)]
    await world.submit("authority", "act-links", acts)


def posting(id_: str, month: Assessment, after: int, basis: int, **more: Any) -> Json:
    """What a month comes to, as the registry posts it for the first time."""
    lines = difference(month, {})
    data = {"scheme": month.scheme, "period": month.period, "after": after, "basis": basis}
    said = data | {"policy": month.policy, "lines": [_line(one) for one in lines]} | more
    return event("ledger.posted", "2026-11-02T12:00:00Z", id_, **said)


def _line(line: Movement) -> Json:
    side, amount = ("debit", line.debit) if line.debit else ("credit", line.credit)
    owner = {"platform": line.platform, "worker": line.worker, "currency": line.currency}
    return {"account": line.account, side: from_micros(amount), "branch": line.branch, **owner}
