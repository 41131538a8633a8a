"""The page for officials shows a file that is accepted, and states every limit and word."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from policies import bundle, country_folder
from policies.bundle import Bundle
from policies.loader import read_folder
from policies.parameter import Kind, Mark

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")


def test_the_example_on_the_page_is_a_valid_rule() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    shown = Bundle.from_files("MA", {"minimum_wage/hourly.yaml": example})
    assert shown.at("minimum_wage.hourly", date(2026, 1, 1)).value == Decimal("17.92")


def test_the_page_names_every_file_word_and_limit() -> None:
    words = [f"`{word}`" for word in (*Kind, *Mark, *read_folder(country_folder("ma")))]
    limits = [
        f"{bundle.FILES_MAX} files",
        f"{bundle.FILE_BYTES_MAX // 1024} KiB a file",
        f"{bundle.BUNDLE_BYTES_MAX // 1024} KiB together",
    ]
    assert [word for word in (*words, *limits) if word not in PAGE] == []
