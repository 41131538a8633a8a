"""Links lead somewhere, and nothing of the machine that wrote the pages is in them."""

import re
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
#: Hosts that a page may name: reserved names (RFC 2606) and loopback.
_HOSTS = re.compile(r"(?:.*\.)?(?:example|example\.com|localhost)|127\.0\.0\.1")


def _anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    broken = []
    for target in _LINK.findall(PAGES[page]):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in _anchors(file.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_index() -> None:
    index = {(DOCS / t.partition("#")[0]).resolve() for t in _LINK.findall(PAGES["docs/index.md"])}
    missing = [page for page in PAGES if page != "docs/index.md" and ROOT / page not in index]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_only_hosts_that_belong_to_nobody(page: str) -> None:
    hosts = [
        urlsplit(url).hostname or "" for url in re.findall(r"https?://[^\s\"'`)>]+", PAGES[page])
    ]
    assert [host for host in hosts if not _HOSTS.fullmatch(host)] == []


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_no_path_of_the_machine_that_wrote_them(page: str) -> None:
    assert re.findall(r"(?:/work|/home|/root|/tmp|/Users)/\S*", PAGES[page]) == []
