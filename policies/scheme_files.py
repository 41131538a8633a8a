"""Which files describe a contribution scheme, and the holes that refuse them.

A scheme is a folder `schemes/<scheme>/`, what it collects are folders `components/<component>/` in
it. Folders are written with `_`, the codes that they stand for with `-`.
"""

from collections.abc import Iterator, Mapping

from policies.faults import Fault
from policies.meanings import DEFAULT_SCHEME, HOURLY_MINIMUM, Meaning, faults_of
from policies.parameter import Kind, Parameter

SCHEMES, COMPONENTS = "schemes", "components"

#: The two kinds of schedule.
RATE, BAND = "rate", "band"
#: What a rate is taken of: all pay, pay up to the ceiling, or an income that the law fixes.
PAY, CAPPED_PAY, FLAT_INCOME = "pay", "capped-pay", "flat-income"
#: What a ceiling is applied to, and how one ceiling is shared out.
PER_PLATFORM, PER_WORKER = "per-platform", "per-worker"
PRO_RATA_TO_PAY = "pro-rata-to-pay"
#: What chooses a band: the month's pay, or the tax on twelve times that.
ANNUAL_TAX = "annual-tax"
#: Who owes.
PLATFORM, WORKER = "platform", "worker"
#: Who brings the worker's share to the fund.
WITHHELD_BY_PLATFORM, PAID_BY_WORKER = "withheld-by-platform", "paid-by-worker"
#: How halves and the rest of a division are rounded, and what is rounded.
HALF_UP, HALF_EVEN, DOWN, UP = "half-up", "half-even", "down", "up"
PER_COMPONENT, PER_BRANCH = "component", "branch"

_PERCENT = Meaning(Kind.DECIMAL, unit="percent")
_MONEY = Meaning(Kind.DECIMAL, currency=True)


def _codes(*codes: str) -> Meaning:
    return Meaning(Kind.CODE, codes=frozenset(codes))


#: The files of a scheme: those that each has, and those that some of its components call for.
_ALWAYS = {
    "name": Meaning(Kind.TEXT),
    "kind": _codes(RATE, BAND),
    "collection": _codes(WITHHELD_BY_PLATFORM, PAID_BY_WORKER),
    "rounding.step": _MONEY,
    "rounding.mode": _codes(HALF_UP, HALF_EVEN, DOWN, UP),
    "rounding.unit": _codes(PER_COMPONENT, PER_BRANCH),
}
_CEILING = {
    "ceiling.amount": _MONEY,
    "ceiling.scope": _codes(PER_PLATFORM, PER_WORKER),
    "ceiling.allocation": _codes(PRO_RATA_TO_PAY),
}
_FLAT = {
    "flat_income.multiple": Meaning(Kind.DECIMAL),
    "flat_income.hours_per_year": Meaning(Kind.INTEGER),
}
_COMPONENT = {
    RATE: {
        "base": _codes(PAY, CAPPED_PAY, FLAT_INCOME),
        "platform_rate": _PERCENT,
        "worker_rate": _PERCENT,
    },
    BAND: {
        "bands": Meaning(Kind.BANDS, currency=True),
        "payer": _codes(PLATFORM, WORKER),
        "key": _codes(PAY, ANNUAL_TAX),
    },
}
_OPTIONAL = {"branch": Meaning(Kind.CODE), "key_rate": _PERCENT}
_OF_SCHEME = {**_ALWAYS, **_CEILING, **_FLAT}
_OF_COMPONENT = {**_COMPONENT[RATE], **_COMPONENT[BAND], **_OPTIONAL}


def code_of(folder: str) -> str:
    """The code that a folder stands for: `auto_entrepreneur` is `auto-entrepreneur`."""
    return folder.replace("_", "-")


def folder_of(code: str) -> str:
    """The folder of a code."""
    return code.replace("-", "_")


def scheme_folders(parameters: Mapping[str, Parameter]) -> list[str]:
    """Folders of the schemes that a country describes, sorted."""
    parts = (name.split(".") for name in parameters)
    return sorted({part[1] for part in parts if part[0] == SCHEMES and len(part) > 2})


def component_folders(parameters: Mapping[str, Parameter], scheme: str) -> list[str]:
    """Folders of what a scheme collects, sorted."""
    start = [SCHEMES, scheme, COMPONENTS]
    parts = (name.split(".") for name in parameters)
    return sorted({part[3] for part in parts if part[:3] == start and len(part) > 4})


