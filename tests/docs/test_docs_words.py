"""Plain pages: a purpose on top, words in order, lines that fit."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, table_rows

FLOORS = ("events", "services", "deploy", "migrations", "policies", "tests")
CODE = {".py", ".sql"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_its_title_and_says_whom_it_is_for(page: str) -> None:
    title, blank, purpose, *_ = PAGES[page].splitlines()
    assert title.startswith("# ")
    assert not blank
    assert page == "docs/index.md" or purpose.startswith("For ")


def test_the_glossary_is_in_order_and_has_each_word_once() -> None:
    words = [row[0] for row in table_rows("docs/glossary.md")][1:]
    assert words == sorted(set(words))


def test_every_rule_that_the_code_cites_is_stated() -> None:
    stated = set(re.findall(r"^## (\d+)\.", PAGES["docs/rules.md"], re.MULTILINE))
    section = ""
    for line in PAGES["docs/rules.md"].splitlines():
        if heading := re.match(r"## (\d+)\.", line):
            section = heading[1]
        elif rule := re.match(r"(\d+)\. ", line):
            stated.add(f"{section}.{rule[1]}")

    code = [path for floor in FLOORS for path in (ROOT / floor).rglob("*") if path.suffix in CODE]
    cited = {
        rule for path in code for rule in re.findall(r"RULES (\d(?:\.\d+)?)", path.read_text())
    }

    assert len(cited) > 15
    assert cited <= stated
