"""What the door judges alone: every bad input has its reason and a pointer that leads there."""

from typing import Any

import pytest

from events.errors import Reason
from events.limits import EVENTS_MAX, FAULTS_MAX
from events.submission import Speaker, decode_events, read_submission
from events.vocabulary import EVENTS, MAY_SIGN, EmitterKind, TaskCompleted, type_of
from tests.events.golden import golden_events
from tests.events.sample import (
    AUTHORITY,
    FUND,
    NOW,
    PLATFORM,
    REGISTRY,
    WORK,
    body_of,
    completed,
    digest,
    event,
    faults,
    read,
    refusal,
)

_PAYMENT = {"worker": "w-1", "gross": "1", "currency": "MAD"}


def fault_of(data: dict[str, Any], type_: str = "task.completed") -> dict[str, str]:
    """Faults of one event of the platform, by pointer."""
    return faults(event(type_, data))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"{}",
        b'"[]"',
        b"1",
        b"[",
        b"[{]",
        b"[] []",
        b"[],",
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[01]",
        b"['a']",
        b"[1,]",
        b"// c\n[]",
        b"\xef\xbb\xbf" + body_of(completed()),
        body_of(completed()).decode().encode("utf-16"),
        body_of(completed()).decode().encode("utf-32-le"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" + b"1" * 5_000 + b"]",
        b"[1e999]",
    ],
)
def test_what_is_no_json_array_is_malformed(body: bytes) -> None:
    refused = refusal(body)
    assert (refused.reason, refused.faults) == (Reason.MALFORMED, ())


@pytest.mark.parametrize("count", [0, EVENTS_MAX + 1])
def test_a_batch_has_one_to_a_thousand_events(count: int) -> None:
    assert "1 to 1000" in faults(*[completed()] * count)[""]
    assert "1 to 1000" in faults(*[1] * count)[""]


def test_a_thousand_events_are_read() -> None:
    assert len(read(*[completed()] * EVENTS_MAX)) == EVENTS_MAX


@pytest.mark.parametrize("value", [1, None, "a", [], True, 1.5])
def test_an_event_is_an_object(value: Any) -> None:
    assert faults(completed(), value) == {"/1": "an event is a JSON object"}


@pytest.mark.parametrize("member", ["id", "source", "specversion", "type", "time", "data"])
def test_every_attribute_is_required(member: str) -> None:
    one = {k: v for k, v in completed().items() if k != member}
    assert faults(one) == {f"/0/{member}": "is required"}


@pytest.mark.parametrize(
    "stated", ["task.completed", "task.completed.v2", "Task.completed.v1", "", 1, [], {}, True]
)
def test_unknown_types_are_refused(stated: Any) -> None:
    assert "unknown type" in faults(completed() | {"type": stated})["/0/type"]


def test_a_type_as_long_as_a_body_is_not_sent_back() -> None:
    assert len(faults(completed() | {"type": "x" * 100_000})["/0/type"]) < 200


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("2026-03-04T10:00:00", "timezone"),
        ("2026-03-04", "Invalid"),
        ("2026-03-04T12:05:00.000001Z", "future"),
        ("2026-03-04T12:00:00-01:00", "future"),
        ("9999-12-31T23:59:59-23:59", "future"),
        ("1999-12-31T23:59:59Z", "before 2000"),
        ("2000-01-01T00:00:00+01:00", "before 2000"),
        ("0001-01-01T00:00:00+23:59", "before 2000"),
        ("2016-12-31T23:59:60Z", "Invalid"),
        ("2026-03-04T24:00:00Z", "Invalid"),
        ("2026-03-04T10:00:00+24:00", "Invalid"),
        ("2026-03-04T10:00:00+01", "Invalid"),
        ("2026-02-29T10:00:00Z", "Invalid"),
        ("2026-3-4T10:00:00Z", "Invalid"),
        ("٢٠٢٦-03-04T10:00:00Z", "Invalid"),
        ("2026-03-04T10:00:00Z\n", "Invalid"),
        ("", "Invalid"),
        (1_772_618_400, "Expected"),
        (None, "Expected"),
    ],
)
def test_times_are_rfc_3339_of_this_century_and_not_ahead(time: Any, why: str) -> None:
    assert why in faults(completed() | {"time": time})["/0/time"]
    for field in ("submitted", "started"):
        if time is not None:
            assert why in fault_of(WORK | {field: time})[f"/0/data/{field}"]


def test_times_at_their_bounds_are_read() -> None:
    for time in ("2000-01-01T00:00:00Z", "2026-03-04T12:05:00Z", "2026-03-05T12:04:00+23:59"):
        assert read(completed() | {"time": time})


