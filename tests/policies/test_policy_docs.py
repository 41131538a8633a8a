"""The page for officials shows a file that is accepted, and states every limit and word."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from policies import bundle, country_folder
from policies.bundle import Bundle
from policies.loader import read_folder
from policies.parameter import Kind, Mark
from policies.schemes import scheme_codes, scheme_on

MOROCCO = Bundle.from_files("MA", read_folder(country_folder("ma")))
PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")


def test_the_example_on_the_page_is_a_valid_rule() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    shown = Bundle.from_files("MA", {"minimum_wage/hourly.yaml": example})
    assert shown.at("minimum_wage.hourly", date(2026, 1, 1)).value == Decimal("17.92")


def named(path: str) -> str:
    """A file as the page names it: those of all schemes, and of all they collect, are alike."""
    return re.sub("(?<=components/)[a-z_]+|(?<=schemes/)[a-z_]+", "*", path)


def test_the_page_names_every_file_word_and_limit() -> None:
    files = {named(path) for path in MOROCCO.files}
    words = [f"`{word}`" for word in (*Kind, *Mark, *sorted(files))]
    limits = [
        f"{bundle.FILES_MAX} files",
        f"{bundle.FILE_BYTES_MAX // 1024} KiB a file",
        f"{bundle.BUNDLE_BYTES_MAX // 1024} KiB together",
    ]
    assert [word for word in (*words, *limits) if word not in PAGE] == []


def test_the_page_shows_every_scheme_with_its_rates_of_today() -> None:
    for code in scheme_codes(MOROCCO):
        scheme = scheme_on(MOROCCO, code, date(2026, 11, 1))
        assert scheme is not None
        assert f"`{code}`" in PAGE
        for one in scheme.components:
            rates = [
                "not known" if rate.stated.value is None else f"{rate.stated.value} %"
                for rate in (one.platform_rate, one.worker_rate)
            ]
            line = next(line for line in PAGE.splitlines() if f"`{code}` `{one.code}`" in line)
            assert scheme.kind.stated.value == "band" or all(rate in line for rate in rates), line
