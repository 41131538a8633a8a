"""A bundle is refused as a whole with every fault named, and is known by one digest."""

import hashlib
import re
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.bundle import BUNDLE_BYTES_MAX, FILE_BYTES_MAX, FILES_MAX, Bundle
from policies.faults import PolicyError

HOURLY = "minimum_wage/hourly.yaml"
HEAD = """\
description: a wage
metadata: {type: decimal, unit: currency/hour, currency: MAD}
values:
"""
ENTRY = "title: a law, reference: a gazette"
GOOD = f'{HEAD}  2020-01-01: {{value: "1.50", {ENTRY}}}\n'


def faults_of(text: str, path: str = HOURLY) -> str:
    with pytest.raises(PolicyError) as caught:
        Bundle.from_files("MA", {path: text})
    return str(caught.value)


def entry(value: str, rest: str = ENTRY, day: str = "2020-01-01") -> str:
    return f"{HEAD}  {day}: {{value: {value}, {rest}}}\n"


def test_a_float_is_refused_with_file_line_key_and_remedy() -> None:
    said = faults_of(entry("13.46"))
    assert said.startswith(f"{HOURLY}, line 4, values.2020-01-01.value: 13.46 (YAML float)")
    assert 'in quotes, like "13.46"' in said


@pytest.mark.parametrize(
    "value",
    [
        "17",
        "true",
        "abc",
        '"1,5"',
        '"-1"',
        '".5"',
        '"1."',
        '"1e3"',
        '"NaN"',
        '" 1"',
        '"1_0"',
        '"٣"',
        '"1\\n"',
        '"01"',
        '"1234567890"',
        "[]",
        "{}",
        "1:30",
        "0x1F",
    ],
)
def test_a_decimal_has_one_way_to_be_written(value: str) -> None:
    assert "a decimal is written with a point and in quotes" in faults_of(entry(value))


@pytest.mark.parametrize("value", ['"7"', "7.0", "-7", "0o7", "07", "1_000", "yes", "0x7"])
def test_an_integer_has_one_way_to_be_written(value: str) -> None:
    text = entry(value).replace("type: decimal", "type: integer")
    assert "an integer is written in digits" in faults_of(text, "other.yaml")


def test_a_code_that_yaml_reads_as_something_else_is_refused() -> None:
    text = entry("no").replace("type: decimal", "type: code")
    assert "no (YAML bool) is refused" in faults_of(text, "other.yaml")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (entry('"1"', "title: a law"), "values.2020-01-01.reference: is missing"),
        (entry('"1"', "reference: a gazette"), "values.2020-01-01.title: is missing"),
        (entry('"1"', 'title: "  ", reference: x'), "values.2020-01-01.title: text has"),
        (entry('"1"', "title: 2015, reference: x"), "title: not text; put it in quotes"),
        (entry('"1"', 'title: "a\\0b", reference: x'), "title: text has 1 to"),
        (entry('"1"', f"{ENTRY}, until: x"), "values.2020-01-01.until: unknown key"),
        (entry('"1"', f"{ENTRY}, mark: sure"), "mark: must be one of verified"),
        (entry("null"), "values.2020-01-01.value: no value is given; say why in a note"),
        (entry(""), "values.2020-01-01.value: no value is given; say why in a note"),
        (HEAD + f"  2020-01-01: {{{ENTRY}}}\n", "values.2020-01-01.value: is missing"),
        (HEAD + '  2020-01-01: "1.50"\n', "values.2020-01-01: must be keys with values"),
        (HEAD, "values: must be keys with values"),
        (HEAD.replace("values:", "values: {}"), "at least one dated value"),
        (GOOD + "extra: 1\n", "line 5, extra: unknown key"),
        (GOOD + "description: again\n", "line 5, description: stands twice"),
        (GOOD.replace("unit: currency/hour, ", ""), "metadata.unit: is missing"),
        (GOOD.replace("type: decimal", "type: float"), "metadata.type: must be one of decimal"),
        (GOOD.replace("MAD", "dirham"), "metadata.currency: not an ISO 4217 code"),
        ("", "the file is empty"),
        ("- a\n", "must be keys with values"),
        ("a: [\n", "not YAML"),
        (GOOD + "---\n" + GOOD, "not YAML"),
        (GOOD + "? [a]\n: b\n", "a key must be one word or day"),
        (GOOD + "a: \x00", "a character that YAML does not allow"),
        (GOOD + "a: \ud800", "a character that YAML does not allow"),
        (GOOD + 'a: "\\UFFFFFFFF"', "a character that YAML does not allow"),
    ],
)
def test_a_form_fault_is_named(text: str, fault: str) -> None:
    assert fault in faults_of(text)


