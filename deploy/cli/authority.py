"""Acts of the authority: platforms, funds, keys, rates, quarantine."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import asyncpg
import httpx
import msgspec
import typer

from deploy.acts import Act, ActRefused, check_tax_id, emitter_id, salted_digest
from deploy.cli.context import (
    Data,
    SignAs,
    Url,
    act,
    fail,
    folder_of,
    out,
    stores_of,
    told_plainly,
    url_of,
)
from deploy.establish import Founding, establish, is_same
from deploy.keyfiles import write_key
from deploy.processes.settings import read_clock, read_keys, read_stores
from events.jose import PrivateKey
from migrations.roles import OPERATOR

authority = typer.Typer(help="Establish a registry.", no_args_is_help=True)
platform = typer.Typer(help="Register, rename and observe platforms.", no_args_is_help=True)
fund = typer.Typer(help="Register social security funds.", no_args_is_help=True)
key = typer.Typer(help="Add and revoke keys.", no_args_is_help=True)
rate = typer.Typer(help="Publish exchange rates.", no_args_is_help=True)

KeyOut = Annotated[
    Path, typer.Option("--key-out", help="Where the new private key is written, mode 0600.")
]
Id = Annotated[str | None, typer.Option("--id", help="The emitter's id (default: from the name).")]


@authority.command("establish")
def authority_establish(
    name: Annotated[str, typer.Option(help="Who keeps this registry.")],
    country: Annotated[str, typer.Option(help="ISO 3166 code.")] = "MA",
    time_zone: Annotated[str, typer.Option(help="IANA zone; never changes.")] = "Africa/Casablanca",
) -> None:
    """Write leaf 0 into an empty log, with new keys in SIJILL_KEYS. `sijill up` does so itself.

    Safe to repeat with the same words and keys; a second establishment is refused.
    """
    with told_plainly():
        stores, keys, clock = read_stores(), read_keys(), read_clock()
        founding = Founding(name, country, time_zone)
        stands = asyncio.run(establish(stores, keys, founding, clock()))
        if stands is None:
            out.print("established: leaf 0 is on its way")
        elif is_same(stands, keys, founding):
            out.print("established already: nothing was done")
        else:
            raise ValueError(
                f"this log has a leaf 0 already, or one on its way: {stands.name}, "
                f"{stands.country}, {stands.time_zone}; that never changes"
            )


@platform.command("add")
def platform_add(
    name: Annotated[str, typer.Argument(help="The platform's name.")],
    key_out: KeyOut,
    tax_id: Annotated[str | None, typer.Option(help="Its tax id (Morocco: ICE).")] = None,
    legal_representative: Annotated[
        str | None,
        typer.Option(help="Name of its legal representative; kept in the vault, never in the log."),
    ] = None,
    country: Annotated[str, typer.Option(help="ISO 3166 code.")] = "MA",
    id_: Id = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Register a platform and make its first key."""
    with told_plainly():
        if (tax_id is None) == (legal_representative is None):
            raise ValueError("state either --tax-id or --legal-representative")
        registered: dict[str, object] = {
            "emitter": id_ or emitter_id(name),
            "name": name,
            "country": country,
        }
        if tax_id is not None:
            registered["tax_id"] = check_tax_id(country, tax_id)
        if legal_representative is not None:
            digest, salt = salted_digest(legal_representative)
            dsn = stores_of(data).dsn(OPERATOR)
            asyncio.run(_keep_name(dsn, digest, salt, legal_representative))
            registered["legal_representative"] = digest
        _register("platform.registered", registered, key_out, data, url, sign_as)


async def _keep_name(dsn: str, digest: str, salt: bytes, name: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO vault.legal_representative (digest, salt, name) VALUES ($1, $2, $3)",
            digest,
            salt,
            name,
        )
    finally:
        await connection.close()


