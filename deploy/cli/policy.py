"""A country's rules: what is in force, and adopting others."""

import asyncio
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.markup import escape

from deploy.acts import Act
from deploy.cli.context import (
    Data,
    SignAs,
    Url,
    act,
    err,
    fail,
    folder_of,
    out,
    stores_of,
    told_plainly,
    url_of,
)
from events.money import from_micros
from policies.bundle import Bundle
from policies.loader import read_folder
from policies.parameter import Mark

if TYPE_CHECKING:
    from services.ledger.change import Change, FloorChange

policy = typer.Typer(help="Show and adopt a country's dated rules.", no_args_is_help=True)

Country = Annotated[str | None, typer.Option(help="ISO 3166 code (default: the folder's name).")]
_ANSWER_SECONDS = 30
#: What has a unit; a code or a text has none to show.
_NUMBER = re.compile(r"[0-9.]+\Z")


@policy.command("adopt")
def policy_adopt(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    country: Country = None,
    yes: Annotated[bool, typer.Option("--yes", help="Adopt; without it nothing is sent.")] = False,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Say which months would change and by how much; with --yes, adopt the folder word for word.

    Months are worked out where the registry's data can be read: in its folder, or with
    SIJILL_DATABASE set.
    """
    with told_plainly():
        bundle = _read(folder, country)
        _tell_changes(bundle, data)
        if not yes:
            fail("nothing was adopted: repeat with --yes to adopt these rules")
        files = dict(bundle.files)
        adopted = {"country": bundle.country, "digest": bundle.digest, "files": files}
        act(data, url, sign_as, Act("policy.adopted", adopted))
        out.print(f"{bundle.country} {bundle.digest}", highlight=False)


def _tell_changes(bundle: Bundle, data: Path | None) -> None:
    # Views and ledger are loaded when they are asked: every process comes through this command.
    from deploy.cli.adopting import preview
    from services.web.problems import Problem

    if "SIJILL_DATABASE" not in os.environ and folder_of(data).running() is None:
        out.print("the registry's data cannot be read from here, so no month was worked out")
        return
    try:
        found = asyncio.run(preview(stores_of(data), bundle, lambda text: err.print(text)))
    except Problem as problem:
        raise ValueError(problem.detail) from problem
    stands = f"instead of {found.adopted}" if found.adopted else "the first of this registry"
    out.print(f"{bundle.country} {bundle.digest}, {stands}", highlight=False, soft_wrap=True)
    for one in found.changes:
        out.print(_changed(one), highlight=False, soft_wrap=True)
    for floor in found.floors:
        line = f"{floor.period} wage floor: {_from_to(floor)} missing over paid and unpaid time"
        out.print(line, highlight=False, soft_wrap=True)
    if not (found.changes or found.floors):
        out.print(f"no month changes, as of position {found.position}", highlight=False)


def _changed(one: "Change") -> str:
    waits = f", {one.waiting} wait for an exchange rate" if one.waiting else ""
    return f"{one.period} {one.scheme}: {_from_to(one)}, {one.workers} workers{waits}"


def _from_to(one: "Change | FloorChange") -> str:
    more = one.after - one.before
    sign = "+" if more >= 0 else ""
    before, after, more_text = (from_micros(size) for size in (one.before, one.after, more))
    return f"{before} -> {after} {one.currency or ''} ({sign}{more_text})"


def _read(folder: Path, country: str | None) -> Bundle:
    return Bundle.from_files((country or folder.resolve().name).upper(), read_folder(folder))


@policy.command("show")
def policy_show(
    folder: Annotated[
        Path | None,
        typer.Argument(
            exists=True, file_okay=False, help="Show these files (default: what is adopted)."
        ),
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day whose values are shown (default: today)."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="What stood adopted at a position or date.")
    ] = None,
    country: Country = None,
    data: Data = None,
    url: Url = None,
) -> None:
    """Print every rule in force on a day, with its source; what is assumed or unknown says so."""
    with told_plainly():
        day = on.date() if on else None
        if folder is not None:
            bundle = _read(folder, country)
            day = day or date.today()  # noqa: DTZ011
            head, rows = f"{bundle.country} {bundle.digest}, not adopted", _of_files(bundle, day)
        else:
            head, rows = _adopted(url_of(folder_of(data), url), day, as_of)
        out.print(escape(head), highlight=False, soft_wrap=True)
        for line in _told(rows):
            out.print(line, highlight=False, soft_wrap=True)


def _of_files(bundle: Bundle, day: date) -> list[dict[str, Any]]:
    from services.query_api.routes.rules import policy_values

    return [_plain(row) for row in policy_values(bundle, day)]


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _adopted(address: str, day: date | None, as_of: str | None) -> tuple[str, list[dict[str, Any]]]:
    asked = {"on": day.isoformat() if day else None, "as_of": as_of}
    params = {name: value for name, value in asked.items() if value is not None}
    answer = httpx.get(f"{address}/v1/policy", params=params, timeout=_ANSWER_SECONDS)
    found = answer.json()
    if answer.is_error:
        raise ValueError(found["detail"])
    head = (
        f"{found['country']} {found['digest']}, adopted at leaf {found['adopted_leaf']}, "
        f"on {found['on']}"
    )
    return head, found["rows"]


def _told(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A rule in two lines or three: what it says since when, where that is written, and a note."""
    for row in rows:
        yield f"\n[bold]{escape(row['parameter'])}[/bold]  {escape(_value(row))}"
        if row["title"]:
            sure = f" ({row['mark']})" if row["mark"] else ""
            yield f"    {escape(row['title'])}; {escape(row['reference'])}{sure}"
        if row["note"]:
            yield f"    {escape(row['note'])}"


def _value(row: Mapping[str, Any]) -> str:
    value = row["value"]
    if value is None:
        return "no value known"
    if isinstance(value, dict):
        value = ", ".join(f"from {one}: {amount}" for one, amount in value.items())
    since = f", since {row['since']}" if row["since"] else ""
    assumed = " [DEFAULT]" if row["mark"] == Mark.ASSUMED else ""
    unit = f" {row['unit']}" if _NUMBER.match(str(value)) or isinstance(row["value"], dict) else ""
    unit = unit.replace("currency", row["currency"] or "currency")
    return f"{value}{unit}{since}{assumed}"
