"""What the page on moving quotes is what the code says, and its table is the file's format."""

import re

from services.transfer.format import EndLine, HeadLine, IntakeLine, LeafLine
from tests.docs.pages import ROOT, coded, table_rows

PAGE = "docs/moving.md"
_CODE = ("services/transfer", "events/log/kafka")


def test_what_it_says_is_what_an_import_says() -> None:
    code = " ".join(
        path.read_text("utf-8") for folder in _CODE for path in (ROOT / folder).rglob("*.py")
    )
    # Texts are broken over lines in the code, each part in quotation marks of its own.
    spoken = re.sub(r'"\s+f?"', "", code)
    rows = table_rows(PAGE)
    start = next(at for at, row in enumerate(rows) if row[0] == "it says") + 1
    quoted = [text for row in rows[start:] if len(row) == 3 for text in coded(row[0])]
    said = [text for text in quoted if " " in text]
    assert len(said) > 5
    assert [text for text in said if text not in spoken] == []


def test_its_table_has_every_member_of_every_line() -> None:
    members = {row[0].strip("`"): coded(row[-1]) for row in table_rows(PAGE)}
    for line in (HeadLine, LeafLine, IntakeLine, EndLine):
        assert members[str(line.__struct_config__.tag)] == list(line.__struct_fields__)
