"""Disks that fill up on command: file systems in memory whose size is what is in them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


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


def _mount(folder: Path, options: str) -> None:
    argv = ["mount", "-t", "tmpfs", "-o", options, "sijill-test", str(folder)]
    subprocess.run(argv, check=True, capture_output=True)


def _remounted(folder: Path, size: int) -> bool:
    argv = ["mount", "-o", f"remount,size={size}", str(folder)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
