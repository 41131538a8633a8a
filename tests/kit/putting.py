"""A platform's program that uses the outbox, and is killed where a test says.

`python -m tests.kit.putting OUTBOX KEYFILE URL EVENTS STEP`: puts events one by one, and dies after
the first STEP (`never`: lives, and ends once all is answered).
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sijill_client import Outbox, load_key


def done(number: int) -> dict[str, Any]:
    """The event of a number: the same whenever it is made."""
    return {
        "id": f"t{number}-done",
        "type": "task.completed.v1",
        "time": "2026-03-04T10:00:00+01:00",
        "data": {"task": f"t{number}", "worker": "w1", "seconds": 60},
    }


def main(path: str, key_file: str, url: str, events: str, step: str) -> None:
    """Put and send; see above."""

    def after(passed: str) -> None:
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with Outbox(Path(path), load_key(Path(key_file)), url, linger=0.0, after=after) as outbox:
        for number in range(int(events)):
            # The platform's own mark of what it has put: it puts again what has none.
            mark = Path(f"{path}.{number}")
            if not mark.exists():
                outbox.put(done(number))
                mark.touch()
        if not outbox.flush(60):
            sys.exit(f"not all was answered: {outbox.status()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
