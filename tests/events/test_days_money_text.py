"""Days of a zone, exact money, letters that may stand, and a clock that several read."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import file_clock, system_clock
from events.days import Days, tzdata_version, zone
from events.money import CURRENCIES, MICRO, NO_CURRENCY, from_micros, to_decimal, to_micros
from events.text import bad_character, escape, is_plain


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # UTC+1 all year, but UTC+0 in Ramadan: 2026-02-15 to 2026-03-22 (tzdata).
        ("2026-02-10T22:59:59.999999Z", date(2026, 2, 10)),
        ("2026-02-10T23:00:00Z", date(2026, 2, 11)),
        ("2026-03-01T23:59:59.999999Z", date(2026, 3, 1)),
        ("2026-03-02T00:00:00Z", date(2026, 3, 2)),
        ("2026-04-01T23:00:00Z", date(2026, 4, 2)),
        # Any offset names the same moment.
        ("2026-03-02T12:30:00+13:00", date(2026, 3, 1)),
        ("2026-03-01T20:30:00-05:00", date(2026, 3, 2)),
    ],
)
def test_days_of_casablanca_know_ramadan(moment: str, day: date) -> None:
    assert Days("Africa/Casablanca").day_of(at(moment)) == day


def test_a_clock_that_goes_back_at_a_minute_past_midnight_gives_a_day_back() -> None:
    """St. John's did until 2011; days looked up by the quarter hour were wrong for 14 minutes."""
    days = Days("America/St_Johns")
    assert days.day_of(at("2010-11-07T02:30:30Z")) == date(2010, 11, 7)
    assert days.day_of(at("2010-11-07T02:31:00Z")) == date(2010, 11, 6)


@given(
    st.sampled_from(["Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu", "Europe/Paris"]),
    st.integers(946_684_800, 3_786_912_000),
    st.integers(-1439, 1439),
)
def test_days_are_those_of_the_zone_itself(name: str, seconds: int, minutes: int) -> None:
    days = Days(name)
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes)))
    expected = moment.astimezone(zone(name)).date()
    assert days.day_of(moment) == days.day_of(moment) == expected


def test_the_end_of_a_day_is_where_the_next_begins() -> None:
    days = Days("Africa/Casablanca")
    # The night to 2026-02-15 has 25 hours: clocks go back at 03:00.
    for day in (date(2026, 2, 14), date(2026, 2, 15), date(2026, 3, 22)):
        end = days.end_of(day)
        assert days.day_of(end) == day + timedelta(days=1)
        assert days.day_of(end - timedelta(microseconds=1)) == day
    assert days.end_of(date(2026, 2, 15)) - days.end_of(date(2026, 2, 14)) == timedelta(days=1)
    assert days.end_of(date(2026, 2, 15)).astimezone(UTC).hour == 0
    assert days.end_of(date(2026, 2, 13)).astimezone(UTC).hour == 23


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        ".",
        "..",
        "Africa",
        "Africa/",
        "/Africa/Casablanca",
        "Africa/Casablanca\n",
        "Africa/Casablanca\x00",
        "Africa/../Africa/Casablanca",
        "../tzdata/zoneinfo/UTC",
        "/etc/localtime",
        "zone.tab",
        "__init__.py",
        "Mars/Phobos",
        "África/Casablanca",
        "A" * 5_000,
    ],
)
def test_names_that_are_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        zone(name)


def test_the_zones_come_from_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONTZPATH", "/nonexistent")
    assert zone("Africa/Casablanca").key == "Africa/Casablanca"
    assert tzdata_version() >= "2026"


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("0.05", 50_000),
        ("0.000001", 1),
        ("000000001.1", 1_100_000),
        ("1000000000.000000", 10**15),
        ("999999999.999999", 10**15 - 1),
    ],
)
def test_amounts_are_exact_micro_units(text: str, micros: int) -> None:
    assert to_micros(text) == micros == Decimal(text) * MICRO


@given(st.integers(0, 10**15))
def test_amounts_come_back(micros: int) -> None:
    text = from_micros(micros)
    assert to_micros(text) == micros
    assert "." not in text or text[-1] != "0"


@given(st.integers(-(10**27), 10**27))
def test_sums_of_any_size_and_sign_are_shown_exactly(micros: int) -> None:
    assert Decimal(from_micros(micros)) * MICRO == micros
    assert to_decimal(micros) == Decimal(from_micros(micros))
    assert from_micros(-micros) == ("" if micros <= 0 else "-") + from_micros(abs(micros))


def test_no_currency_and_metals_are_not_paid() -> None:
    assert CURRENCIES.isdisjoint({NO_CURRENCY, "XAU", "XTS", "BTC", ""})
    assert {"MAD", "USD", "EUR", "DZD", "TND"} <= CURRENCIES


# RTL and LTR overrides, marks, isolates, invisible letters, line ends, noncharacters, controls.
_DECEIVE = (
    "\u202e\u202d\u202a\u200e\u200f\u061c\u2066\u2069\u200b\u2060\ufeff\u00ad\u2063\u180e\ufff9"
    "\U000e0041\u2028\u2029\uffff\U0010ffff\x00\x01\x07\x08\x1b\x7f\x85\n\r\t\ud800"
)


@pytest.mark.parametrize("char", _DECEIVE)
def test_letters_that_deceive_or_cannot_be_stored(char: str) -> None:
    assert bad_character(f"a{char}b") == f"U+{ord(char):04X}"


@pytest.mark.parametrize(
    "text",
    ["تصنيف الصور", "می‌خواهم", "क्‍ष", "é e\u0301 ß 中文 ⵜⴰⵎⴰⵣⵉⵖⵜ", "€ 😀", "a\u00a0b", "\u06dd١"],
)
def test_letters_of_every_script_may_stand(text: str) -> None:
    assert bad_character(text) is None


def test_the_first_bad_letter_is_named_and_some_may_be_allowed() -> None:
    assert bad_character("ok\u202e\x00") == "U+202E"
    assert bad_character("a\n\tb", allowed="\n\t") is None
    assert bad_character("a\n\rb", allowed="\n\t") == "U+000D"


@given(st.text(alphabet=st.sampled_from('ab"\\/\n\t\x00\x7f\u202e\u200cé😀'), max_size=8))
def test_a_plain_body_holds_no_bad_letter_in_any_spelling(text: str) -> None:
    for ascii_only in (True, False):
        body = json.dumps([text], indent=1, ensure_ascii=ascii_only).encode()
        assert not is_plain(body) or bad_character(text) is None


def test_pointer_tokens_are_escaped() -> None:
    assert escape("a/b~c~1") == "a~1b~0c~01"


def test_a_file_clock_reads_what_the_file_says_now(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("2026-03-04T12:00:00+01:00\n")
    clock = file_clock(path)
    assert clock() == at("2026-03-04T11:00:00Z")
    path.write_text("2026-03-05T12:00:00+01:00")
    assert clock() == at("2026-03-05T11:00:00Z")
    assert system_clock().utcoffset() == timedelta(0)
