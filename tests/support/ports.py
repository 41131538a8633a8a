"""Where tests look for free ports: no two test processes in the same place.

That a port is free is known when it is looked at, not when it is listened on: two processes that
look in one place may both find it free.
"""

import os

_FIRST, _BLOCK, _BLOCKS = 20_000, 100, 120
#: Test workers of one run at most.
_WORKERS = 8


def first_port() -> int:
    """The first of a hundred ports of this process, below those that the kernel deals out.

    Workers of one run have the same parent and numbers; runs side by side have other parents.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return _FIRST + (os.getppid() * _WORKERS + worker) % _BLOCKS * _BLOCK
