"""Disks that fill up on command: file systems in memory whose size is what is in them."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

#: Set where `mount_apart` has been already.
_APART = "SIJILL_TEST_APART"


class Disk:
    """A file system of its own in a folder, as big as `bytes_max`. Mounting takes root."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        self._folder, self._bytes_max = folder, bytes_max
        _mount(folder, f"size={bytes_max}")
        folder.chmod(0o711)

    def fill(self) -> None:
        """No room for another byte."""
        # Not smaller than what is used, which grows meanwhile: until it was caught.
        for _ in range(100):
            used = shutil.disk_usage(self._folder).used
            if _remounted(self._folder, used):
                return
        raise OSError(f"{self._folder} cannot be filled")

    def free(self) -> None:
        """Room as before."""
        if not _remounted(self._folder, self._bytes_max):
            raise OSError(f"{self._folder} cannot be freed")

    def close(self) -> None:
        """Take it away, whoever still holds a file."""
        subprocess.run(["umount", "--lazy", self._folder], check=True)


def can_mount() -> bool:
    """Whether this machine lets us have disks that fill up."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(prefix="sj-", dir="/tmp") as folder:
        try:
            Disk(Path(folder), 1024**2).close()
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def mount_apart() -> None:
    """Go on in a mount namespace of our own, where we may: with us, our mounts are gone.

    However we end: a run that is killed takes nothing away any more.
    """
    apart = ["unshare", "--mount"]
    if _APART in os.environ or not shutil.which(apart[0]):
        return
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0:
        again = [*apart, sys.executable, "-m", *_module_and_arguments()]
        os.execvpe(apart[0], again, {**os.environ, _APART: "1"})


def _module_and_arguments() -> list[str]:
    """How Python was asked to run this program."""
    return sys.orig_argv[sys.orig_argv.index("-m") + 1 :]


def _mount(folder: Path, options: str) -> None:
    argv = ["mount", "-t", "tmpfs", "-o", options, "sijill-test", str(folder)]
    subprocess.run(argv, check=True, capture_output=True)


def _remounted(folder: Path, size: int) -> bool:
    argv = ["mount", "-o", f"remount,size={size}", str(folder)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
