"""Put in front of a program that must not outlive its parent.

A short script of its own rather than a `preexec_fn`: Python code between fork and exec can
deadlock in a process with threads, and a script can also see that the parent died before the
kernel was asked to watch it. It keeps its process id, so the parent signals and waits as usual.

Linux only: elsewhere the program runs unwatched, and only a parent that ends in order stops it.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

#: prctl(2): deliver a signal to the caller when the *thread* that created it ends.
PR_SET_PDEATHSIG = 1
#: What a shell answers when a program cannot be run.
EXIT_CANNOT_RUN = 127


def guarded(
    argv: Sequence[str], death_signal: signal.Signals, drop_to: tuple[int, int] | None = None
) -> list[str]:
    """The argv that runs `argv` and sends it `death_signal` when the calling thread ends.

    With `drop_to` (user id, group id) the program gives up root first. Call it from the main
    thread: the signal comes when the thread ends, not when the process does.
    """
    who = f"{drop_to[0]}:{drop_to[1]}" if drop_to else "-"
    script = os.path.abspath(__file__)
    guard = [sys.executable, "-I", "-S", script]
    return [*guard, str(os.getpid()), str(int(death_signal)), who, *argv]


def _drop(who: str) -> None:
    if who != "-":
        uid, gid = map(int, who.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _die_with(parent: int, death_signal: int) -> None:
    # After the drop: the kernel forgets the request when a process changes its user.
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, death_signal) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit("the parent died before its child could watch it")


def _main(parent: str, death_signal: str, who: str, *program: str) -> None:
    # Python ignores these two; an ignored signal stays ignored through exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        _drop(who)
        _die_with(int(parent), int(death_signal))
        os.execvp(program[0], program)  # noqa: S606  # no shell is the point
    except OSError as error:
        print(f"cannot run {program[0]}: {error}", file=sys.stderr)
        sys.exit(EXIT_CANNOT_RUN)


if __name__ == "__main__":
    _main(*sys.argv[1:])
