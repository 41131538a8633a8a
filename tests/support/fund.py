"""A fund at a running registry: its ledger posted by the real command, in real processes.

What only prepares is said in one submission of acts and without a process for each command.
"""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from typer.testing import CliRunner

from deploy.acts import Act, send_acts
from deploy.asking import asking
from deploy.cli.main import app
from deploy.keyfiles import AUTHORITY_FILE, KeyFile, read_key, write_key
from events.jose import PrivateKey
from policies.bundle import digest
from policies.loader import read_folder
from tests.support.running import SIJILL, Running

_POLICY = Path(__file__).parents[2] / "policies" / "ma"


@dataclass
class Fund:
    """The fund of the scheme `cnss`, and a platform that pays workers."""

    running: Running
    platform: KeyFile
    key: Path

    @classmethod
    def at(cls, running: Running, platform: str = "alpha") -> "Fund":
        """Register both and adopt the policy that ships."""
        authority = read_key(running.folder / "data" / "keys" / AUTHORITY_FILE)
        payer, fund = (
            KeyFile(name, PrivateKey.generate(), authority.registry) for name in (platform, "cnss")
        )
        files = dict(read_folder(_POLICY))
        made = cls(running, payer, running.folder / "fund.key")
        write_key(made.key, fund.emitter, fund.key, fund.registry)
        jwk = {one.emitter: msgspec.to_builtins(one.key.jwk) for one in (payer, fund)}
        registered = {"emitter": "cnss", "name": "CNSS", "schemes": ["cnss"], "key": jwk["cnss"]}
        adopted = {"country": "MA", "digest": digest(files), "files": files}
        acts = [
            Act("platform.registered", {"emitter": platform, "name": "A", "key": jwk[platform]}),
            Act("fund.registered", registered),
            Act("policy.adopted", adopted),
        ]
        send_acts(acts, authority, running.url)
        return made

    def pay(self, *pays: tuple[str, str], day: str = "2026-10-11") -> None:
        """Payments of the platform in one submission, visible when this returns."""
        stated = {"currency": "MAD", "residence": "MA", "paid_at": f"{day}T10:00:00Z"}
        acts = [
            Act("payment.made", {"worker": one, "gross": gross, **stated}) for one, gross in pays
        ]
        leaf = send_acts(acts, self.platform, self.running.url).leaf_index
        assert leaf is not None
        with asking(self.running.url, read_key(self.key)) as api:
            self.running.until(
                lambda: api.document("/v1/funds/cnss/entries")["basis"]["position"] >= leaf
            )

    def own(self, *arguments: str, code: int = 0) -> str:
        """A command that takes `--data`, in this process; what it printed."""
        data = ("--data", str(self.running.folder / "data"))
        done = CliRunner().invoke(app, [*arguments, *data], env={"COLUMNS": "200"})
        assert done.exit_code == code, done.output
        return done.output

    def start_posting(self) -> subprocess.Popen[bytes]:
        """`sijill post` in a process of its own."""
        return subprocess.Popen(
            [*SIJILL, "post", "--data", str(self.running.folder / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def kill_posting(self) -> None:
        """Begin to post, and die when the first submission is on its way."""
        dying = self.start_posting()
        assert dying.stdout is not None
        for line in dying.stdout:
            if b": entries " in line:
                break
        os.kill(dying.pid, signal.SIGKILL)
        dying.communicate()

    def entries(self) -> list[dict[str, Any]]:
        """The whole ledger as the fund pulls it, numbers without a gap."""
        with asking(self.running.url, read_key(self.key)) as api:
            lines = api.get("/v1/funds/cnss/entries.ndjson").text.splitlines()
        found = [json.loads(line) for line in lines]
        assert [one["number"] for one in found] == list(range(1, len(found) + 1))
        return found

    def owed(self, worker: str, account: str = "suspense.receivable") -> int:
        """What stands posted for a worker, in centimes."""
        hers = [e for e in self.entries() if (e["worker"], e["account"]) == (worker, account)]
        return int(sum(100 * (Decimal(e["debit"] or 0) - Decimal(e["credit"] or 0)) for e in hers))


def tell_whole_story(fund: Fund) -> None:
    """Posted by two at once, paid late, posted by one that dies, closed, pulled, explained."""
    fund.pay(("w1", "742.35"), ("w2", "9000"))
    twice = [fund.start_posting() for _ in range(2)]
    said = [one.communicate()[0].decode() for one in twice]
    assert [one.returncode for one in twice] == [0, 0], said
    posted = fund.entries()
    # 742.35: 27.83 % in seven components, each rounded: written out in docs/contributions.md.
    assert fund.owed("w1") == 4751 + 742 + 423 + 8827 + 3355 + 1373 + 1188
    assert "0 entries" in fund.own("post")

    fund.pay(("w1", "100"))
    assert "1 worker-months" in fund.own("post")
    late = fund.entries()[len(posted) :]
    assert {(e["worker"], e["previous_basis"]) for e in late} == {("w1", posted[0]["basis"])}
    assert len({e["event_number"] for e in late}) == 1
    # Nobody was paid since: nothing is looked at. All of it gives the same.
    assert "assessing" not in fund.own("post")

    fund.pay(*((f"k{place}", "500") for place in range(100)))
    for _ in range(2):
        fund.kill_posting()
    fund.own("post")
    assert len({fund.owed(f"k{place}") for place in (0, 50, 99)}) == 1
    assert "0 entries" in fund.own("post", "--all")

    closing = ("period", "close", "cnss", "2026-10", "--as", str(fund.key), "--yes")
    assert "period.closed" in fund.own(*closing)
    before = fund.entries()
    fund.pay(("w3", "1000"))
    fund.own("post")
    late = fund.entries()[len(before) :]
    assert {(e["period"], e["about"]) for e in late} == {("2026-11", "2026-10")}
    copy = str(fund.running.folder / "copy")
    pull = ("fund", "pull", "cnss", "--to", copy, "--as", str(fund.key))
    assert "2026-10: proven by its statement" in fund.own(*pull)
    assert "signed bytes: " in fund.own("explain", f"cnss/{len(before) + 1}", "--as", str(fund.key))
    assert "everything holds" in fund.own("check")
