"""A registry with a fund, a policy and postings: short ways to tell it what was posted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from events.jose import PrivateKey
from policies.bundle import digest
from policies.loader import read_folder
from tests.support.world import Platform, World

Event = dict[str, Any]
SCHEME = "cnss"
FILES = dict(read_folder(Path(__file__).parents[2] / "policies" / "ma"))
POLICY = digest(FILES)


def line(account: str, amount: str, currency: str = "MAD", **more: Any) -> Event:
    """One side: an amount with a minus sign is a credit."""
    side = "credit" if amount.startswith("-") else "debit"
    return {"account": account, "currency": currency, side: amount.lstrip("-"), **more}


def due(amount: str, worker: str = "w1") -> list[Event]:
    """Two balanced lines of a worker."""
    owner = {"platform": "alpha", "worker": worker, "branch": "af"}
    return [
        line("fund.receivable", amount, **owner),
        line("platform.payable", f"-{amount}", **owner),
    ]


@dataclass
class Accounts:
    """Postings of one scheme, each after the last unless it says otherwise."""

    world: World
    fund: Platform
    registry: Platform
    after: int = 0

    @classmethod
    async def of(cls, world: World) -> "Accounts":
        """Register the fund and adopt a policy."""
        fund = Platform("fund", PrivateKey.generate())
        await world.register(fund, "fund", schemes=[SCHEME])
        adopted = {"country": "MA", "digest": POLICY, "files": FILES}
        await world.act("policy.adopted", adopted)
        await world.fold()
        return cls(world, fund, Platform("registry", world.registry_key))

    def posting(self, lines: list[Event] | None = None, **more: Any) -> Event:
        """A posting that follows the one before."""
        lines = due("10") if lines is None else lines
        data = {"scheme": SCHEME, "period": "2026-03", "after": self.after, "basis": 3}
        data |= {"policy": POLICY, "lines": lines} | more
        self.after = data["after"] + len(lines)
        return self.registry.event("ledger.posted", data)

    async def post(self, *postings: Event) -> None:
        """Through the log into the views."""
        await self.world.tell(*postings, platform=self.registry)

    async def rules(self) -> list[str]:
        """What was wrong, in order."""
        return [row["rule"] for row in await self.world.view("anomaly")]

    async def entries(self) -> list[Event]:
        """All entries of the scheme by number."""
        rows = await self.world.view("entry")
        return [row for row in rows if row["scheme"] == SCHEME]
