"""Where the server's unix socket lies. There is no other way in: no TCP port is opened."""

import hashlib
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deploy.embedded.accounts import Account
from deploy.embedded.errors import EmbeddedPostgresError

#: Part of the socket's file name, and nothing more.
PORT = 5432
#: sockaddr_un.sun_path is 108 bytes with its closing zero (unix(7)).
SOCKET_PATH_BYTES_MAX = 107
#: For paths too long anywhere else; sticky, so no other user can rename what lies in it.
SHARED_RUNTIME = Path("/tmp")  # noqa: S108  # ownership is checked in `prepare`


def socket_folder(data: Path, account: Account, environment: Mapping[str, str]) -> Path:
    """`data`/run if a socket fits there, else a folder named by the hash of `data`.

    A comma is as bad as a long path: clients take it for the end of the first of several hosts.
    """
    inside = data / "run"
    if _fits(inside) and "," not in str(inside):
        return inside
    name = f"sijill-{account.uid}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"
    own = environment.get("XDG_RUNTIME_DIR", "")
    # A dropped-to account has no runtime folder: the one named there belongs to somebody else.
    if own.startswith("/") and not account.drops and _fits(Path(own, name)):
        return Path(own, name)
    return SHARED_RUNTIME / name


def prepare(folder: Path, account: Account) -> None:
    """Make `folder` for the server alone (0700), or refuse one that somebody else could use."""
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        if not private or found.st_uid != account.uid:
            raise EmbeddedPostgresError(
                f"The socket's folder {folder} has to be a folder of {account.name} with mode "
                "0700, and is not: somebody else may have made it. Remove it and start again."
            ) from None


def clear(folder: Path, data: Path) -> None:
    """Take a folder outside `data` away again, once the server has removed its socket."""
    if not folder.is_relative_to(data):
        with suppress(OSError):
            folder.rmdir()


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES_MAX
