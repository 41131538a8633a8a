"""A country's contribution schemes as they stand on a day: every value with its path and source."""

from dataclasses import dataclass
from datetime import date

from policies.bundle import Bundle
from policies.meanings import DEFAULT_SCHEME, HOURLY_MINIMUM
from policies.parameter import Value
from policies.scheme_files import (
    COMPONENTS,
    SCHEMES,
    code_of,
    component_folders,
    folder_of,
    scheme_folders,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A parameter that a scheme uses and what it said on the day; `stated.value` None: unknown."""

    path: str
    stated: Value


@dataclass(frozen=True, slots=True)
class Component:
    """What a scheme collects: by rates of a base, or by bands. `branch` is its own unless stated.

    Terms of the other kind of schedule state no value.
    """

    code: str
    branch: str
    base: Term
    platform_rate: Term
    worker_rate: Term
    bands: Term
    payer: Term
    key: Term
    key_rate: Term


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme on one day. `currency`: that of its rounding step, None where it states none."""

    code: str
    currency: str | None
    name: Term
    kind: Term
    collection: Term
    step: Term
    mode: Term
    unit: Term
    ceiling: Term
    scope: Term
    allocation: Term
    hourly_minimum: Term
    hours_per_year: Term
    multiple: Term
    components: tuple[Component, ...]


def scheme_codes(bundle: Bundle) -> tuple[str, ...]:
    """Codes of the schemes that a country describes, sorted."""
    return tuple(code_of(folder) for folder in scheme_folders(bundle.parameters))


def default_scheme(bundle: Bundle, day: date) -> Term:
    """The scheme of a worker to whom none is assigned."""
    return _term(bundle, DEFAULT_SCHEME, day)


def scheme_on(bundle: Bundle, code: str, day: date) -> Scheme | None:
    """What a scheme said on a day; None if the country describes no such scheme."""
    folder = folder_of(code)
    if folder not in scheme_folders(bundle.parameters):
        return None
    start = f"{SCHEMES}.{folder}."
    step = bundle.parameters.get(f"{start}rounding.step")

    def term(member: str) -> Term:
        return _term(bundle, f"{start}{member}", day)

    return Scheme(
        code=code,
        currency=None if step is None else step.currency,
        name=term("name"),
        kind=term("kind"),
        collection=term("collection"),
        step=term("rounding.step"),
        mode=term("rounding.mode"),
        unit=term("rounding.unit"),
        ceiling=term("ceiling.amount"),
        scope=term("ceiling.scope"),
        allocation=term("ceiling.allocation"),
        hourly_minimum=_term(bundle, HOURLY_MINIMUM, day),
        hours_per_year=term("flat_income.hours_per_year"),
        multiple=term("flat_income.multiple"),
        components=tuple(
            _component(bundle, start, one, day)
            for one in component_folders(bundle.parameters, folder)
        ),
    )


def _component(bundle: Bundle, start: str, folder: str, day: date) -> Component:
    def term(member: str) -> Term:
        return _term(bundle, f"{start}{COMPONENTS}.{folder}.{member}", day)

    code, branch = code_of(folder), term("branch").stated.value
    return Component(
        code=code,
        branch=branch if isinstance(branch, str) else code,
        base=term("base"),
        platform_rate=term("platform_rate"),
        worker_rate=term("worker_rate"),
        bands=term("bands"),
        payer=term("payer"),
        key=term("key"),
        key_rate=term("key_rate"),
    )


def _term(bundle: Bundle, path: str, day: date) -> Term:
    return Term(path, bundle.at(path, day))
