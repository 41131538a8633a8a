"""The demonstration's story: a registry on an empty folder lives through thirty recorded days.

The days pass by a clock file that all processes read; everything else is the real thing: acts of
an authority, export files, the platforms' kit, the door, the log, the views, the query API.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import sleep

import httpx
import msgspec
from sijill_client.keys import PlatformKey, load_key
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms, open_pseudonyms
from sijill_client.push import PushResult, push_files

from deploy.acts import Act, send_acts
from deploy.demo.generator import DemoDay, Export, generate
from deploy.demo.population import PLATFORMS
from deploy.keyfiles import AUTHORITY_FILE, KeyFile, read_key, write_key
from deploy.up import Plan
from events.clock import SYSTEM, Clock, file_clock
from events.jose import PrivateKey
from policies import country_folder
from policies.bundle import Bundle
from policies.loader import read_folder
from policies.schemes import scheme_codes

SEED, DAYS = 20, 30
#: When each recorded day's files are pushed: late enough that the day's work lies behind.
PUSH_TIME = time(22, 45, tzinfo=UTC)
#: Synthetic ICE numbers (they only check): nobody's.
TAX_IDS = ("000000001000070", "000000002000043", "000000003000016")
FUND = "social-security"
RATE_SOURCE = "invented for the demonstration"
_ANSWER_SECONDS = 60.0

#: Called with what is going on, how much is done, and of how much.
Tell = Callable[[str, int, int], None]


class DemoError(Exception):
    """The story did not go as told; the text says where."""


@dataclass(frozen=True, slots=True)
class Teller:
    """One platform's side: its key and the secret behind its pseudonyms."""

    key: PlatformKey
    pseudonyms: Pseudonyms


#: Seconds between looks whether the registry is open.
_LOOK_SECONDS = 0.1


def set_clock(path: Path, moment: datetime | None) -> None:
    """Set the shared clock to a moment, or (None) let it follow the machine's from now on."""
    staged = path.with_suffix(".new")
    staged.write_text(moment.isoformat() if moment else SYSTEM)
    os.replace(staged, path)


def moment_of(day: date) -> datetime:
    """When the files of a day are pushed."""
    return datetime.combine(day, PUSH_TIME)


def live_through(plan: Plan, first_day: date, tell: Tell) -> Bundle:
    """Register, adopt, publish and push, day by day; the policy that was adopted.

    Raises `DemoError` if anything was refused: then the demonstration shows a bug.
    """
    assert plan.clock_file is not None
    clock = file_clock(plan.clock_file)
    authority = read_key(plan.folder.keys / AUTHORITY_FILE)
    bundle = _open_the_registry(plan, authority, clock)
    tellers = {name: _teller(plan, name) for name in _names()}
    days = generate(
        plan.folder.path / "exports",
        seed=SEED,
        first_day=first_day,
        days=DAYS,
        pseudonym=lambda platform, raw_id: tellers[platform].pseudonyms.worker(raw_id),
    )
    with ThreadPoolExecutor(len(tellers)) as pool:
        for number, day in enumerate(days):
            set_clock(plan.clock_file, moment_of(day.day))
            tell("recorded days", number, len(days))
            send_acts([_rate_act(day.day)], authority, plan.url, clock)
            _push_day(plan, day, tellers, clock, pool)
    tell("recorded days", len(days), len(days))
    return bundle


def _names() -> Sequence[str]:
    return [platform.name for platform in PLATFORMS]


def _open_the_registry(plan: Plan, authority: KeyFile, clock: Clock) -> Bundle:
    described = httpx.get(f"{plan.url}/v1/registry")
    while described.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        # It listens from the start, and leaf 0 is on its way.
        sleep(_LOOK_SECONDS)
        described = httpx.get(f"{plan.url}/v1/registry")
    identity = described.raise_for_status().json()["identity"]
    acts = []
    for name, tax_id in zip(_names(), TAX_IDS, strict=True):
        key = PrivateKey.generate()
        write_key(plan.folder.keys / f"{name}.key", name, key, identity)
        jwk = msgspec.to_builtins(key.jwk)
        registered = {"emitter": name, "name": name.replace("-", " ").title(), "country": "MA"}
        acts.append(Act("platform.registered", {**registered, "tax_id": tax_id, "key": jwk}))
    files = read_folder(country_folder("ma"))
    bundle = Bundle.from_files("MA", files)
    acts.append(_fund_act(plan, bundle, identity))
    adopted = {"country": "MA", "digest": bundle.digest, "files": dict(files)}
    send_acts([*acts, Act("policy.adopted", adopted)], authority, plan.url, clock)
    return bundle


def _fund_act(plan: Plan, bundle: Bundle, identity: str) -> Act:
    """A fund that keeps the ledgers of all schemes."""
    key = PrivateKey.generate()
    write_key(plan.folder.keys / f"{FUND}.key", FUND, key, identity)
    schemes = list(scheme_codes(bundle))
    registered = {"emitter": FUND, "name": "Social security fund", "schemes": schemes}
    return Act("fund.registered", {**registered, "key": msgspec.to_builtins(key.jwk)})


def _teller(plan: Plan, name: str) -> Teller:
    path = plan.folder.keys / f"{name}.key"
    return Teller(load_key(path), open_pseudonyms(path))


def rate_on(day: date) -> Decimal:
    """An invented dirham rate of the dollar that drifts a little from day to day."""
    return Decimal("9.20") + Decimal(day.toordinal() * 7 % 11) / 100


def _rate_act(day: date) -> Act:
    published = {"base": "USD", "quote": "MAD", "day": day.isoformat()}
    return Act("rate.published", {**published, "rate": str(rate_on(day)), "source": RATE_SOURCE})


def _push_day(
    plan: Plan, day: DemoDay, tellers: dict[str, Teller], clock: Clock, pool: ThreadPoolExecutor
) -> None:
    def push_all(name: str, exports: Iterable[Export]) -> None:
        with httpx.Client(timeout=_ANSWER_SECONDS) as client:
            for export in exports:
                result = _push(plan, export, tellers[name], clock, client)
                if not result.complete:
                    raise DemoError(f"{day.day} {export.path.name} of {name}: {_why(result)}")

    list(pool.map(lambda one: push_all(*one), day.exports.items()))


def _push(
    plan: Plan, export: Export, teller: Teller, clock: Clock, client: httpx.Client
) -> PushResult:
    return push_files(
        [export.path],
        teller.key,
        plan.url,
        client=client,
        pseudonyms=teller.pseudonyms,
        options=PushOptions(
            export.format, task_group=export.task_group, residence=export.residence
        ),
        clock=clock,
    )


def _why(result: PushResult) -> str:
    return result.stopped or f"{result.sent} of {result.submissions} sent; {result}"[:500]


def first_day_before(today: date) -> date:
    """The first of the recorded days, so that the last one was yesterday."""
    return today - timedelta(days=DAYS)
