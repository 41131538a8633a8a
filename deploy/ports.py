"""Whether ports are free, before anything is started on them."""

import contextlib
import socket

HOST = "127.0.0.1"
#: Where a registry answers unless asked otherwise; its health pages are the next ports.
PORT, PORTS_NEEDED = 8470, 4
#: How far to look for free neighbours.
_LOOK = 1_000


def are_free(first: int, count: int) -> bool:
    """Whether some neighbouring ports can be listened on."""
    with contextlib.ExitStack() as stack:
        try:
            for port in range(first, first + count):
                listener = stack.enter_context(socket.socket())
                # As servers do: a connection that lingers from an earlier run is no obstacle.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((HOST, port))
        except OSError:
            return False
    return True


def first_free(wanted: int, count: int) -> int:
    """The first of `count` free neighbours at or after a port; ValueError if there are none."""
    for first in range(wanted, wanted + _LOOK):
        if are_free(first, count):
            return first
    raise ValueError(f"no {count} free ports from {wanted} on")
