"""What the docs took from the code is what the code says today."""

import json
from pathlib import Path

import pytest

from deploy.describing import BLOCKS, COMMAND, filled, generated
from tests.docs.pages import DOCS, PAGES, ROOT


def test_generated_files_are_current() -> None:
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in generated(DOCS).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert stale == [], f"run `{COMMAND}` and commit what it writes"


def test_no_schema_is_left_over() -> None:
    made = {path for path in generated(DOCS) if path.parent.name == "schemas"}
    assert set((DOCS / "schemas").iterdir()) == made


def test_every_generated_table_is_shown_somewhere() -> None:
    shown = "\n".join(PAGES.values())
    assert [name for name in BLOCKS if f"<!-- generated: {name}" not in shown] == []


def test_a_stale_block_is_made_anew_and_the_words_around_it_are_kept() -> None:
    page = "Before.\n<!-- generated: fields day.nil.v1 -->\nold\n<!-- end -->\nAfter.\n"
    made = filled(page)
    assert made.startswith("Before.\n")
    assert made.endswith("\nAfter.\n")
    assert "| `day` | required | day |" in made
    assert "old" not in made


def test_an_unknown_block_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled("<!-- generated: nothing -->\n<!-- end -->\n")


def _patterns(schema: object) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
        return own + [found for value in schema.values() for found in _patterns(value)]
    if isinstance(schema, list):
        return [found for value in schema for found in _patterns(value)]
    return []


@pytest.mark.parametrize("name", ["schemas/events.json", "openapi.json"])
def test_patterns_are_those_of_json_schema_and_not_of_python(name: str) -> None:
    found = _patterns(json.loads(Path(DOCS / name).read_text("utf-8")))
    assert found
    assert [pattern for pattern in found if "\\Z" in pattern] == []
