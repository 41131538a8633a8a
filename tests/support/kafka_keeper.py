"""Keeps the broker of one test run: `python -m tests.support.kafka_keeper FOLDER`."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from deploy.kafka.cluster import Cluster
from tests.support.kafka import Run, locked


def main(folder: Path) -> None:
    """Start a broker, say where it is, and stop it when the run is over."""
    run = Run(folder)
    with run.keeper.open("a") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        if os.fork():
            # The lock stays with the child, which nobody has to wait for.
            os._exit(0)
        # Ctrl-C in the terminal is for the run; the broker goes when the run is gone.
        os.setsid()
        _keep(run)


def _keep(run: Run) -> None:
    try:
        with Cluster(run.folder / "cluster") as cluster:
            staged = run.address.with_suffix(".new")
            staged.write_text(cluster.bootstrap)
            staged.rename(run.address)
            with locked(run.alive):
                pass
    except Exception as error:  # whatever it is, the run has to hear of it
        sys.exit(str(error))
    # The run does this too, unless it was killed.
    shutil.rmtree(run.folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
