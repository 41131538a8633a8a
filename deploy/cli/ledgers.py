"""Contributions: regimes, persons, closings, remittances, a copy, why an entry stands."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.acts import Act, send_acts
from deploy.asking import Asking, Refusal, asking
from deploy.cli.authority import fund
from deploy.cli.context import (
    EXIT_FAILED,
    Data,
    SignAs,
    Url,
    fail,
    folder_of,
    out,
    signer_of,
    told_plainly,
    url_of,
)
from deploy.cli.readers import bar
from deploy.cli.reasons import cause_lines, why_lines
from deploy.keyfiles import KeyFile
from deploy.pulling import Copy, prove, pull, read_copy

scheme = typer.Typer(help="Assign contribution schemes.", no_args_is_help=True)
worker = typer.Typer(help="Link pseudonyms to persons.", no_args_is_help=True)
period = typer.Typer(help="Close months of a ledger.", no_args_is_help=True)
remittance = typer.Typer(help="Record what platforms paid.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="PLATFORM/PSEUDONYM.")]
_DAY = ["%Y-%m-%d"]


def _pseudonym(text: str) -> dict[str, str]:
    platform, _, pseudonym = text.partition("/")
    if not (platform and pseudonym):
        raise ValueError(f"{text!r} must be PLATFORM/PSEUDONYM")
    return {"platform": platform, "worker": pseudonym}


def _effect(
    data: Path | None, url: str | None, key_file: Path | None, type_: str, said: Mapping[str, Any]
) -> None:
    """Send one act, wait until it is folded, and say plainly if it has no effect."""
    folder = folder_of(data)
    signer, address = signer_of(folder, key_file), url_of(folder, url)
    stated = {name: value for name, value in said.items() if value is not None}
    sent = send_acts([Act(type_, stated)], signer, address)
    with asking(address, signer) as api:
        wrong = api.effect_of(sent.submission)
    if wrong:
        fail(f"leaf {sent.leaf_index} has no effect. {' '.join(wrong)}", EXIT_FAILED)
    out.print(f"leaf {sent.leaf_index}: {type_}", highlight=False)


@scheme.command("assign")
def scheme_assign(
    scheme_: Annotated[str, typer.Argument(metavar="SCHEME", help="The scheme's code.")],
    day_from: Annotated[datetime, typer.Option("--from", formats=_DAY, help="First pay day.")],
    worker_: Annotated[
        str | None, typer.Option("--worker", help="PLATFORM/PSEUDONYM who stands under it.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="Or the person, on all platforms.")] = None,
    day_to: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last pay day (default: none).")
    ] = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Say under which scheme a worker, or a person on all platforms, stands from a day on."""
    with told_plainly():
        if (worker_ is None) == (person is None):
            raise ValueError("state either --worker PLATFORM/PSEUDONYM or --person")
        about = {"person": person} if worker_ is None else _pseudonym(worker_)
        last = None if day_to is None else day_to.date().isoformat()
        days = {"day_from": day_from.date().isoformat(), "day_to": last}
        _effect(data, url, sign_as, "scheme.assigned", {"scheme": scheme_, **days, **about})