@pytest.mark.parametrize("day", ["2026-03-06", "1999-12-31", "9999-12-31", "2026-02-30", "x"])
def test_days_are_days_that_happened(day: str) -> None:
    assert "/0/data/day" in fault_of({"day": day}, "day.nil")


def test_a_day_that_has_begun_in_the_east_is_read() -> None:
    assert read(event("day.nil", {"day": "2026-03-05"}))


@pytest.mark.parametrize(
    "amount",
    [
        "-1",
        "+1",
        "-0",
        "1.0000001",
        "1000000000.000001",
        "1000000001",
        "9999999999",
        "1e3",
        "1E3",
        "0x10",
        "١٢",
        "1,5",
        "1_000",
        ".5",
        "5.",
        "",
        " 1",
        "1\n",
        "NaN",
        "Infinity",
        1,
        1.5,
        True,
        [],
    ],
)
def test_amounts_are_decimal_strings(amount: Any) -> None:
    for field in ("gross", "fee", "taxes", "contribution_withheld", "net"):
        assert f"/0/data/{field}" in fault_of(_PAYMENT | {field: amount}, "payment.made")
    money = {"amount": amount, "currency": "MAD"}
    pointers = fault_of(WORK | {"taken_back": money}, "rejection.issued")
    assert list(pointers) == ["/0/data/taken_back/amount"]


@pytest.mark.parametrize("currency", ["XXX", "ZZZ", "mad", "MA", "MADX", "", "XAU", "BTC", "MAD\n"])
def test_unknown_currencies_are_named(currency: str) -> None:
    assert "/0/data/currency" in fault_of(_PAYMENT | {"currency": currency}, "payment.made")
    terms = {"contract": "c", "unit_pay": {"amount": "1", "currency": currency}}
    assert "/0/data/unit_pay/currency" in fault_of(terms, "contract.published")


@pytest.mark.parametrize("stated", [{"amount": "1"}, {"currency": "MAD"}])
def test_amount_and_currency_stand_together(stated: dict[str, str]) -> None:
    assert "together" in fault_of(WORK | stated, "task.approved")["/0/data"]
    assert "/0/data/gross" in fault_of({"worker": "w", "currency": "MAD"}, "payment.made")
    assert "/0/data/currency" in fault_of({"worker": "w", "gross": "1"}, "payment.made")


@pytest.mark.parametrize("seconds", [-1, 366 * 86_400 + 1, 1.0, 60.5, "60", True, 10**30, [60]])
def test_seconds_are_whole_and_at_most_a_year(seconds: Any) -> None:
    assert list(fault_of(WORK | {"seconds": seconds})) == ["/0/data/seconds"]


@pytest.mark.parametrize(
    "source", ["/emitters/beta", "/emitters/alpha/", "alpha", "", "/emitters/Alpha"]
)
def test_the_source_is_who_signed(source: str) -> None:
    assert "who signed" in faults(completed() | {"source": source})["/0/source"]


def test_other_versions_of_cloudevents_are_refused() -> None:
    assert list(faults(completed() | {"specversion": "0.3"})) == ["/0/specversion"]


def test_several_faults_of_one_event_are_all_named() -> None:
    one = completed(seconds=-1, residence="ma", task="") | {"time": "x", "id": ""}
    expected = {"id", "time", "data/seconds", "data/residence", "data/task"}
    assert set(faults(one)) == {f"/0/{name}" for name in expected}
    wrong = completed(submitted="2030-01-01T00:00:00Z", started="1999-01-01T00:00:00Z")
    wrong |= {"source": "x", "time": "2030-01-01T00:00:00Z"}
    expected = {"source", "time", "data/submitted", "data/started"}
    assert set(faults(wrong)) == {f"/0/{name}" for name in expected}


def test_faults_of_form_do_not_hide_other_events_faults() -> None:
    found = faults(completed(task=1), completed() | {"source": "x"}, completed())
    assert set(found) == {"/0/data/task", "/1/source"}


@pytest.mark.parametrize("one", [completed() | {"source": "x"}, completed(task=1), 1, {"type": 1}])
def test_at_most_a_hundred_faults_are_named(one: Any) -> None:
    assert len(faults(*[one] * EVENTS_MAX)) == FAULTS_MAX


