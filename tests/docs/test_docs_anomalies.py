"""Every anomaly on its page is provoked by what stands there, and mended by what stands below."""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from sijill_client.documents import Report
from sijill_client.emitter import Emitter
from sijill_client.keys import PlatformKey

from events.jose import PrivateKey
from services.projections.anomalies import RULES
from tests.docs.pages import PAGES, blocks
from tests.docs.running import answering
from tests.support.plain import PLAIN
from tests.support.world import Platform, World

PAGE = "docs/platforms/anomalies.md"
#: Rules about what only an authority or a fund says, or about acts that cannot be corrected.
_OF_ACTS = {"correction-not-allowed", "act-without-effect", "rate-published-twice"} | {
    rule
    for rule in RULES
    if rule.startswith(("ledger-", "policy-", "period-", "identity-", "remittance-", "scheme-"))
}
#: Worked out when a report is read: mending makes them disappear.
_OF_TASKS = {"work-without-contract", "task-events-disagree", "task-event-twice"}


@dataclass
class Example:
    """A rule, the events that provoke it, and those that mend it."""

    rule: str
    provokes: list[dict[str, Any]]
    mends: list[dict[str, Any]]


def examples() -> Iterator[Example]:
    found: Example | None = None
    for block in blocks(PAGE):
        if block.mark.startswith("provokes "):
            if found:
                yield found
            found = Example(block.mark.removeprefix("provokes "), json.loads(block.text), [])
        elif block.mark == "mends":
            assert found is not None
            found.mends = json.loads(block.text)
    if found:
        yield found


def test_every_rule_that_a_platform_can_meet_has_its_heading_and_example() -> None:
    headings = re.findall(r"^### (\S+)$", PAGES[PAGE], re.MULTILINE)
    assert headings == [one.rule for one in examples()]
    assert set(headings) == set(RULES) - _OF_ACTS


async def test_an_example_provokes_its_rule_alone_and_what_follows_mends_it(world: World) -> None:
    atlas = Platform("atlas-tasks", PrivateKey.generate())
    await world.register(atlas)
    key = PlatformKey(atlas.emitter, atlas.key.kid, world.identity, atlas.key.raw)
    async with answering(world) as address:
        await asyncio.to_thread(_try_all, key, address)


def _try_all(key: PlatformKey, address: str) -> None:
    with httpx.Client(timeout=60, verify=PLAIN) as client:
        emitter = Emitter(key, address, client)
        (terms,) = [
            one.mends[0]["data"] for one in examples() if one.rule == "contract-term-missing"
        ]
        published = {
            "id": "c-1",
            "type": "contract.published.v1",
            "data": terms | {"contract": "c-1"},
        }
        _said(emitter, [published | {"time": "2026-03-01T08:00:00+01:00"}])
        for one in examples():
            before, report = _said(emitter, one.provokes)
            assert {found.rule for found in report.anomalies} == {one.rule}
            if one.mends:
                _, mended = _said(emitter, one.mends)
                assert mended.code == 0, (one.rule, mended)
            if one.rule in _OF_TASKS:
                assert _report(emitter, before).anomalies == []


def _said(emitter: Emitter, events: Sequence[dict[str, Any]]) -> tuple[str, Report]:
    result = emitter.submit(events)
    assert result.state == "accepted", result.problem
    return result.submission, _report(emitter, result.submission)


def _report(emitter: Emitter, submission: str) -> Report:
    report = emitter.report(submission)
    assert isinstance(report, Report)
    return report
