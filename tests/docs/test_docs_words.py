"""Plain pages: a purpose on top, words in order, lines that fit."""

import pytest

from tests.docs.pages import PAGES, table_rows


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_its_title_and_says_whom_it_is_for(page: str) -> None:
    title, blank, purpose, *_ = PAGES[page].splitlines()
    assert title.startswith("# ")
    assert not blank
    assert page == "docs/index.md" or purpose.startswith("For ")


def test_the_glossary_is_in_order_and_has_each_word_once() -> None:
    words = [row[0] for row in table_rows("docs/glossary.md")][1:]
    assert words == sorted(set(words))