@pytest.mark.parametrize(
    ("type_", "data", "pointer"),
    [
        ("payment.made", _PAYMENT | {"tasks": ["a", "", 3]}, "tasks/1"),
        ("payment.made", _PAYMENT | {"tasks": ["a", "", 3]}, "tasks/2"),
        ("payment.made", _PAYMENT | {"tasks": "a"}, "tasks"),
        ("correction.replaced", {"event": "e", "replacement": {}}, "replacement/type"),
        ("correction.replaced", {"event": "e", "replacement": []}, "replacement"),
        ("correction.replaced", {"event": "e", "replacement": {"type": "x"}}, "replacement/type"),
        (
            "correction.replaced",
            {"event": "e", "replacement": {"type": "key.added.v1", "data": {}}},
            "replacement/type",
        ),
        (
            "correction.replaced",
            {"event": "e", "replacement": {"type": "correction.cancelled.v1", "data": {}}},
            "replacement/type",
        ),
        (
            "correction.replaced",
            {"event": "e", "replacement": {"type": "day.nil.v1", "data": {"day": "x"}}},
            "replacement/data/day",
        ),
        (
            "correction.replaced",
            {"event": "e", "replacement": {"type": "day.nil.v1", "data": {"day": "2030-01-01"}}},
            "replacement/data/day",
        ),
    ],
)
def test_faults_deep_inside_have_their_own_pointer(
    type_: str, data: dict[str, Any], pointer: str
) -> None:
    assert f"/0/data/{pointer}" in fault_of(data, type_)


def test_a_period_does_not_end_before_it_begins() -> None:
    period = {"period_from": "2026-02-02", "period_to": "2026-02-01"}
    assert list(fault_of(_PAYMENT | period, "payment.made")) == ["/0/data/period_to"]


# --- who may say what ----------------------------------------------------------------------


@pytest.mark.parametrize("speaker", [PLATFORM, FUND, AUTHORITY, REGISTRY], ids=lambda s: s.kind)
def test_each_kind_says_its_own_types_and_no_other(speaker: Speaker) -> None:
    said = set()
    for _, one in golden_events():
        body = body_of(one | {"source": f"/emitters/{speaker.emitter}"})
        if decode_events(body)[0].__class__ in MAY_SIGN[speaker.kind]:
            said.add(one["type"])
            continue
        refused = refusal(body, speaker)
        assert refused.reason is Reason.NOT_ALLOWED
        assert refused.faults[0].pointer == "/0/type"
    assert said == {type_of(cls) for cls in EVENTS if cls in MAY_SIGN[speaker.kind]}


def _replacing(type_: str, data: dict[str, Any], speaker: Speaker) -> dict[str, Any]:
    new = {"event": "e-0", "replacement": {"type": f"{type_}.v1", "data": data}}
    return event("correction.replaced", new, speaker)


_RATE = {"base": "USD", "quote": "MAD", "day": "2026-03-03", "rate": "10.05"}


@pytest.mark.parametrize("type_", ["rate.published", "identity.linked"])
def test_a_platform_replaces_no_act(type_: str) -> None:
    data = _RATE if type_ == "rate.published" else {"person": "p", "platform": "a", "worker": "w"}
    one = _replacing(type_, data, PLATFORM)
    refused = refusal(body_of(one))
    assert refused.reason is Reason.NOT_ALLOWED
    assert [fault.pointer for fault in refused.faults] == ["/0/data/replacement/type"]


def test_an_authority_replaces_no_platforms_event() -> None:
    one = _replacing("day.nil", {"day": "2026-03-03"}, AUTHORITY)
    assert refusal(body_of(one), AUTHORITY).reason is Reason.NOT_ALLOWED


@pytest.mark.parametrize("scheme", ["cimr-general", None])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_fund_speaks_of_its_own_schemes_also_in_corrections(
    scheme: str | None, replaced: bool
) -> None:
    data = _RATE if scheme is None else _RATE | {"scheme": scheme}
    make = _replacing if replaced else event
    refused = refusal(body_of(make("rate.published", data, FUND)), FUND)
    place = "/0/data/replacement/data/scheme" if replaced else "/0/data/scheme"
    assert refused.reason is Reason.NOT_ALLOWED
    assert [fault.pointer for fault in refused.faults] == [place]
    own = _RATE | {"scheme": "cnss-general"}
    assert read(make("rate.published", own, FUND), speaker=FUND)


def test_a_fund_without_schemes_says_nothing() -> None:
    bare = Speaker("cnss", EmitterKind.FUND)
    one = event("rate.published", _RATE | {"scheme": "cnss-general"}, bare)
    assert refusal(body_of(one), bare).reason is Reason.NOT_ALLOWED


@pytest.mark.parametrize("rate", ["0", "0.000", "-1", "", "1e3"])
def test_a_rate_is_above_zero(rate: str) -> None:
    found = faults(event("rate.published", _RATE | {"rate": rate}, AUTHORITY), speaker=AUTHORITY)
    assert list(found) == ["/0/data/rate"]