@pytest.mark.parametrize(
    "day", ["2020-02-30", "2020", "2020-1-1", "20200101", "today", "２０２０-01-01"]
)
def test_a_day_that_is_none_is_refused(day: str) -> None:
    assert "not a day; write it like 2015-07-01" in faults_of(entry('"1"', day=day))


@pytest.mark.parametrize("second", ["2020-01-01", "2019-12-31", '"2020-01-01"'])
def test_days_must_strictly_increase(second: str) -> None:
    said = faults_of(f'{GOOD}  {second}: {{value: "2", {ENTRY}}}\n')
    assert "line 5" in said
    assert "stands twice" in said or "stands after 2020-01-01" in said


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (GOOD.replace('"1.50"', '&one "1.50"'), "an anchor"),
        (GOOD + "more: *one\n", "the alias *one"),
        (GOOD.replace('"1.50"', '!!float "1.50"'), "a tag"),
        (GOOD.replace('"1.50"', "! 1.50"), "a tag"),
        ("!!python/object/apply:os.getcwd []\n", "a tag"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "the alias *b"),
        (GOOD + "<<: {a: b}\n", "<<: unknown key"),
    ],
)
def test_yaml_that_does_more_than_state_data_is_refused(text: str, device: str) -> None:
    assert device in faults_of(text)


def test_depth_is_refused_before_a_tree_is_built() -> None:
    assert "nested deeper than" in faults_of("a: " + "[" * 60_000)


def test_all_faults_of_all_files_are_listed_at_once() -> None:
    files = {"a.yaml": entry("1.5") + "b: 1\n", "c.yaml": "", "good.yaml": GOOD}
    with pytest.raises(PolicyError) as caught:
        Bundle.from_files("MA", files)
    assert [(fault.file, fault.line, fault.key) for fault in caught.value.faults] == [
        ("a.yaml", 5, "b"),
        ("a.yaml", 4, "values.2020-01-01.value"),
        ("c.yaml", None, ""),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "../a.yaml",
        "/a.yaml",
        "a/../b.yaml",
        "./a.yaml",
        "a//b.yaml",
        "a\\b.yaml",
        "A.yaml",
        "a.yml",
        ".yaml",
        "a.b.yaml",
        "a.yaml\n",
        "a\0.yaml",
        "a/.yaml",
        "",
        "a" * 200 + ".yaml",
    ],
)
def test_a_path_that_is_not_a_plain_name_is_refused(path: str) -> None:
    assert "not a policy path" in faults_of(GOOD, path)


