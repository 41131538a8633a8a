"""The pages on formats and mappings name everything that the importers know."""

import re

from sijill_client.importers.detect import NAMES
from sijill_client.importers.formats import FORMATS
from sijill_client.importers.mapping import MEANINGS, ROLES
from sijill_client.importers.table import plain_word

from tests.docs.pages import coded, table_rows

_FORMATS, _MAPPING = "docs/platforms/formats.md", "docs/platforms/mapping.md"


def test_every_format_is_told_with_the_columns_that_it_needs() -> None:
    told = {
        coded(row[0])[0]: coded(row[2])
        for row in table_rows(_FORMATS)
        if len(row) == 3 and coded(row[0])
    }
    del told["--format"]
    assert set(told) == set(NAMES) - {"auto"}
    for name, form in FORMATS.items():
        assert told[name] == [form.columns[role][0] for role in form.required]


def test_every_status_is_told_with_its_events() -> None:
    rows = [row for row in table_rows(_FORMATS) if re.search(r"task\.|nothing yet", row[1])]
    told = {plain_word(word) for row in rows for word in coded(row[0])}
    known = {word for form in FORMATS.values() for word in form.statuses}
    assert told - {"none"} == known


def test_every_name_that_a_mapping_can_use_is_told() -> None:
    first = [word for row in table_rows(_MAPPING) for word in coded(row[0])]
    assert set(ROLES) <= set(first)
    assert set(MEANINGS) <= set(first)
