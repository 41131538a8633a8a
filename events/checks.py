"""What is wrong with decoded events: who they name as their source, times, days, currencies.

Nearly every batch is faultless, and that is told in columns: all values of one field at once. Only
a batch that is not so is gone through event by event, to name each fault.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from events import acts, vocabulary
from events import data as platform_data
from events.errors import Fault
from events.limits import CLOCK_AHEAD_MAX, TIME_MIN
from events.money import CURRENCIES
from events.scalars import pattern_of
from events.vocabulary import Event


@dataclass(frozen=True, slots=True)
class Window:
    """When an event may have happened: moments and days, bounds included."""

    earliest: datetime
    latest: datetime
    first_day: date
    last_day: date

    @classmethod
    def at(cls, now: datetime) -> "Window":
        """The window as the door sees it now."""
        latest = (now + CLOCK_AHEAD_MAX).astimezone(UTC)
        # A day later than UTC's can have begun in the registry's time zone.
        last_day = latest.date() + timedelta(days=1)
        return cls(TIME_MIN, latest, TIME_MIN.date(), last_day)

    def holds(self, moments: Collection[datetime]) -> bool:
        """Whether it holds all of these; there is at least one.

        The least and the greatest are found among themselves: moments of one offset compare three
        times faster than those of two.
        """
        return self.earliest <= min(moments) and max(moments) <= self.latest

    def holds_days(self, days: Collection[date]) -> bool:
        """Whether it holds all of these; there is at least one."""
        return self.first_day <= min(days) and max(days) <= self.last_day


def faultless(events: Sequence[Event], source: str, window: Window) -> bool:
    """Whether `event_faults` finds nothing in any of these, at least one."""
    if {event.source for event in events} != {source}:
        return False
    data_of: defaultdict[type[Struct], list[Any]] = defaultdict(list)
    for event in events:
        data_of[type(event.data)].append(event.data)
    return window.holds([event.time for event in events]) and all(
        _RULES[kind].hold(data, window) for kind, data in data_of.items()
    )


def event_faults(event: Event, pointer: str, source: str, window: Window) -> Iterator[Fault]:
    """Everything wrong with one event that stands at a JSON Pointer."""
    if event.source != source:
        yield Fault(f"{pointer}/source", f"must be {source}, who signed")
    if not window.holds((event.time,)):
        yield Fault(f"{pointer}/time", _time_detail(event.time))
    for place, detail in _RULES[type(event.data)].faults(event.data, window):
        yield Fault(f"{pointer}/data{place}", detail)


#: Where in the data and what; nearly always nothing.
_Found = Sequence[tuple[str, str]]
_Check = Callable[[Any, Window], _Found]


@dataclass(frozen=True, slots=True)
class _Field:
    """A field whose values are judged each by itself, one or many at once."""

    name: str
    get: Callable[[Any], Any]
    fits: Callable[[Collection[Any], Window], bool]
    detail: Callable[[Any], str]

    def hold(self, data: Sequence[Any], window: Window) -> bool:
        stated = [value for value in map(self.get, data) if value is not None]
        return not stated or self.fits(stated, window)

    def faults(self, data: Any, window: Window) -> _Found:
        value = self.get(data)
        if value is None or self.fits((value,), window):
            return ()
        return ((f"/{self.name}", self.detail(value)),)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a class of data must fulfil: field by field, and fields together."""

    fields: tuple[_Field, ...]
    together: tuple[_Check, ...]

    def hold(self, data: Sequence[Any], window: Window) -> bool:
        return all(field.hold(data, window) for field in self.fields) and not any(
            check(one, window) for check in self.together for one in data
        )

    def faults(self, data: Any, window: Window) -> Iterator[tuple[str, str]]:
        for field in self.fields:
            yield from field.faults(data, window)
        for check in self.together:
            yield from check(data, window)


def _time_detail(value: date) -> str:
    if isinstance(value, datetime):
        ahead = "in the future" if value >= TIME_MIN else "before 2000"
    else:
        ahead = "in the future" if value >= TIME_MIN.date() else "before 2000"
    return f"{value.isoformat()} is {ahead}"


def _moment(name: str) -> _Field:
    return _Field(name, attrgetter(name), lambda them, window: window.holds(them), _time_detail)


def _day(name: str) -> _Field:
    return _Field(
        name, attrgetter(name), lambda them, window: window.holds_days(them), _time_detail
    )


def _currency(name: str) -> _Field:
    return _Field(
        name,
        attrgetter(name),
        lambda them, _: CURRENCIES.issuperset(them),
        lambda value: f"{value} is not an ISO 4217 currency",
    )