def scheme_faults(parameters: Mapping[str, Parameter]) -> Iterator[Fault]:
    """Holes and strangers in the schemes of a country, so that no assessment meets them."""
    folders = scheme_folders(parameters)
    for name, parameter in parameters.items():
        if name.startswith(f"{SCHEMES}."):
            yield from _form_faults(name, parameter)
    for folder in folders:
        yield from _Holes(parameters, folder).faults()
    default = parameters.get(DEFAULT_SCHEME)
    for code in _stated(default) - {code_of(folder) for folder in folders}:
        yield Fault(_file(DEFAULT_SCHEME), f"there is no folder schemes/{folder_of(code)}")


def _form_faults(name: str, parameter: Parameter) -> Iterator[Fault]:
    _, _, member = name.split(".", 2) if name.count(".") > 1 else ("", "", "")
    known: Mapping[str, Meaning] = _OF_SCHEME
    if member.startswith(f"{COMPONENTS}."):
        member, known = ".".join(member.split(".")[2:]), _OF_COMPONENT
    meaning = known.get(member)
    if meaning is None:
        yield Fault(_file(name), "not read of a scheme; known here are " + ", ".join(sorted(known)))
    else:
        yield from faults_of(_file(name), parameter, meaning)


class _Holes:
    """Looks for what one scheme lacks."""

    def __init__(self, parameters: Mapping[str, Parameter], folder: str) -> None:
        self._parameters = parameters
        self._start = f"{SCHEMES}.{folder}."
        self._components = component_folders(parameters, folder)

    def faults(self) -> Iterator[Fault]:
        yield from self._missing(self._start, _ALWAYS, "every scheme")
        if not self._components:
            where = _folder(self._start)
            yield Fault(where, f"a scheme collects something: {where}{COMPONENTS}/ is missing")
        for kind in sorted(self._said("kind")):
            for component in self._components:
                yield from self._of_component(kind, f"{self._start}{COMPONENTS}.{component}.")
        yield from self._mixed()
        yield from self._currencies()

    def _mixed(self) -> Iterator[Fault]:
        """A branch that is rounded as a whole needs one base."""
        if PER_BRANCH not in self._said("rounding.unit"):
            return
        bases: dict[str, frozenset[str]] = {}
        for component in self._components:
            start = f"{COMPONENTS}.{component}"
            for branch in self._said(f"{start}.branch") or {code_of(component)}:
                base = self._said(f"{start}.base")
                if bases.setdefault(branch, base) != base:
                    file = _file(f"{self._start}{start}.base")
                    yield Fault(file, f"differs within branch {branch}, which is rounded as one")

    def _of_component(self, kind: str, start: str) -> Iterator[Fault]:
        yield from self._missing(start, _COMPONENT.get(kind, {}), f"a component of kind {kind}")
        base = _stated(self._parameters.get(f"{start}base")) if kind == RATE else frozenset()
        if CAPPED_PAY in base:
            yield from self._missing(self._start, _CEILING, f"base {CAPPED_PAY}")
        if FLAT_INCOME in base:
            yield from self._missing(self._start, _FLAT, f"base {FLAT_INCOME}")
            yield from self._missing("", {HOURLY_MINIMUM: _MONEY}, f"base {FLAT_INCOME}")
        if ANNUAL_TAX in _stated(self._parameters.get(f"{start}key")):
            yield from self._missing(start, {"key_rate": _PERCENT}, f"key {ANNUAL_TAX}")

    def _missing(self, start: str, members: Mapping[str, Meaning], who: str) -> Iterator[Fault]:
        for member in members:
            if f"{start}{member}" not in self._parameters:
                yield Fault(_file(f"{start}{member}"), f"is missing: {who} needs it")

    def _currencies(self) -> Iterator[Fault]:
        """One currency and a step that something can be a multiple of."""
        step = self._parameters.get(f"{self._start}rounding.step")
        if step is not None and any(value.value == 0 for value in step.values):
            yield Fault(_file(step.name), "nothing is a multiple of 0; a step is above it")
        flat = f"{self._start}flat_income.multiple" in self._parameters
        for name, parameter in self._parameters.items():
            ours = name.startswith(self._start) or (flat and name == HOURLY_MINIMUM)
            ours = ours and parameter.currency is not None
            if ours and step is not None and parameter.currency != step.currency:
                yield Fault(_file(name), f"must be in {step.currency}, as {_file(step.name)} is")

    def _said(self, member: str) -> frozenset[str]:
        return _stated(self._parameters.get(f"{self._start}{member}"))


def _stated(parameter: Parameter | None) -> frozenset[str]:
    """Every code that a parameter ever stated."""
    values = () if parameter is None else parameter.values
    return frozenset(value.value for value in values if isinstance(value.value, str))


def _file(name: str) -> str:
    return f"{name.replace('.', '/')}.yaml"


def _folder(start: str) -> str:
    return start.replace(".", "/")
