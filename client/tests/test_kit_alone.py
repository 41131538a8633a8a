"""The kit is a distribution of its own: it installs from its folder and needs what it declares."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
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


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def plain(requirement: str) -> str:
    """The name of a distribution, as names are compared."""
    return re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_every_import_is_the_standard_librarys_or_declared() -> None:
    declared = {plain(one) for one in PROJECT["dependencies"]}
    # What an extra brings is imported where it is needed, and named if it is missing.
    extras = {plain(one) for extra in PROJECT["optional-dependencies"].values() for one in extra}
    of_distribution = packages_distributions()
    used = set().union(*(imported(path) for path in (CLIENT / "sijill_client").rglob("*.py")))
    # The plugin is loaded by pytest alone, which is there then.
    used |= imported(CLIENT / "sijill_pytest.py") - {"pytest"}
    foreign = {
        name: {plain(one) for one in of_distribution.get(name, [])}
        for name in used - sys.stdlib_module_names - {"sijill_client"}
    }
    allowed = declared | extras
    assert {name for name, found in foreign.items() if not allowed & found} == set()
    assert declared <= {one for found in foreign.values() for one in found}, "declared and unused"


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