def _register(
    type_: str,
    registered: dict[str, object],
    key_out: Path,
    data: Path | None,
    url: str | None,
    sign_as: Path | None,
) -> None:
    """Send a registration whose key is on disk before anybody relies on it."""
    address = url_of(folder_of(data), url)
    identity = httpx.get(f"{address}/v1/registry", timeout=10).raise_for_status().json()["identity"]
    made = PrivateKey.generate()
    write_key(key_out, str(registered["emitter"]), made, identity)
    try:
        jwk = msgspec.to_builtins(made.jwk)
        act(data, address, sign_as, Act(type_, {**registered, "key": jwk}))
    except ActRefused:
        # Nothing was kept. After any other failure the key may be registered: it stays.
        key_out.unlink(missing_ok=True)
        raise
    out.print(f"emitter {registered['emitter']}, key {made.kid} in {key_out}", highlight=False)


@platform.command("rename")
def platform_rename(
    emitter: str, name: str, data: Data = None, url: Url = None, sign_as: SignAs = None
) -> None:
    """Record a platform's new name."""
    with told_plainly():
        act(data, url, sign_as, Act("platform.renamed", {"emitter": emitter, "name": name}))


@platform.command("succeed")
def platform_succeed(
    emitter: str, successor: str, data: Data = None, url: Url = None, sign_as: SignAs = None
) -> None:
    """Record that one platform was taken over by another."""
    with told_plainly():
        taken = {"emitter": emitter, "successor": successor}
        act(data, url, sign_as, Act("platform.succeeded", taken))


@platform.command("observe")
def platform_observe(
    name: str,
    country: str | None = None,
    address: str | None = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Record a platform seen at work that never registered."""
    with told_plainly():
        seen = {"name": name, "country": country, "address": address}
        act(data, url, sign_as, Act("platform.observed", _stated(seen)))


@fund.command("add")
def fund_add(
    name: str,
    key_out: KeyOut,
    scheme: Annotated[list[str], typer.Option(help="A scheme of its own; may be repeated.")],
    country: str = "MA",
    id_: Id = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Register a social security fund and make its first key."""
    with told_plainly():
        registered: dict[str, object] = {
            "emitter": id_ or emitter_id(name),
            "name": name,
            "schemes": scheme,
            "country": country,
        }
        _register("fund.registered", registered, key_out, data, url, sign_as)


@key.command("add")
def key_add(
    emitter: str, key_out: KeyOut, data: Data = None, url: Url = None, sign_as: SignAs = None
) -> None:
    """Make one more key of an emitter."""
    with told_plainly():
        _register("key.added", {"emitter": emitter}, key_out, data, url, sign_as)


# A thumbprint may begin with a hyphen, which must not be taken for an option.
@key.command("revoke", context_settings={"ignore_unknown_options": True})
def key_revoke(
    kid: str,
    reason: Annotated[str | None, typer.Option(help="A code, such as lost or rotated.")] = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Revoke a key: from its leaf on, nothing that it signs counts."""
    with told_plainly():
        act(data, url, sign_as, Act("key.revoked", _stated({"kid": kid, "reason_code": reason})))


@rate.command("publish")
def rate_publish(
    base: Annotated[str, typer.Argument(help="One unit of this currency ...")],
    quote: Annotated[str, typer.Argument(help="... was worth so much of this one.")],
    value: Annotated[str, typer.Argument(help="Decimal, such as 9.2417.")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The rate's day.")],
    source: Annotated[str | None, typer.Option(help="Who published it.")] = None,
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Publish an exchange rate of a day."""
    with told_plainly():
        on: date = day.date()
        published = {"base": base, "quote": quote, "day": on.isoformat(), "rate": value}
        act(data, url, sign_as, Act("rate.published", _stated({**published, "source": source})))


def quarantine(
    leaf: Annotated[int, typer.Argument(help="The leaf that no fold can digest.")],
    reason: Annotated[str, typer.Option(help="A code.")] = "indigestible",
    data: Data = None,
    url: Url = None,
    sign_as: SignAs = None,
) -> None:
    """Set a leaf aside that stopped the projection; it stays in the log, in no view."""
    with told_plainly():
        if leaf < 1:
            fail("leaf 0 establishes the registry and cannot be quarantined")
        aside = {"leaf_index": leaf, "reason_code": reason}
        act(data, url, sign_as, Act("submission.quarantined", aside))


def _stated(data: Mapping[str, object]) -> dict[str, object]:
    """Without what was not stated: absent, never null."""
    return {name: value for name, value in data.items() if value is not None}