@pytest.mark.parametrize(
    "period", ["0000-01", "1999-12", "2026-00", "2026-13", "2026-1", "2026-01\n"]
)
def test_a_period_is_a_month_of_this_millennium(period: str) -> None:
    data = {"scheme": "cnss-general", "platform": "a", "period": period, "amount": "1"}
    data |= {"currency": "MAD", "received_on": "2026-03-01"}
    found = faults(event("remittance.received", data, FUND), speaker=FUND)
    assert list(found) == ["/0/data/period"]


def test_ledger_lines_have_one_side_and_a_currency() -> None:
    lines = [
        {"account": "a", "currency": "MAD"},
        {"account": "a", "currency": "ZZZ", "debit": "1"},
        {"account": "a", "currency": "MAD", "debit": "1", "credit": "1"},
    ]
    data = {"scheme": "s", "period": "2026-01", "after": 0, "basis": 0, "lines": lines}
    one = event("ledger.posted", data | {"policy": "sha256:" + "0" * 64}, REGISTRY)
    found = faults(one, speaker=REGISTRY)
    assert set(found) == {f"/0/data/lines/{place}" for place in ("0", "1/currency", "2")}


# --- letters -------------------------------------------------------------------------------


def _text_places() -> list[tuple[str, Speaker, str]]:
    """One body for each text of each golden event, with that text marked."""
    found = []
    for speaker, one in golden_events():
        for name in ("id", *one["data"]):
            value = one["id"] if name == "id" else one["data"][name]
            if isinstance(value, str) and name in {"id", "contract", "title", "worker", "task"}:
                found.append((one["type"], speaker, name))
    return sorted(set(found), key=str)


@pytest.mark.parametrize(("type_", "speaker", "name"), _text_places())
@pytest.mark.parametrize("bad", ["\x00", "\u202e", "\ufeff", "\n"])
def test_no_text_of_any_event_holds_a_bad_letter(
    type_: str, speaker: Speaker, name: str, bad: str
) -> None:
    one = next(
        e for s, e in golden_events() if (e["type"], s) == (type_, speaker) and _has(e, name)
    )
    one = (
        one | {"id": "a" + bad} if name == "id" else one | {"data": one["data"] | {name: "a" + bad}}
    )
    found = faults(one, speaker=speaker)
    assert list(found) == [f"/0/{name}" if name == "id" else f"/0/data/{name}"]
    assert f"U+{ord(bad):04X}" in next(iter(found.values()))


def _has(one: dict[str, Any], name: str) -> bool:
    return name == "id" or name in one["data"]


@pytest.mark.parametrize("raw", [b"\x00", b"\n", b"\t", b"\x1f"])
def test_control_characters_as_they_are_are_no_json(raw: bytes) -> None:
    assert refusal(body_of(completed(task="@")).replace(b"@", raw)).reason is Reason.MALFORMED


def test_a_policys_files_have_lines_but_its_id_has_none() -> None:
    data = {"country": "MA", "digest": "sha256:" + "0" * 64, "files": {"a/b.yaml": "x:\n\ty\n"}}
    assert read(event("policy.adopted", data, AUTHORITY), speaker=AUTHORITY)
    found = faults(event("policy.adopted", data, AUTHORITY, id="a\nb"), speaker=AUTHORITY)
    assert list(found) == ["/0/id"]
    data["files"] = {"a/b.yaml": "x\x00", "c\n": "\r"}
    bad = event("policy.adopted", data, AUTHORITY)
    assert len(refusal(body_of(bad), AUTHORITY).faults) >= 2


# --- documented behaviour ------------------------------------------------------------------


def test_of_a_member_that_stands_twice_the_last_counts() -> None:
    body = body_of(completed()).replace(b'"task":"t-1"', b'"task":"t-0","task":"t-9"')
    (found,) = read_submission(body, PLATFORM, NOW)
    assert found.data.task == "t-9"
    assert digest(body, 1).batch[0] == digest(body_of(completed(task="t-9")), 1).batch[0]


def test_a_type_that_stands_twice_is_not_understood() -> None:
    body = body_of(completed()).replace(b'"type":', b'"type":"day.nil.v1","type":')
    assert refusal(body).reason in {Reason.MALFORMED, Reason.SCHEMA}


def test_unknown_fields_are_ignored_wherever_they_stand() -> None:
    (found,) = read(completed(later={"a": [1]}) | {"subject": "x", "é": None, "": 0})
    assert isinstance(found, TaskCompleted)


def test_null_is_not_stated() -> None:
    (found,) = read(completed(seconds=None, residence=None))
    assert (found.data.seconds, found.data.residence) == (None, None)


def test_parts_of_a_second_are_kept_to_the_microsecond() -> None:
    (found,) = read(completed() | {"time": "2026-03-04T10:00:00.123456789Z"})
    assert found.time.microsecond == 123_457
