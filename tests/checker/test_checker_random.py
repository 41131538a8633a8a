"""Random logs, cut into random submissions and folds: the views and the refold agree."""

import random
from typing import Any

import pytest
from checker_world import World, event

from services.checker.report import render

_KINDS = (
    "task.completed",
    "task.approved",
    "task.returned",
    "task.expired",
    "task.aborted",
    "rejection.issued",
    "rejection.withdrawn",
    "time.reported",
    "payment.made",
    "payment.reversed",
    "contract.published",
    "review.given",
)


class Platform:
    """Makes events of a small world, so that keys meet and ids are used again."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)
        self.said: list[dict[str, Any]] = []

    def maybe(self, **fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if self.pick.random() < 0.6}

    def moment(self) -> str:
        pick = self.pick
        offset = pick.choice(["Z", "+01:00", "-11:30"])
        day, hour, minute = pick.randint(14, 22), pick.randrange(24), pick.choice([0, 29, 30, 59])
        return f"2026-02-{day}T{hour:02}:{minute:02}:59.999999{offset}"

    def money(self) -> dict[str, str]:
        amount = self.pick.choice(["0", "0.000001", "1000000000", "12.5", "007.10"])
        return {"amount": amount, "currency": self.pick.choice(["MAD", "USD"])}

    def data(self, kind: str) -> dict[str, Any]:
        pick = self.pick
        worker = pick.choice(["w1", "w2", "w3"])
        about = {"worker": worker, **self.maybe(residence=pick.choice(["MA", "FR-75"]))}
        about |= {"sandbox": pick.choice([True, False, None])} if pick.random() < 0.3 else {}
        if kind == "contract.published":
            return {"contract": pick.choice("cd"), **self.maybe(unit_pay=self.money(), title="T")}
        if kind == "review.given":
            return {"worker": worker, "client": "k", **self.maybe(pay=3, task="t")}
        if kind == "time.reported":
            spent = {"day": f"2026-02-0{pick.randint(1, 9)}", "seconds": pick.randrange(9)}
            return {**about, **spent, "kind": pick.choice(["search", "qualification", "waiting"])}
        if kind.startswith("payment"):
            paid = self.maybe(fee="0.1", taxes="0.2", net="1", paid_at=self.moment(), rail="bank")
            return {**about, "gross": self.money()["amount"], "currency": "MAD", **paid}
        return {**about, "task": pick.choice("tuv"), **self.of_work(kind)}

    def of_work(self, kind: str) -> dict[str, Any]:
        pick = self.pick
        made = self.maybe(
            contract="c",
            task_group=pick.choice(["surveys", "ai-training"]),
            submitted=self.moment(),
            seconds=pick.randrange(10**6),
        )
        if kind == "task.approved" and pick.random() < 0.7:
            made |= self.money()
        if kind.startswith("rejection"):
            made |= self.maybe(
                pay_refused=pick.choice([True, True, False]),
                taken_back=self.money(),
                reason_code=pick.choice(["late", "bad"]),
                decided_by=pick.choice(["human", "model"]),
            )
        return made

    def next(self) -> dict[str, Any]:
        """An event: new, sent again, sent again otherwise, or a correction of an earlier one."""
        chance, pick = self.pick.random(), self.pick
        if self.said and chance < 0.1:
            return pick.choice(self.said)
        if self.said and chance < 0.15:
            return {**pick.choice(self.said), "note": 1}
        made = self.correction() if self.said and chance < 0.4 else self.fresh()
        self.said.append(made)
        return made

    def fresh(self) -> dict[str, Any]:
        kind = self.pick.choice(_KINDS)
        return event(kind, self.data(kind), time=self.moment())

    def correction(self) -> dict[str, Any]:
        target = self.pick.choice(self.said)
        kind = target["type"].removesuffix(".v1")
        data: dict[str, Any] = {"event": target["id"], **self.maybe(reason_code="typo")}
        if kind.startswith("correction") or self.pick.random() < 0.4:
            return event("correction.cancelled", data, time=self.moment())
        data["replacement"] = {"type": target["type"], "data": self.data(kind)}
        return event("correction.replaced", data, time=self.moment())


@pytest.mark.parametrize("seed", range(3))
async def test_random_logs_agree(world: World, seed: int) -> None:
    await world.establish("alpha", "beta")
    platforms = {"alpha": Platform(2 * seed), "beta": Platform(2 * seed + 1)}
    pick = random.Random(seed)
    for _ in range(30):
        name = pick.choice(["alpha", "beta"])
        await world.send(name, *[platforms[name].next() for _ in range(pick.randint(1, 40))])
        if pick.random() < 0.5:
            await world.sequence()
        if pick.random() < 0.3:
            await world.fold()
        world.pass_days(pick.choice([0, 0, 1]))
    await world.settle()
    report = await world.check(first_only=True)
    assert report.clean, render(report)
    assert report.leaves == 32
