"""The page of sources names every standard and every figure of law that the code relies on."""

import re

import yaml

from policies import country_folder
from tests.docs.pages import PAGES, ROOT

PAGE = PAGES["docs/sources.md"]
_CODE = ("events", "policies", "services", "migrations", "deploy", "client/sijill_client")


def test_every_standard_that_the_code_cites_is_listed() -> None:
    texts = [path.read_text("utf-8") for one in _CODE for path in (ROOT / one).rglob("*.py")]
    cited = {name for text in texts for name in re.findall(r"\b(?:RFC|ISO) \d{4,5}\b", text)}
    assert cited
    assert sorted(name for name in cited if name not in PAGE) == []


def test_every_minimum_wage_is_listed_with_its_value() -> None:
    file = country_folder("ma") / "minimum_wage" / "hourly.yaml"
    values = yaml.safe_load(file.read_text("utf-8"))["values"]
    known = {str(one["value"]) for one in values.values() if one["value"] is not None}
    assert len(known) > 5
    assert sorted(value for value in known if f"SMIG {value}" not in PAGE) == []
