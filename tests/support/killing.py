"""What is killed with -9, and when it is gone."""

import os
import signal
import time

from deploy.embedded.leftovers import servers_in
from deploy.embedded.postgres import EmbeddedPostgres
from tests.support.running import PATIENCE

_POLL_SECONDS = 0.01


def gone(pid: int) -> bool:
    """A zombie, which only its adoptive parent can clear, is as good as gone."""
    try:
        return not os.readlink(f"/proc/{pid}/exe")
    except FileNotFoundError:
        return True


def kill_server(server: EmbeddedPostgres) -> None:
    """SIGKILL for the postmaster; return once its backends have ended too.

    They outlive it until they next wait for something, and may still commit: durable, so right to
    acknowledge, but not the outage that a test is about.
    """
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while server.pid is not None or servers_in(server.data / "cluster"):
        assert time.monotonic() < deadline, "the server never ended"
        time.sleep(_POLL_SECONDS)
