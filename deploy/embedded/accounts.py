"""Under which operating system account the server runs, and what that account can reach."""

import os
import pwd
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.errors import EmbeddedPostgresError
from deploy.embedded.guard import guarded

#: All the environment the server's programs see: nothing of the caller's PG* or locale leaks in.
ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """The account the server runs under; `drops` when we are root and must become it first."""

    name: str
    uid: int
    gid: int
    drops: bool

    def command(self, argv: Sequence[str], death_signal: signal.Signals) -> list[str]:
        """The argv that runs `argv` as this account, bound to the life of the calling thread."""
        return guarded(argv, death_signal, (self.uid, self.gid) if self.drops else None)

    def run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a short program as this account, killed with us, and keep what it said."""
        return subprocess.run(  # noqa: S603  # our own programs
            self.command(argv, signal.SIGKILL),
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            check=False,
        )


def own_name() -> str:
    """The name of the account this process runs under, which peer authentication will see."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedPostgresError(
            f"User id {os.geteuid()} has no name in /etc/passwd, and PostgreSQL needs one: "
            "add the user, or run as one that exists."
        ) from None


def server_account(os_user: str) -> Account:
    """Our own account, or `os_user` if we are root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return Account(own_name(), os.geteuid(), os.getegid(), drops=False)
    try:
        entry = pwd.getpwnam(os_user)
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and the user {os_user} to run it as does not "
            "exist: create it, or name another."
        ) from None
    if entry.pw_uid == 0:
        raise EmbeddedPostgresError(f"PostgreSQL does not run as root; {os_user} is root.")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, drops=True)


def first_unreachable(folder: Path, account: Account) -> Path | None:
    """The topmost folder on the way to `folder`, itself included, that `account` cannot enter."""
    if not account.drops:
        return None
    way = [str(step) for step in [*reversed(folder.parents), folder]]
    script = 'for step; do test -x "$step" || { printf %s "$step"; exit 1; }; done'
    result = account.run(["/bin/sh", "-c", script, "sh", *way])
    return Path(result.stdout) if result.returncode else None
