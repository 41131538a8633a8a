"""The pages of the documentation, cut into what tests look at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: Every page by its path below the root.
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in sorted(DOCS.rglob("*.md"))
}
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `mark` follows the language: `run`, `output`, `event` or `file=NAME`."""

    page: str
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page in order."""
    text = PAGES[page]
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, found[1], found[2] or "", found[3])


def all_blocks() -> list[Block]:
    """The fenced blocks of all pages."""
    return [block for page in PAGES for block in blocks(page)]


def table_rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page, heads and rules left out."""
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in PAGES[page].splitlines()
        if line.startswith("|")
    ]
    return [row for row in rows if row and not set("".join(row)) <= set("-: ")]


def coded(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
