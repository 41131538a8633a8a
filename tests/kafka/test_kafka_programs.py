"""Fetching Kafka, and what is said where it cannot be fetched or run: with programs of ours."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.kafka.errors import KafkaClusterError
from deploy.kafka.programs import jars_in, usable_programs, why_unusable

_ROOT = Path(__file__).parents[2]
#: A Maven that counts its runs and leaves a jar where it is told.
_MAVEN = """
for word; do case "$word" in -DoutputDirectory=*) to="${word#*=}";; esac; done
echo run >> "$(dirname "$0")/runs"
mkdir -p "$to" && echo jar > "$to/kafka_2.13.jar"
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH but for a shell's own commands."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "mkdir", "dirname"):
        programs.joinpath(name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return programs


def put(folder: Path, name: str, script: str) -> None:
    """A program that is a shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def java(version: str) -> str:
    """A Java that says its version, on standard error as all do."""
    return f"echo 'openjdk version \"{version}\" 2026-01-20' >&2"


def said(home: Path) -> str:
    """What fetching into `home` says when it fails."""
    with pytest.raises(KafkaClusterError) as raised:
        usable_programs(home)
    return str(raised.value)


def test_without_java_it_says_what_to_install(path: Path, tmp_path: Path) -> None:
    assert "there is no java on the PATH: install a JRE" in said(tmp_path)
    assert why_unusable(tmp_path) == said(tmp_path)


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.22", "16"])
def test_an_old_java_is_refused(version: str, path: Path, tmp_path: Path) -> None:
    put(path, "java", java(version))
    assert f'needs Java 17 or newer, and {path}/java says: openjdk version "{version}"' in said(
        tmp_path
    )


def test_java_home_goes_before_the_path(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, "java", java("11"))
    put(path, "mvn", _MAVEN)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert f"there is no java in JAVA_HOME ({tmp_path}/jdk)" in said(tmp_path)
    put(tmp_path / "jdk" / "bin", "java", java("21.0.2"))
    assert usable_programs(tmp_path).java == str(tmp_path / "jdk" / "bin" / "java")


def test_without_maven_only_what_was_fetched_runs(path: Path, tmp_path: Path) -> None:
    put(path, "java", java("17.0.15"))
    assert "there is no mvn on the PATH" in said(tmp_path)
    assert why_unusable(tmp_path) == said(tmp_path)
    jars_in(tmp_path).mkdir()
    assert why_unusable(tmp_path) is None
    assert usable_programs(tmp_path).jars == jars_in(tmp_path)


def test_a_fetch_that_fails_shows_mavens_last_lines_and_leaves_nothing(
    path: Path, tmp_path: Path
) -> None:
    put(path, "java", java("17"))
    put(
        path,
        "mvn",
        f"{_MAVEN}\nfor i in 1 2 3; do echo early; done\necho '[ERROR] no route'; exit 1",
    )
    assert "Maven could not fetch Apache Kafka (status 1)" in said(tmp_path / "home")
    assert said(tmp_path / "home").endswith("[ERROR] no route")
    # Half a fetch left nothing behind: the next one begins from nothing, and does it all.
    assert [one.name for one in (tmp_path / "home").iterdir()] == ["lock"]
    put(path, "mvn", _MAVEN)
    assert list(usable_programs(tmp_path / "home").jars.glob("*.jar"))


def test_a_maven_that_fetches_nothing_has_failed(path: Path, tmp_path: Path) -> None:
    put(path, "java", java("17"))
    put(path, "mvn", "echo nothing to do")
    assert "status 0" in said(tmp_path)


def test_those_who_fetch_at_once_fetch_once(path: Path, tmp_path: Path) -> None:
    put(path, "java", java("17"))
    put(path, "mvn", _MAVEN)
    code = "import sys, pathlib; from deploy.kafka.programs import usable_programs\n"
    code += "sys.stdin.read(); print(usable_programs(pathlib.Path(sys.argv[1])).jars)"
    argv = [sys.executable, "-c", code, str(tmp_path / "home")]
    pipe = subprocess.PIPE
    fetchers = [
        subprocess.Popen(argv, cwd=_ROOT, env=dict(os.environ), stdin=pipe, stdout=pipe, text=True)
        for _ in range(4)
    ]
    # All wait for their input's end, and then go at once.
    for one in fetchers:
        assert one.stdin is not None
        one.stdin.close()
    found = set()
    for one in fetchers:
        assert one.stdout is not None
        found.add(one.stdout.read().strip())
        one.stdout.close()
        assert one.wait() == 0
    assert found == {str(jars_in(tmp_path / "home"))}
    assert (path / "runs").read_text() == "run\n"
