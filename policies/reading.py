"""One policy file to one parameter, in the shape that OpenFisca's parameter files have.

description: what it is
metadata: {type: decimal, unit: currency/hour, currency: MAD}
values:
  2015-07-01: {value: "13.46", title: ..., reference: ..., note: ..., mark: verified}
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from yaml import MappingNode, Node, ScalarNode

from policies.document import compose
from policies.faults import Fault, PolicyError
from policies.parameter import Bands, Kind, Mark, Parameter, Scalar, Value

#: Characters of one text in a policy file.
TEXT_CHARS_MAX = 512

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NULL, _STR, _INT = (f"tag:yaml.org,2002:{name}" for name in ("null", "str", "int"))
_Word = TypeVar("_Word", bound=StrEnum)
_FORMS: dict[Kind, tuple[str, re.Pattern[str], str]] = {
    Kind.DECIMAL: (
        _STR,
        re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,10})?"),
        'a decimal is written with a point and in quotes, like "13.46"',
    ),
    Kind.INTEGER: (
        _INT,
        re.compile(r"0|[1-9][0-9]{0,8}"),
        "an integer is written in digits without quotes, like 7",
    ),
    Kind.CODE: (
        _STR,
        re.compile(r"[a-z0-9][a-z0-9._-]{0,62}"),
        "a code is written in small letters, digits and hyphens; quote it if it looks like YAML",
    ),
}


def read(file: str, text: str) -> Parameter:
    """The parameter that a file states; its name is the file's path with dots.

    Raises PolicyError with every fault of the file.
    """
    reader = _Reader(file)
    parameter = reader.parameter(compose(file, text))
    if parameter is None or reader.faults:
        raise PolicyError(reader.faults)
    return parameter


class _Reader:
    """Walks one file and gathers its faults; each method gives None where it noted one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def parameter(self, root: Node) -> Parameter | None:
        parts = self.mapping(root, "", ("description", "metadata", "values"))
        metadata_node = parts.get("metadata")
        metadata = (
            self.mapping(metadata_node, "metadata", ("type", "unit"), ("currency",))
            if metadata_node
            else {}
        )
        kind = self.word(metadata.get("type"), "metadata.type", Kind)
        description = self.text(parts.get("description"), "description")
        unit = self.text(metadata.get("unit"), "metadata.unit")
        currency = self.currency(metadata.get("currency"))
        values = self.values(parts.get("values"), kind)
        if kind is None or description is None or unit is None or not values:
            return None
        name = self.file.removesuffix(".yaml").replace("/", ".")
        return Parameter(
            name, description, kind, unit, currency, tuple(values), (*values.values(),)
        )

    def values(self, node: Node | None, kind: Kind | None) -> dict[date, Value]:
        if node is None:
            return {}
        if isinstance(node, MappingNode) and not node.value:
            self.fault(node, "values", "at least one dated value is needed")
        values: dict[date, Value] = {}
        newest: date | None = None
        for word, (place, entry) in self.entries(node, "values").items():
            day = self.day(place, word, newest)
            newest = day or newest
            value = self.value(entry, _join("values", word), kind, day)
            if day and value:
                values[day] = value
        return values

    def day(self, place: Node, word: str, newest: date | None) -> date | None:
        key = _join("values", word)
        try:
            day = date.fromisoformat(word) if _DAY.fullmatch(word) else None
        except ValueError:
            day = None
        if day is None:
            self.fault(place, key, "not a day; write it like 2015-07-01")
        elif newest and day <= newest:
            self.fault(place, key, f"stands after {newest}; write the days in order, each once")
            return None
        return day

    def value(self, node: Node, key: str, kind: Kind | None, day: date | None) -> Value | None:
        before = len(self.faults)
        parts = self.mapping(node, key, ("value", "title", "reference"), ("note", "mark"))
        title, reference, note = (
            self.text(parts.get(part), f"{key}.{part}") for part in ("title", "reference", "note")
        )
        mark = self.word(parts.get("mark"), f"{key}.mark", Mark)
        stated = parts.get("value")
        if stated and stated.tag == _NULL and "note" not in parts:
            self.fault(stated, f"{key}.value", "no value is given; say why in a note")
        scalar = self.scalar(stated, f"{key}.value", kind)
        if len(self.faults) > before:
            return None
        return Value(scalar, day, title, reference, note, mark)

    def scalar(self, node: Node | None, key: str, kind: Kind | None) -> Scalar | None:
        if node is None or kind is None or node.tag == _NULL:
            return None
        if kind is Kind.TEXT:
            return self.text(node, key)
        if kind is Kind.BANDS:
            return self.bands(node, key)
        tag, pattern, remedy = _FORMS[kind]
        if not isinstance(node, ScalarNode):
            self.fault(node, key, remedy)
            return None
        if node.tag != tag or not pattern.fullmatch(node.value):
            found = node.tag.rpartition(":")[2]
            self.fault(node, key, f"{_shown(node.value)} (YAML {found}) is refused; {remedy}")
            return None
        made: Mapping[Kind, type[Scalar]] = {Kind.DECIMAL: Decimal, Kind.INTEGER: int}
        return made.get(kind, str)(node.value)

    def bands(self, node: Node, key: str) -> Bands | None:
        """Thresholds from zero up to amounts: no value of the key is without its band."""
        bands: list[tuple[Decimal, Decimal]] = []
        for word, (place, entry) in self.entries(node, key).items():
            threshold = self.scalar(place, key, Kind.DECIMAL)
            amount = self.scalar(entry, _join(key, word), Kind.DECIMAL)
            if isinstance(threshold, Decimal) and isinstance(amount, Decimal):
                bands.append((threshold, amount))
        thresholds = [threshold for threshold, _ in bands]
        if thresholds[:1] != [Decimal(0)]:
            self.fault(node, key, 'bands begin at "0": what is below the first one has no amount')
        if any(second <= first for first, second in pairwise(thresholds)):
            self.fault(node, key, "write the bands from the lowest threshold up, each once")
        return tuple(bands)

    def text(self, node: Node | None, key: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.tag != _STR:
            self.fault(node, key, "not text; put it in quotes")
            return None
        words = " ".join(node.value.split())
        if not words or len(words) > TEXT_CHARS_MAX or not words.isprintable():
            self.fault(
                node, key, f"text has 1 to {TEXT_CHARS_MAX} printable characters, this has not"
            )
            return None
        return words

    def word(self, node: Node | None, key: str, words: type[_Word]) -> _Word | None:
        if node is None:
            return None
        if isinstance(node, ScalarNode) and node.value in set(words):
            return words(node.value)
        self.fault(node, key, "must be one of " + ", ".join(words))
        return None

    def currency(self, node: Node | None) -> str | None:
        code = self.text(node, "metadata.currency")
        if node and code and not _CURRENCY.fullmatch(code):
            self.fault(node, "metadata.currency", "not an ISO 4217 code, like MAD")
            return None
        return code

    def mapping(
        self, node: Node, key: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, Node]:
        entries = self.entries(node, key)
        known = (*required, *optional)
        for word, (place, _) in entries.items():
            if word not in known:
                self.fault(place, _join(key, word), "unknown key; known are " + ", ".join(known))
        if isinstance(node, MappingNode):
            for word in required:
                if word not in entries:
                    self.fault(node, _join(key, word), "is missing")
        return {word: entry for word, (_, entry) in entries.items() if word in known}

    def entries(self, node: Node, key: str) -> dict[str, tuple[Node, Node]]:
        """The entries of a mapping by key, each with the node of its key, which has the line."""
        if not isinstance(node, MappingNode):
            self.fault(node, key, "must be keys with values (`key: value`)")
            return {}
        entries: dict[str, tuple[Node, Node]] = {}
        for place, entry in node.value:
            if not isinstance(place, ScalarNode):
                self.fault(place, key, "a key must be one word or day")
            elif place.value in entries:
                self.fault(place, _join(key, place.value), "stands twice; keep one")
            else:
                entries[place.value] = (place, entry)
        return entries

    def fault(self, node: Node, key: str, message: str) -> None:
        self.faults.append(Fault(self.file, message, node.start_mark.line + 1, key))


def _join(key: str, word: str) -> str:
    return f"{key}.{_shown(word)}" if key else _shown(word)


def _shown(text: str) -> str:
    """Text from a file, short and safe to print."""
    return text if len(text) <= 40 and text.isprintable() else ascii(text[:40])
