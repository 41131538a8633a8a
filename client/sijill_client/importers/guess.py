"""A first mapping for a table that nobody has seen: names and values are looked at, and whatever is
no more than a guess says so. People decide; the mapping is for them to read."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sijill_client.errors import UnreadableFile
from sijill_client.importers import json_rows, parquet, workbook
from sijill_client.importers.detect import table_format
from sijill_client.importers.guess_words import NAMES, WORDS
from sijill_client.importers.mapping import MEANINGS, ROLES
from sijill_client.importers.money import read_decimal_comma, read_money
from sijill_client.importers.scalars import read_seconds, with_comma
from sijill_client.importers.source import Source, sources
from sijill_client.importers.table import cell, places_of, plain_word, read_table
from sijill_client.importers.terms import PURPOSES, TERMS
from sijill_client.importers.times import TimeForm, read_time

#: Rows that are looked at, and words of a status column that are listed.
ROWS = 5_000
STATUS_WORDS_MAX = 30
_SAMPLES = 3
_SAMPLE_CHARS = 40
#: Of a cell; longer ones are texts, and tell nothing.
_KEPT_CHARS = 64
_TERM_EXAMPLES: Mapping[str, str] = {
    "contract_total_rule": "number of approved tasks times unit pay",
    "contract_final_client": "Example Vision Ltd",
    "contract_recourse": "https://example.com/complaints",
    "contract_processing_platform": "Example Tasks",
    "contract_data_purpose": f"training  # {', '.join(PURPOSES)}",
    "contract_content_warnings": "violence, nudity",
    "contract_instructions_version": "3",
}
_TIME_ROLES = frozenset(("started", "submitted", "decided", "approved", "rejected"))


@dataclass(slots=True)
class _Column:
    """A column, what stands in it, and the role it seems to have."""

    name: str
    samples: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    filled: int = 0

    def see(self, text: str) -> None:
        """Looks at a cell."""
        self.filled += 1
        self.samples.append(text)
        if len(self.words) <= STATUS_WORDS_MAX:
            self.words[text] += 1

    def reads(self, read: Callable[[str], object]) -> bool:
        """Whether everything that was seen can be read so."""
        try:
            for text in self.samples:
                read(text)
        except ValueError:
            return False
        return bool(self.samples)


def guess_mapping(path: Path) -> str:
    """The text of a first mapping; `UnreadableFile` if the file is no table."""
    source = next(iter(sources(path, _unseen)))
    seen = 0
    with _rows(source) as (header, rows, notes):
        columns = [_Column(name) for name in header]
        for cells in islice(rows, ROWS):
            seen += 1
            for place, column in enumerate(columns):
                if text := cell(cells, place):
                    column.see(text[:_KEPT_CHARS])
    return "\n".join(_lines(_shown(path.name), columns, seen, _known(header), notes)) + "\n"


@contextmanager
def _rows(source: Source) -> Iterator[tuple[list[str], Iterator[list[str]], list[str]]]:
    """The columns, the cells of the rows that can be read, and what is not read."""
    if source.is_parquet:
        with parquet.table(source, _unseen) as (header, records):
            yield header, (one.cells for one in records), []
    elif source.is_workbook:
        with workbook.table(source, _unseen) as sheet:
            yield sheet.header, (one.cells for one in sheet.records), list(sheet.notes())
    elif json_rows.looks_like_json(source.text_head):
        with source.text(_unseen) as text:
            names = list(json_rows.columns_seen(text))
        with source.text(_unseen) as text:
            found = (
                json_rows.flat(one) for _, one in json_rows.objects(text) if isinstance(one, dict)
            )
            yield names, ([row.get(name, "") for name in names] for row in found), []
    else:
        table = read_table(source)
        with table.records(_unseen) as records:
            notes = [f"the header is line {table.line}"] if table.above else []
            yield table.header, (one.cells for one in records if one.fault is None), notes


def _unseen(more: int) -> None:
    """Nobody waits for a look."""


def _known(header: Sequence[str]) -> str | None:
    """The format that needs no mapping."""
    try:
        return table_format(places_of(list(header)), "auto").name
    except UnreadableFile:
        return None


def _lines(
    name: str, columns: list[_Column], rows: int, known: str | None, notes: Sequence[str]
) -> Iterator[str]:
    yield f"# How to read {name}. A first mapping, guessed from {rows:,} rows: check every line,"
    yield f"# then try it:  sijill push {name} --map THIS_FILE --as KEYFILE --dry-run"
    if known:
        yield f"# This file looks like an export of {known}, which needs no mapping at all."
    yield from (f"# Of this file {note}." for note in notes)
    roles = _roles(columns)
    yield "\n# Which column holds what. Take out the # where a line is right but not guessed."
    yield "columns:"
    needed = {"worker"} if roles.keys() & {"started", "submitted"} else {"worker", "submitted"}
    for role in ROLES:
        yield _role_line(role, roles.get(role), role in needed)
    yield from _status_lines(roles.get("status"))
    yield from _time_lines([one for role, one in roles.items() if role in _TIME_ROLES])
    yield from _number_lines(roles)
    yield "\n# What is the same for all rows and stands in no column."
    if "amount" in roles and "currency" not in roles:
        yield from ("values:", f"  currency: {_currency_of(roles['amount'].name)}")
    else:
        yield from ("# values:", "#   currency: MAD")
    yield from ("#   task_group: ai-training", "#   residence: MA")
    yield from _contract_lines()
    yield "\n# everywhere: a worker's id is the same person in all your files."
    yield "# this-file: it is a running number that means nothing outside this file."
    yield "workers: everywhere"
    yield from _unused(columns, roles)


def _contract_lines() -> Iterator[str]:
    """Where the legal terms go: no export has all of them."""
    yield "# The terms of contracts: a column each (above), or here what is the same for all. A"
    yield "# contract without a legal term is flagged; without contract_created none is published."
    yield "#   contract_created: 2026-03-01 08:00 +01:00"
    yield "#   contract_unit_pay: 0.50"
    yield from (f"#   {term}: {_TERM_EXAMPLES[term]}" for term in TERMS)


def _roles(columns: list[_Column]) -> dict[str, _Column]:
    """The likeliest column of each role; a column has one role at most."""
    found: dict[str, _Column] = {}
    free = list(columns)
    for role, pattern in NAMES.items():
        fits = (
            one
            for way in pattern.split()
            for one in free
            if re.fullmatch(way, _bare(one.name)) and _plausible(role, one)
        )
        if (best := next(fits, None)) is not None:
            found[role] = best
            free.remove(best)
    return found | _times_by_values(found, free) | _status_by_values(found, free)


def _times_by_values(found: Mapping[str, _Column], free: Sequence[_Column]) -> dict[str, _Column]:
    """Where no name tells a time: of columns that hold times the last is the latest."""
    if found.keys() & {"started", "submitted"}:
        return {}
    times = [one for one in free if _time_form(one) is not None]
    return dict(zip(("submitted", "started"), times[1::-1], strict=False))


def _status_by_values(found: Mapping[str, _Column], free: Sequence[_Column]) -> dict[str, _Column]:
    """Where no name tells it: a column most of whose words are known, one of them a verdict."""
    for one in free if "status" not in found else ():
        known = [_meaning(word) for word in one.words]
        sure = sum(meaning is not None for meaning in known)
        if set(known) & {"approved", "rejected"} and 2 * sure > len(known) <= STATUS_WORDS_MAX:
            return {"status": one}
    return {}


def _bare(name: str) -> str:
    """`AssignmentID`, `ASSIGNMENT:assignment_id`, `assignment id` alike; `Durée (s)` is `duree`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"[(\[].*?[)\]]", "", name).strip())
    return re.sub(r"[^a-z0-9]+", "_", _folded(words).rpartition(":")[2]).strip("_")


