"""A PostgreSQL server in a process of its own, as a fault run hurts it: `… database FOLDER`.

The process ends when its server does, and its server ends with it.
"""

import signal
import sys
import time
from pathlib import Path

from deploy.embedded.errors import EmbeddedPostgresError
from deploy.embedded.postgres import EmbeddedPostgres
from migrations.roles import ROLES

#: Small, for a machine that runs a whole registry beside it.
SMALL = {"shared_buffers": "32MB", "max_wal_size": "128MB", "min_wal_size": "32MB"}
#: Seconds between looks whether the server still lives.
_LOOK_SECONDS = 0.05


def server_in(folder: Path) -> EmbeddedPostgres:
    """The server whose data lie in a folder."""
    return EmbeddedPostgres(folder, roles=ROLES, settings=SMALL)


def main(folder: str) -> None:
    """Run it until SIGTERM, or until it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with server_in(Path(folder)) as server:
            while server.pid is not None:
                time.sleep(_LOOK_SECONDS)
    except EmbeddedPostgresError as error:
        sys.exit(str(error))
    sys.exit("the server ended")


if __name__ == "__main__":
    main(sys.argv[1])