@worker.command("link")
def worker_link(
    who: Who,
    person: Annotated[str, typer.Argument(help="The person's id, which means nothing by itself.")],
    reason: Annotated[str | None, typer.Option(help="A code.")] = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Say that a pseudonym is a person; two pseudonyms of one person are assessed together."""
    with told_plainly():
        said = {**_pseudonym(who), "person": person, "reason_code": reason}
        _effect(data, url, sign_as, "identity.linked", said)


@worker.command("unlink")
def worker_unlink(
    who: Who,
    person: Annotated[str, typer.Argument(help="The person that it is not.")],
    reason: Annotated[str | None, typer.Option(help="A code.")] = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Say that a pseudonym is not that person."""
    with told_plainly():
        said = {**_pseudonym(who), "person": person, "reason_code": reason}
        _effect(data, url, sign_as, "identity.unlinked", said)


@remittance.command("record")
def remittance_record(
    scheme_: Annotated[str, typer.Argument(metavar="SCHEME")],
    platform: Annotated[str, typer.Argument(help="Who paid.")],
    period_: Annotated[str, typer.Argument(metavar="PERIOD", help="YYYY-MM that it is for.")],
    amount: Annotated[str, typer.Argument(help="Decimal, such as 1234.56.")],
    received_on: Annotated[datetime, typer.Option(formats=_DAY, help="The day it arrived.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "MAD",
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Record what a platform paid to a scheme (the fund's act, or the authority's)."""
    with told_plainly():
        paid = {"amount": amount, "currency": currency}
        day = {"received_on": received_on.date().isoformat()}
        said = {"scheme": scheme_, "platform": platform, "period": period_, **paid, **day}
        _effect(data, url, sign_as, "remittance.received", said)


@period.command("close")
def period_close(
    scheme_: Annotated[str, typer.Argument(metavar="SCHEME")],
    period_: Annotated[str, typer.Argument(metavar="PERIOD", help="YYYY-MM.")],
    yes: Annotated[bool, typer.Option("--yes", help="Close; without it only show.")] = False,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Show a month's statement; with --yes sign and send it. A closed month never changes."""
    with told_plainly():
        folder = folder_of(data)
        signer, address = signer_of(folder, sign_as), url_of(folder, url)
        with asking(address, signer) as api:
            draft = api.document(f"/v1/funds/{scheme_}/statements/{period_}")
        _show(draft)
        if draft["closed"]:
            fail(f"{period_} is closed already, by entry {draft['closed_entry']}", EXIT_FAILED)
        if not yes:
            out.print("nothing was closed: add --yes to close by this statement")
            return
        _effect(data, address, sign_as, "period.closed", _closing(draft))


def _closing(draft: Mapping[str, Any]) -> dict[str, Any]:
    statement = draft["statement"]
    named = ("scheme", "period", "after", "basis", "entries")
    said = {name: statement[name] for name in named}
    return {**said, "statement": draft["digest"], "totals": statement["movements"]}


def _show(draft: Mapping[str, Any]) -> None:
    statement = draft["statement"]
    first, last = statement["first_entry"], statement["last_entry"]
    count = f"{statement['entries']} entries" + (f", {first} to {last}" if first else "")
    out.print(f"{statement['scheme']} {statement['period']}: {count}", highlight=False)
    for one in statement["movements"]:
        sides = f"debit {one['debit']}, credit {one['credit']}"
        out.print(f"  {one['account']}: {sides} {one['currency']}", highlight=False)
    out.print(f"  entries {statement['entries_sha256']}", highlight=False)
    out.print(f"  statement {draft['digest']} at position {statement['basis']}", highlight=False)


@fund.command("pull")
def fund_pull(
    scheme_: Annotated[str, typer.Argument(metavar="SCHEME")],
    to: Annotated[Path, typer.Option(help="Folder of the copy; a file for each scheme.")],
    since: Annotated[
        int, typer.Option(min=0, help="Begin a new copy behind this entry number.")
    ] = 0,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Keep a copy of a scheme's ledger, go on where it ended, and prove it by the statements."""
    with told_plainly():
        folder = folder_of(data)
        copy = read_copy(to / f"{scheme_}.ndjson")
        signer = signer_of(folder, sign_as)
        with asking(url_of(folder, url), signer) as api:
            _pull(api, scheme_, copy, since)


def _pull(api: Asking, name: str, copy: Copy, since: int) -> None:
    had = copy.last
    with bar("pulling entries") as tell:
        last = pull(api, name, copy, since, lambda number: tell(number, None))
    out.print(f"{copy.path}: entries up to {last}, {last - max(had, since)} new", highlight=False)
    for month, totals in sorted(copy.periods.items()):
        for (account, currency), (debit, credit) in sorted(totals.moved.items()):
            sides = f"debit {debit:f}, credit {credit:f} {currency}"
            out.print(f"  {month} {account}: {sides}", highlight=False)
    proven = prove(api, name, copy)
    for month in sorted(copy.periods):
        word = "proven by its statement" if month in proven else "not closed yet"
        if month in copy.closings and month not in proven:
            word = "closed; it begins before this copy, so nothing is proven"
        out.print(f"  {month}: {word}", highlight=False)


def explain(
    entry: Annotated[str, typer.Argument(help="SCHEME/NUMBER of an entry.")],
    all_: Annotated[
        bool, typer.Option("--all", help="Every payment behind it, not the newest 100 alone.")
    ] = False,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Lead from an entry to its posting, policy, assessment, payments and signed bytes."""
    with told_plainly():
        scheme_, _, number = entry.partition("/")
        if not (scheme_ and number.isdecimal()):
            raise ValueError(f"{entry!r} must be SCHEME/NUMBER")
        folder = folder_of(data)
        signer: KeyFile = signer_of(folder, sign_as)
        path = f"/v1/explain/entries/{scheme_}/{number}"
        with asking(url_of(folder, url), signer) as api:
            document = api.document(path)
            _tell(why_lines(document))
            _tell(line for page in _pages(api, path, document, all_) for line in cause_lines(page))
            _tell_signed(api, path, document)


def _pages(
    api: Asking, path: str, first: Mapping[str, Any], every: bool
) -> Iterator[Mapping[str, Any]]:
    """The pages of payments; the first alone unless all are asked for."""
    page = first
    yield page
    while every and page["next"]:
        page = api.document(path, cursor=page["next"])
        yield page
    if page["next"]:
        shown = len(first["causes"])
        _tell([f"  {shown} of {first['causes_total']} payments shown: add --all for the others"])


def _tell(lines: Iterable[str]) -> None:
    # Hashes and JSON are to be copied: no line of them is broken.
    for line in lines:
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def _tell_signed(api: Asking, path: str, document: Mapping[str, Any]) -> None:
    _tell([json.dumps(document["event"], ensure_ascii=False)])
    try:
        signed = api.get(f"{path}/bytes")
    except Refusal as refused:
        _tell([f"signed bytes: {refused}"])
        return
    token = signed.headers["Submission-Signature"][:40]
    leaf = document["leaf_index"]
    _tell([f"signed bytes: {len(signed.content)} bytes, leaf {leaf}, token {token}…"])
