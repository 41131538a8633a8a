"""The one folder that holds an embedded registry: database, keys, logs, address."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.accounts import first_unreachable, server_account

#: The account that the database runs as when we are root.
DATABASE_ACCOUNT = "nobody"
#: The database inside the embedded server.
DATABASE = "sijill"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths inside the folder."""

    path: Path

    @property
    def postgres(self) -> Path:
        """The embedded server's own folder."""
        return self.path / "postgres"

    @property
    def kafka(self) -> Path:
        """The folder of a broker of our own, if the log is on one."""
        return self.path / "kafka"

    @property
    def keys(self) -> Path:
        """Private keys of the authority and the registry; keep a copy elsewhere."""
        return self.path / "keys"

    @property
    def logs(self) -> Path:
        """What the processes say."""
        return self.path / "logs"

    @property
    def address(self) -> Path:
        """Written while the registry runs: where it answers and where its data lie."""
        return self.path / "running.json"

    def make(self) -> None:
        """Create what is missing; keys stay private."""
        # The database's account must pass through the folder, and read nothing of it.
        self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.keys.mkdir(mode=0o700, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def say_running(self, url: str, stores: Mapping[str, str]) -> None:
        """Tell other commands where the registry answers, and with which settings of its data."""
        staged = self.address.with_suffix(".new")
        staged.write_text(json.dumps({"url": url, "pid": str(os.getpid()), **stores}, indent=2))
        staged.chmod(0o600)
        staged.rename(self.address)

    def say_stopped(self) -> None:
        """The registry no longer answers."""
        self.address.unlink(missing_ok=True)

    def running(self) -> dict[str, str] | None:
        """What `say_running` wrote, or None while nothing runs."""
        try:
            found: dict[str, str] = json.loads(self.address.read_text())
        except (OSError, ValueError):
            return None
        return found


def reachable_parent() -> Path:
    """Where a passing folder may lie so that the database's account can enter it."""
    usual = Path(tempfile.gettempdir())
    if os.geteuid() != 0 or first_unreachable(usual, server_account(DATABASE_ACCOUNT)) is None:
        return usual
    return Path("/var/tmp")  # noqa: S108 (a folder of our own, of mode 0711, is made in it)


def default_folder() -> Path:
    """Where data go when nobody says: reachable by the database's account."""
    here = Path.cwd() / "sijill-data"
    if os.geteuid() != 0:
        return here
    # The folder itself is made later; what matters is whether its place can be entered.
    if first_unreachable(Path.cwd(), server_account(DATABASE_ACCOUNT)) is None:
        return here
    return Path("/var/lib/sijill")
