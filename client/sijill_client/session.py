"""A client of HTTP with the patience that a registry needs."""

import httpx

from sijill_client.conversation import WAIT_MAX

#: Seconds without a byte after which an answer counts as lost; above what the door may hold back.
ANSWER_SECONDS = WAIT_MAX + 30.0
CONNECT_SECONDS = 10.0


def new_client() -> httpx.Client:
    """A client to be closed by whoever asked for it."""
    return httpx.Client(timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS))
