"""Numbers that parsers quarrel about, in fields that the registry keeps and ignores."""

import pytest

from services.checker.check import check
from tests.support.world import World

ODD = ["1e999", "-1e999", "1e-999", "9" * 5_000, "-" + "9" * 400, "0.1e1"]


@pytest.mark.parametrize("number", ODD, ids=lambda text: text[:8])
async def test_an_odd_number_in_an_ignored_field_makes_no_difference(
    world: World, number: str
) -> None:
    def body(first: str) -> bytes:
        event = (
            '{"specversion":"1.0","id":"n1","source":"/emitters/alpha","type":"day.nil.v1",'
            f'"time":"2026-03-04T10:00:00Z","data":{{"day":"2026-03-03"}},{first}}}'
        )
        return f"[{event}]".encode()

    # The same content in another order of keys is a repeat, whatever the number.
    for name, text in {
        "a": body(f'"x":{number},"y":1'),
        "b": body(f'"y":1,"x":{number}'),
    }.items():
        await world.door.refresh_keys(older_than=0)
        await world.door.submit(world.alpha.sign(text, name), text, wait=0)
        await world.sequence()
        await world.fold()

    report = await check(world.dsn())

    assert report.findings == ()
    assert await world.view("anomaly") == []
