"""What the door can judge of a body alone: JSON, schema, who may say what, times and texts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from events import acts, vocabulary
from events import data as platform_data
from events.data import Money
from events.depth import too_deep
from events.errors import Fault, Reason, Refused
from events.limits import CLOCK_AHEAD_MAX, EVENTS_MAX, FAULTS_MAX, JSON_DEPTH_MAX, TIME_MIN
from events.money import CURRENCIES
from events.text import bad_character, escape, is_plain, odd_texts
from events.vocabulary import BY_TYPE, MAY_SIGN, EmitterKind, Event

_BATCH = msgspec.json.Decoder(list[vocabulary.AnyEvent])
_LOOSE = msgspec.json.Decoder(list[Any])
_TOO_DEEP = f"the JSON nests deeper than {JSON_DEPTH_MAX} levels"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who signed, as the registry knows the emitter at the door."""

    emitter: str
    kind: EmitterKind
    schemes: frozenset[str] = frozenset()


def decode_events(body: bytes) -> list[Event]:
    """The typed events of an accepted body. Raises `msgspec.DecodeError` and kin if it is none."""
    events: list[Event] = _BATCH.decode(body)
    return events


def read_submission(body: bytes, speaker: Speaker, now: datetime) -> list[Event]:
    """The events of a body, or `Refused` with every fault named (the first hundred).

    `now` is the door's clock: times may be ahead of it by `CLOCK_AHEAD_MAX`.
    """
    _refuse_other_encodings(body)
    source, window = f"/emitters/{speaker.emitter}", _window(now)
    try:
        events = decode_events(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _explained(body, error, source, window) from error
    deep = too_deep(body)
    if deep is not None:
        raise Refused(Reason.MALFORMED, f"event {deep}: {_TOO_DEEP}")
    if not 1 <= len(events) <= EVENTS_MAX:
        raise _wrong_count(len(events))
    _refuse_foreign_types(events, speaker)
    faults = list(_first(_faults(events, source, window), FAULTS_MAX))
    if not is_plain(body):
        faults += _first(_text_faults(events), FAULTS_MAX - len(faults))
    if faults:
        raise _schema(faults)
    return events


def _refuse_other_encodings(body: bytes) -> None:
    # The typed decoder skips a field that it does not know without reading its letters, but the
    # folds read all of an event for its digest.
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Refused(Reason.MALFORMED, f"the body is not UTF-8: {error}") from error


def _refuse_foreign_types(events: Sequence[Event], speaker: Speaker) -> None:
    faults = list(_first(_foreign(events, speaker), FAULTS_MAX))
    if faults:
        raise Refused(Reason.NOT_ALLOWED, _summary(faults), faults)


def _foreign(events: Sequence[Event], speaker: Speaker) -> Iterator[Fault]:
    """What this emitter may not say, the new data of corrections included."""
    may = MAY_SIGN[speaker.kind]
    plain = may - {vocabulary.CorrectionReplaced}
    if speaker.kind is not EmitterKind.FUND and {type(event) for event in events} <= plain:
        return
    for index, event in enumerate(events):
        said: list[tuple[str, type[Event], Any]] = [(f"/{index}", type(event), event.data)]
        if isinstance(event, vocabulary.CorrectionReplaced):
            new = event.data.replacement
            replaced = BY_TYPE[new.__struct_config__.tag]
            said.append((f"/{index}/data/replacement", replaced, new.data))
        for place, cls, data in said:
            if cls not in may:
                detail = f"an emitter of kind {speaker.kind} may not say {vocabulary.type_of(cls)}"
                yield Fault(f"{place}/type", detail)
            elif speaker.kind is EmitterKind.FUND and cls not in _CORRECTIONS:
                yield from _foreign_scheme(data, f"{place}/data/scheme", speaker)


def _foreign_scheme(data: Any, pointer: str, speaker: Speaker) -> Iterator[Fault]:
    if data.scheme is None:
        yield Fault(pointer, "is required of a fund")
    elif data.scheme not in speaker.schemes:
        yield Fault(pointer, f"{data.scheme} is not a scheme of this fund")


_CORRECTIONS = frozenset(vocabulary.CORRECTIONS)


# --- faults of decoded events -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Window:
    """When an event may have happened: moments in seconds since 1970, and days.

    Seconds, because comparing two moments of different offsets takes three times as long.
    """

    earliest: float
    latest: float
    first_day: date
    last_day: date

    def holds(self, moment: datetime) -> bool:
        return self.earliest <= moment.timestamp() <= self.latest


def _window(now: datetime) -> _Window:
    latest = (now + CLOCK_AHEAD_MAX).astimezone(UTC)
    # A day later than UTC's can have begun in the registry's time zone.
    last_day = latest.date() + timedelta(days=1)
    return _Window(TIME_MIN.timestamp(), latest.timestamp(), TIME_MIN.date(), last_day)


def _faults(events: Sequence[Event], source: str, window: _Window) -> Iterator[Fault]:
    for index, event in enumerate(events):
        yield from _event_faults(event, f"/{index}", source, window)


def _event_faults(event: Event, pointer: str, source: str, window: _Window) -> Iterator[Fault]:
    if event.source != source:
        yield Fault(f"{pointer}/source", f"must be {source}, who signed")
    if not window.holds(event.time):
        yield Fault(f"{pointer}/time", _time_detail(event.time))
    data = event.data
    for check in _CHECKS[type(data)]:
        for place, detail in check(data, window):
            yield Fault(f"{pointer}/data{place}", detail)


#: Where in the data and what; nearly always nothing, so no generator is made to say so.
_Found = Sequence[tuple[str, str]]
_Check = Callable[[Any, _Window], _Found]


def _moment_check(name: str) -> _Check:
    def check(data: Any, window: _Window) -> _Found:
        value = getattr(data, name)
        if value is None or window.holds(value):
            return ()
        return ((f"/{name}", _time_detail(value)),)

    return check


def _day_check(name: str) -> _Check:
    def check(data: Any, window: _Window) -> _Found:
        value = getattr(data, name)
        if value is None or window.first_day <= value <= window.last_day:
            return ()
        return ((f"/{name}", _time_detail(value)),)

    return check


def _currency_check(name: str) -> _Check:
    def check(data: Any, window: _Window) -> _Found:
        value = getattr(data, name)
        if value is None or value in CURRENCIES:
            return ()
        return ((f"/{name}", f"{value} is not an ISO 4217 currency"),)

    return check


def _money_check(name: str) -> _Check:
    inner = _currency_check("currency")

    def check(data: Any, window: _Window) -> _Found:
        value = getattr(data, name)
        return () if value is None else _inside(f"/{name}", inner(value, window))

    return check


def _inside(place: str, found: _Found) -> _Found:
    return [(f"{place}{inner}", detail) for inner, detail in found]


def _amount_has_currency(data: Any, window: _Window) -> _Found:
    if (data.amount is None) == (data.currency is None):
        return ()
    return (("", "state amount and currency together, or neither"),)


def _period_in_order(data: Any, window: _Window) -> _Found:
    if data.period_from and data.period_to and data.period_from > data.period_to:
        return (("/period_to", "is before period_from"),)
    return ()


def _lines_check(data: acts.LedgerPosted, window: _Window) -> _Found:
    found: list[tuple[str, str]] = []
    currency = _currency_check("currency")
    for index, line in enumerate(data.lines):
        found += _inside(f"/lines/{index}", currency(line, window))
        if (line.debit is None) == (line.credit is None):
            found.append((f"/lines/{index}", "state exactly one of debit and credit"))
    return found


def _replacement_check(data: Any, window: _Window) -> _Found:
    new = data.replacement.data
    found = [one for check in _CHECKS[type(new)] for one in check(new, window)]
    return _inside("/replacement/data", found)


#: Days that a policy or an assignment may set ahead; all others are days that happened.
_FUTURE_DAYS = frozenset({"day_from", "day_to"})


def _checks_of(data: type[Struct]) -> tuple[_Check, ...]:
    """Which checks a class of data needs, read off its annotations once."""
    checks: list[_Check] = []
    for name, hint in get_type_hints(data).items():
        kinds = set(get_args(hint)) | {hint}
        if datetime in kinds:
            checks.append(_moment_check(name))
        elif date in kinds and name not in _FUTURE_DAYS:
            checks.append(_day_check(name))
        elif Money in kinds:
            checks.append(_money_check(name))
        elif name in {"currency", "base", "quote"}:
            checks.append(_currency_check(name))
    if issubclass(data, platform_data.Approval):
        checks.append(_amount_has_currency)
    if issubclass(data, platform_data.Payment):
        checks.append(_period_in_order)
    if issubclass(data, acts.LedgerPosted):
        checks.append(_lines_check)
    if issubclass(data, vocabulary.Replacing):
        checks.append(_replacement_check)
    return tuple(checks)


_CHECKS: dict[type[Struct], tuple[_Check, ...]] = {
    data: _checks_of(data)
    for data in {vocabulary.data_type_of(event) for event in vocabulary.EVENTS}
}


def _time_detail(value: date) -> str:
    if isinstance(value, datetime):
        ahead = "in the future" if value >= TIME_MIN else "before 2000"
    else:
        ahead = "in the future" if value >= TIME_MIN.date() else "before 2000"
    return f"{value.isoformat()} is {ahead}"


def _text_faults(events: Sequence[Event]) -> Iterator[Fault]:
    for index, event in enumerate(events):
        # Written anew, the letters that were sent as escapes stand as themselves.
        if is_plain(msgspec.json.encode(event)):
            continue
        for pointer, text in odd_texts(msgspec.to_builtins(event), f"/{index}"):
            # A policy file is text of many lines, written by the authority.
            in_file = isinstance(event, vocabulary.PolicyAdopted) and "/data/files/" in pointer
            bad = bad_character(text, allowed="\n\t" if in_file else "")
            if bad:
                yield Fault(pointer, f"holds the character {bad}, which may not stand here")


# --- faults of what could not be decoded --------------------------------------------------


def _explained(body: bytes, error: Exception, source: str, window: _Window) -> Refused:
    """The refusal of a body that is not a batch: bad JSON, or all its schema faults."""
    try:
        loose = _LOOSE.decode(body)
    except RecursionError:
        return Refused(Reason.MALFORMED, _TOO_DEEP)
    except msgspec.DecodeError as malformed:
        return Refused(Reason.MALFORMED, f"the body is not a JSON array: {malformed}")
    if not 1 <= len(loose) <= EVENTS_MAX:
        return _wrong_count(len(loose))
    faults = list(_first(_loose_faults(loose, source, window), FAULTS_MAX))
    if not faults:
        # The typed decoder saw what the loose one does not, such as a number out of range.
        return Refused(Reason.MALFORMED, str(error))
    return _schema(faults)


def _loose_faults(values: Sequence[Any], source: str, window: _Window) -> Iterator[Fault]:
    """Faults of form; an event without any is judged further, so that all is named at once."""
    for index, value in enumerate(values):
        pointer = f"/{index}"
        if not isinstance(value, dict):
            yield Fault(pointer, "an event is a JSON object")
            continue
        found = list(_object_faults(value, vocabulary.EVENTS, pointer))
        yield from found or _event_faults(_typed(value), pointer, source, window)


def _typed(value: dict[str, Any]) -> Event:
    event: Event = msgspec.convert(value, BY_TYPE[value["type"]])
    return event


def _struct_faults(value: dict[str, Any], struct: type[Struct], pointer: str) -> Iterator[Fault]:
    """Every field of `value` that is missing or does not fit, down into nested data."""
    for field in msgspec.structs.fields(struct):
        place = f"{pointer}/{escape(field.encode_name)}"
        if field.encode_name not in value:
            if field.required:
                yield Fault(place, "is required")
            continue
        yield from _value_faults(value[field.encode_name], field.type, place)


def _value_faults(given: Any, hint: Any, place: str) -> Iterator[Fault]:
    options = get_args(hint) or (hint,)
    structs = [c for c in options if isinstance(c, type) and issubclass(c, Struct)]
    items = [get_args(c)[0] for c in (hint, *options) if get_origin(c) is list]
    if isinstance(given, dict) and structs and not items:
        yield from _object_faults(given, structs, place)
    elif isinstance(given, list) and items:
        for index, item in enumerate(given):
            yield from _value_faults(item, items[0], f"{place}/{index}")
    else:
        try:
            msgspec.convert(given, hint)
        except (msgspec.ValidationError, RecursionError) as error:
            yield Fault(place, str(error))


def _object_faults(
    given: dict[str, Any], structs: Sequence[type[Struct]], place: str
) -> Iterator[Fault]:
    """The faults of an object that is to be the one struct, or the one that its tag names."""
    tag = structs[0].__struct_config__.tag_field
    if tag is None:
        yield from _struct_faults(given, structs[0], place)
    elif tag not in given:
        yield Fault(f"{place}/{tag}", "is required")
    else:
        named = [s for s in structs if s.__struct_config__.tag == given[tag]]
        for struct in named:
            yield from _struct_faults(given, struct, place)
        if not named:
            shown = f"{given[tag]!r:.100}" if isinstance(given[tag], str) else "that is no text"
            yield Fault(f"{place}/{tag}", f"unknown {tag} {shown}")


def _first(faults: Iterator[Fault], most: int) -> Iterator[Fault]:
    for _, fault in zip(range(most), faults, strict=False):
        yield fault


def _wrong_count(count: int) -> Refused:
    return _schema([Fault("", f"a submission holds 1 to {EVENTS_MAX} events, this one {count}")])


def _schema(faults: Sequence[Fault]) -> Refused:
    return Refused(Reason.SCHEMA, _summary(faults), faults)


def _summary(faults: Sequence[Fault]) -> str:
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{faults[0].pointer or '/'}: {faults[0].detail}{more}"
