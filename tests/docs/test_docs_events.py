"""Every event on the pages is one that the door accepts as it stands there."""

import json
import re
from datetime import UTC, datetime

import pytest

from events.submission import Speaker, read_submission
from events.vocabulary import CORRECTIONS, PLATFORM_EVENTS, EmitterKind, type_of
from services.ingest.app import _STATUS
from tests.docs.pages import PAGES, Block, all_blocks

PAGE = "docs/platforms/events.md"
#: Any moment after the examples will do.
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_EXAMPLES = [block for block in all_blocks() if block.mark == "event"]
_TYPES = [type_of(event) for event in (*PLATFORM_EVENTS, *CORRECTIONS)]


@pytest.mark.parametrize("block", _EXAMPLES, ids=str)
def test_an_example_is_accepted(block: Block) -> None:
    body = json.dumps([json.loads(block.text)]).encode()
    assert read_submission(body, Speaker("atlas-tasks", EmitterKind.PLATFORM), NOW)


def test_the_page_as_one_submission_uses_no_id_twice() -> None:
    ids = [json.loads(block.text)["id"] for block in _EXAMPLES]
    assert len(set(ids)) == len(ids)


def test_every_type_has_a_heading_a_table_and_an_example() -> None:
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", PAGES[PAGE], re.M | re.S))
    assert set(sections) == set(_TYPES)
    lacking = [
        name
        for name, text in sections.items()
        if f"<!-- generated: fields {name} -->" not in text or f'"type": "{name}"' not in text
    ]
    assert lacking == []


def test_every_json_block_is_json() -> None:
    for block in all_blocks():
        if block.language == "json":
            assert json.loads(block.text), block


def test_the_statuses_of_the_quickstart_are_those_of_the_door() -> None:
    page = PAGES["docs/platforms/quickstart.md"]
    assert {409, 422, 401, 403} <= set(_STATUS.values())
    assert all(str(status) in page for status in (200, 201, 202, 409, 422, 429, 503))