def _folded(text: str) -> str:
    """Small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in apart if not unicodedata.combining(one))


def _plausible(role: str, column: _Column) -> bool:
    if role in _TIME_ROLES:
        return not column.samples or _time_form(column) is not None
    if role == "amount":
        return not column.samples or column.reads(read_money) or column.reads(read_decimal_comma)
    if role == "seconds":
        return not column.samples or column.reads(with_comma(read_seconds))
    if role == "status":
        return len(column.words) <= STATUS_WORDS_MAX
    return True


def _time_form(column: _Column) -> TimeForm | None:
    """The first way in which all that was seen can be read as times."""
    ways = (
        TimeForm(),
        TimeForm(order="day-first"),
        TimeForm(epoch="seconds"),
        TimeForm(epoch="milliseconds"),
    )
    for form in ways:
        try:
            if column.samples and all(read_time(text, form) for text in column.samples):
                return form
        except (ValueError, OverflowError):
            continue
    return None


def _role_line(role: str, column: _Column | None, needed: bool) -> str:
    if column is None:
        return f"  {role}: ???  # no column looks like it" if needed else f"#  {role}:"
    note = (
        " never e-mail addresses: better an id" if any("@" in one for one in column.samples) else ""
    )
    return f"  {role}: {_quoted(column.name)}  # {_seen(column) or 'empty'}{note}"


def _status_lines(column: _Column | None) -> Iterator[str]:
    yield f"\n# What each word of the status means: {', '.join(MEANINGS)}."
    if column is None:
        yield "# status:"
        return
    yield "status:"
    for word, times in column.words.most_common(STATUS_WORDS_MAX):
        yield f"  {_quoted(word)}: {_meaning(word) or '???'}  # {times:,} rows"


def _meaning(word: str) -> str | None:
    """What a status of this name most likely means."""
    return next((one for one, way in WORDS.items() if _is_word(way, word)), None)


def _is_word(way: str, word: str) -> bool:
    return re.fullmatch(way, plain_word(_folded(word))) is not None


def _time_lines(columns: list[_Column]) -> Iterator[str]:
    forms = [form for one in columns if (form := _time_form(one)) is not None]
    day_first = any(form.order == "day-first" for form in forms)
    slashes = any("/" in text for one in columns for text in one.samples)
    epoch = next((form.epoch for form in forms if form.epoch), None)
    yield "\n# Times. Those that name no zone are UTC, counted as assumed, unless you name theirs."
    yield "times:"
    sure = "" if day_first or not slashes else "  # ??? 4/5/2026 may be the fourth of May"
    yield f"  order: {'day-first' if day_first else 'month-first'}{sure}"
    if epoch:
        yield f"  numbers: {epoch}"
    yield "#  zone: Africa/Casablanca"


def _number_lines(roles: Mapping[str, _Column]) -> Iterator[str]:
    amount, seconds = roles.get("amount"), roles.get("seconds")
    comma = amount is not None and not amount.reads(read_money) and bool(amount.samples)
    minutes = seconds is not None and "min" in seconds.name.casefold()
    yield "\nnumbers:"
    yield f"  decimal: {'comma' if comma else 'point'}"
    yield f"  time_unit: {'minutes' if minutes else 'seconds'}"


def _currency_of(name: str) -> str:
    """The code in an amount's own name: `Pay (MAD)`."""
    found = re.search(r"(?<![A-Za-z])([A-Z]{3}|usd|eur|mad|gbp)(?![A-Za-z])", name)
    return f"{found[0].upper()}  # from the column's name" if found else "???  # the ISO 4217 code"


def _unused(columns: list[_Column], roles: Mapping[str, _Column]) -> Iterator[str]:
    used = {id(one) for one in roles.values()}
    left = [one for one in columns if id(one) not in used and one.name.strip()]
    if left:
        yield "\n# Columns that are not used, nor sent:"
    for one in left:
        yield f"#   {_shown(one.name)}: {_seen(one)}"


def _seen(column: _Column) -> str:
    """A few of the values that stand in it."""
    return ", ".join(_shown(text) for text in list(dict.fromkeys(column.samples))[:_SAMPLES])


def _shown(text: str) -> str:
    plain = "".join(one if one.isprintable() else " " for one in text)
    return plain if len(plain) <= _SAMPLE_CHARS else plain[: _SAMPLE_CHARS - 1] + "…"


def _quoted(text: str) -> str:
    """The text as YAML reads it back: bare if it is a plain word, in double quotes if not."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_. ]*(?<! )", text):
        return text
    plain = "".join(one if one.isprintable() else " " for one in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
