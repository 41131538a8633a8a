"""The kit is a distribution of its own: it installs from its folder and needs what it declares."""

import ast
import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

CLIENT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CLIENT / "pyproject.toml").read_text("utf-8"))["project"]
#: Everything of the kit, and what comes with it that is no Python.
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import sijill_client, sijill_client.cli
assert sijill_client.__file__.startswith(sys.argv[1]), sijill_client.__file__
key = sijill_client.make_key("alpha", "ab" * 32)
path = sijill_client.cli.Path(sys.argv[2])
sijill_client.Outbox(path, key, "http://127.0.0.1:9", sends=False).close()
print(*{name.partition(".")[0] for name in sys.modules})
"""


def imported(path: Path, *, at_once: bool) -> set[str]:
    """The top-level names that a module imports when it is loaded, or at any time."""
    tree = ast.parse(path.read_text("utf-8"))
    names = set()
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"sijill_client"}


def distributions(requirements: Iterable[str]) -> set[str]:
    """The names in requirements, as PEP 503 writes them."""
    return {plain(re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0]) for one in requirements}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def undeclared(names: Iterable[str], declared: set[str]) -> set[str]:
    """Modules that come from no declared distribution."""
    found = packages_distributions()
    return {name for name in names if not declared & set(map(plain, found.get(name, [])))}


def test_every_import_is_the_standard_librarys_or_declared() -> None:
    needed = distributions(PROJECT["dependencies"])
    extras = distributions(itertools.chain(*PROJECT["optional-dependencies"].values()))
    modules = list((CLIENT / "sijill_client").rglob("*.py"))
    # What an extra brings is looked for only when it is used.
    assert (
        undeclared(set().union(*(imported(one, at_once=True) for one in modules)), needed) == set()
    )
    # The plugin is loaded by pytest alone, which is there then.
    modules.append(CLIENT / "sijill_pytest.py")
    used = set().union(*(imported(one, at_once=False) for one in modules))
    assert undeclared(used, needed | extras) == set()
    assert needed - {plain(one) for name in used for one in packages_distributions()[name]} == set()


def test_it_installs_from_its_folder_and_runs_without_the_registry(tmp_path: Path) -> None:
    folder = shutil.copytree(
        CLIENT, tmp_path / "client", ignore=shutil.ignore_patterns("tests", "*.egg-info")
    )
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--quiet")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", tmp_path / "into", folder],
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, tmp_path / "into", tmp_path / "outbox"],
        check=True,
        capture_output=True,
        text=True,
    )
    registry = {"events", "policies", "services", "migrations", "deploy"}
    assert not registry & set(done.stdout.split())
