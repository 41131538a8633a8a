"""What the door can judge of a body alone: JSON, schema, who may say what, times and texts."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from events import vocabulary
from events.checks import Window, event_faults, faultless, form_fault
from events.depth import too_deep
from events.errors import Fault, Reason, Refused
from events.limits import EVENTS_MAX, FAULTS_MAX, JSON_DEPTH_MAX
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
    source, window = f"/emitters/{speaker.emitter}", Window.at(now)
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
    faults: list[Fault] = []
    if not faultless(events, source, window):
        found = (event_faults(e, f"/{i}", source, window) for i, e in enumerate(events))
        faults += _first(itertools.chain.from_iterable(found), FAULTS_MAX)
    if not is_plain(body):
        faults += _first(_text_faults(events), FAULTS_MAX - len(faults))
    if faults:
        raise _schema(faults)
    return events


def _refuse_other_encodings(body: bytes) -> None:
    # The typed decoder skips a field that it does not know without reading its letters, but the
    # folds read all of an event for its digest.
    if body.isascii():
        return
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


# --- odd texts ---------------------------------------------------------------------------


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


def _explained(body: bytes, error: Exception, source: str, window: Window) -> Refused:
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


def _loose_faults(values: Sequence[Any], source: str, window: Window) -> Iterator[Fault]:
    """Faults of form; an event without any is judged further, so that all is named at once."""
    for index, value in enumerate(values):
        pointer = f"/{index}"
        if not isinstance(value, dict):
            yield Fault(pointer, "an event is a JSON object")
            continue
        found = list(_object_faults(value, vocabulary.EVENTS, pointer))
        yield from found or event_faults(_typed(value), pointer, source, window)


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
            return
        if detail := form_fault(hint, given):
            yield Fault(place, detail)


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