def _formed(name: str, pattern: re.Pattern[str]) -> _Field:
    return _Field(
        name,
        attrgetter(name),
        # Many events state the same few values.
        lambda them, _: all(map(pattern.search, set(them))),
        lambda _: _form_detail(pattern),
    )


def _nested(name: str, struct: type[Struct]) -> _Check:
    """What a struct within the data must fulfil, or each of a list of them."""
    rules = _rules_of(struct)

    def check(data: Any, window: Window) -> _Found:
        value = getattr(data, name)
        if isinstance(value, list):
            return [
                one
                for index, item in enumerate(value)
                for one in _inside(f"/{name}/{index}", rules.faults(item, window))
            ]
        return () if value is None else _inside(f"/{name}", rules.faults(value, window))

    return check


def _inside(place: str, found: Iterable[tuple[str, str]]) -> _Found:
    return [(f"{place}{inner}", detail) for inner, detail in found]


def _amount_has_currency(data: Any, window: Window) -> _Found:
    if (data.amount is None) == (data.currency is None):
        return ()
    return (("", "state amount and currency together, or neither"),)


def _period_in_order(data: Any, window: Window) -> _Found:
    if data.period_from and data.period_to and data.period_from > data.period_to:
        return (("/period_to", "is before period_from"),)
    return ()


def _debit_or_credit(data: acts.LedgerPosted, window: Window) -> _Found:
    return [
        (f"/lines/{index}", "state exactly one of debit and credit")
        for index, line in enumerate(data.lines)
        if (line.debit is None) == (line.credit is None)
    ]


def _replacement_check(data: Any, window: Window) -> _Found:
    new = data.replacement.data
    return _inside("/replacement/data", _RULES[type(new)].faults(new, window))


#: Days that a policy or an assignment may set ahead; all others are days that happened.
_FUTURE_DAYS = frozenset({"day_from", "day_to"})
#: What a class of data must fulfil beside what the kinds of its fields say.
_TOGETHER: dict[type[Struct], _Check] = {
    platform_data.Approval: _amount_has_currency,
    platform_data.Payment: _period_in_order,
    acts.LedgerPosted: _debit_or_credit,
    vocabulary.Replacing: _replacement_check,
}


def _rules_of(data: type[Struct]) -> _Rules:
    """Read off the annotations of a class of data, once."""
    fields: list[_Field] = []
    together: list[_Check] = []
    forms = get_type_hints(data, include_extras=True)
    for name, hint in get_type_hints(data).items():
        kinds = set(get_args(hint)) | {hint}
        if datetime in kinds:
            fields.append(_moment(name))
        elif date in kinds and name not in _FUTURE_DAYS:
            fields.append(_day(name))
        elif name in {"currency", "base", "quote"}:
            fields.append(_currency(name))
        elif (pattern := _unread_pattern(forms[name])) is not None:
            fields.append(_formed(name, pattern))
        if (struct := _struct_in(hint)) is not None:
            together.append(_nested(name, struct))
    together += [check for kind, check in _TOGETHER.items() if issubclass(data, kind)]
    return _Rules(tuple(fields), tuple(together))


def _unread_pattern(hint: Any) -> re.Pattern[str] | None:
    """The pattern that an annotation states and the decoder does not look at, if it has one."""
    for option in (hint, *get_args(hint)):
        for meta in getattr(option, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.pattern is None and (stated := pattern_of(meta)):
                return re.compile(stated)
    return None


def form_fault(hint: Any, value: Any) -> str | None:
    """What is wrong with the form of a text that the decoder takes; None if nothing is."""
    pattern = _unread_pattern(hint)
    if pattern is None or not isinstance(value, str) or pattern.search(value):
        return None
    return _form_detail(pattern)


def _form_detail(pattern: re.Pattern[str]) -> str:
    return f"Expected `str` matching regex {pattern.pattern!r}"


def _struct_in(hint: Any) -> type[Struct] | None:
    """The struct that a field is, or each item of its list; none where it may be several."""
    options = [get_args(o)[0] if get_origin(o) is list else o for o in (hint, *get_args(hint))]
    structs = {o for o in options if isinstance(o, type) and issubclass(o, Struct)}
    return structs.pop() if len(structs) == 1 else None


_RULES: dict[type[Struct], _Rules] = {
    data: _rules_of(data)
    for data in {vocabulary.data_type_of(event) for event in vocabulary.EVENTS}
}
