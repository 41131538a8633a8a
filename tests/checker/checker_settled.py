"""A small log that most tests of tampering begin with: seven leaves, folded."""

from checker_world import World, event, work


async def fill(world: World) -> None:
    """Work, a payment, its conflict, a repeat that gets no leaf, an event id used twice."""
    await world.establish("alpha")
    approved = work(seconds=60, amount="1.5", currency="MAD", submitted="2026-03-01T10:00:00Z")
    done = event("task.completed", work(seconds=60), id="done")
    await world.send("alpha", done, event("task.approved", approved), submission="work")
    pay = {"worker": "w1", "gross": "2", "currency": "MAD"}
    await world.send("alpha", event("payment.made", pay), submission="pay")
    await world.sequence()
    await world.send("alpha", event("payment.made", pay), submission="pay")
    day = await world.send("alpha", event("day.nil", {"day": "2026-01-01"}), submission="day")
    await world.sequence()
    other = event("task.completed", work(seconds=61), id="done")
    await world.intake.append(day, anyway=True)
    await world.send("alpha", other, event("contract.withdrawn", {"contract": "c"}))
    await world.sequence()
    await world.settle()