def test_sizes_are_limited() -> None:
    assert "at most" in faults_of(GOOD + "#" * FILE_BYTES_MAX)
    full = GOOD + "#" * (FILE_BYTES_MAX - len(GOOD))
    several = {f"f{n}.yaml": full for n in range(BUNDLE_BYTES_MAX // FILE_BYTES_MAX + 1)}
    for files in (several, {}, {f"f{n}.yaml": GOOD for n in range(FILES_MAX + 1)}):
        with pytest.raises(PolicyError, match=r"^bundle: "):
            Bundle.from_files("MA", files)


@pytest.mark.parametrize("country", ["ma", "MAR", "M", "", "MA\n", "../"])
def test_a_country_is_two_capitals(country: str) -> None:
    with pytest.raises(PolicyError, match="ISO 3166-1"):
        Bundle.from_files(country, {HOURLY: GOOD})


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        (HOURLY, GOOD.replace(", currency: MAD", ""), "minimum_wage.hourly needs its currency"),
        (
            "exchange_rate/max_age_days.yaml",
            GOOD,
            "exchange_rate.max_age_days must be of type integer",
        ),
        (
            "exchange_rate/rule.yaml",
            entry("oldest").replace("type: decimal", "type: code"),
            "values.2020-01-01.value: unknown code; known are newest-on-or-before",
        ),
    ],
)
def test_what_the_program_reads_must_have_the_form_it_reads(
    path: str, text: str, fault: str
) -> None:
    assert fault in faults_of(text, path)


def test_a_null_with_a_note_ends_the_value_before_it() -> None:
    text = f"{GOOD}  2021-01-01: {{value: null, {ENTRY}, note: not found}}\n"
    parameter = Bundle.from_files("MA", {HOURLY: text}).parameters["minimum_wage.hourly"]
    assert parameter.at(date(2020, 12, 31)).value == Decimal("1.50")
    assert parameter.at(date(2021, 1, 1)).value is None
    assert parameter.at(date(2021, 1, 1)).note == "not found"


def test_digest_follows_its_published_recipe() -> None:
    files = {"b.yaml": GOOD, "a/b.yaml": GOOD + "# é\r\n"}
    recipe = b"sijill-policy-bundle-v1\n"
    for path in ("a/b.yaml", "b.yaml"):
        for part in (path.encode(), files[path].encode()):
            recipe += len(part).to_bytes(8, "big") + part
    expected = "sha256:" + hashlib.sha256(recipe).hexdigest()
    assert Bundle.from_files("MA", files).digest == expected
    assert Bundle.from_files("MA", dict(reversed(files.items()))).digest == expected
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", expected)


@pytest.mark.parametrize(
    "files", [{"a.yaml": GOOD + "\n"}, {"b.yaml": GOOD}, {"a.yaml": GOOD.replace("\n", "\r\n")}]
)
def test_any_changed_byte_or_path_changes_the_digest(files: dict[str, str]) -> None:
    first = Bundle.from_files("MA", {"a.yaml": GOOD})
    assert Bundle.from_files("MA", files).digest != first.digest


def test_a_bundle_keeps_what_it_was_made_of() -> None:
    files = {"a.yaml": GOOD}
    bundle = Bundle.from_files("MA", files)
    files["a.yaml"] = "changed"
    again = Bundle.from_files("MA", bundle.files)
    assert (again.digest, dict(bundle.files)) == (bundle.digest, {"a.yaml": GOOD})


@settings(deadline=None)
@given(
    days=st.sets(st.dates(date(1990, 1, 1), date(2040, 1, 1)), min_size=1, max_size=12),
    asked=st.dates(date(1989, 1, 1), date(2041, 1, 1)),
)
def test_at_equals_a_naive_scan(days: set[date], asked: date) -> None:
    stated = {day: Decimal(n).scaleb(-2) for n, day in enumerate(sorted(days))}
    lines = [f'  {day}: {{value: "{value}", {ENTRY}}}\n' for day, value in stated.items()]
    parameter = Bundle.from_files("MA", {HOURLY: HEAD + "".join(lines)}).parameters[
        "minimum_wage.hourly"
    ]
    expected = None
    for day, value in stated.items():
        if day <= asked:
            expected = value
    assert parameter.at(asked).value == expected


@settings(deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["a", ":", " ", "\n", "-", "[", "{", '"', "\\U", "F", "&", "*", "!", "%"])
    ).map("".join)
)
def test_any_text_is_read_or_refused_but_never_breaks_the_reader(text: str) -> None:
    with pytest.raises(PolicyError):
        Bundle.from_files("MA", {HOURLY: text})
    with suppress(PolicyError):
        Bundle.from_files("MA", {HOURLY: entry(text)})
