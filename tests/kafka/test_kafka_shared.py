"""The broker that all tests of a run share, and what a run says without one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.kafka.programs import Programs
from tests.kafka.clients import create_topic, read, write

_ROOT = Path(__file__).parents[2]


def test_a_record_comes_back(kafka: str, topics: str) -> None:
    create_topic(kafka, f"{topics}.leaves")
    write(kafka, f"{topics}.leaves", b"a leaf")
    assert read(kafka, f"{topics}.leaves", 1) == [b"a leaf"]


def test_two_tests_meet_the_same_broker_and_no_topic_of_each_other(kafka: str, topics: str) -> None:
    create_topic(kafka, f"{topics}.leaves")
    write(kafka, f"{topics}.leaves", b"another leaf")
    assert read(kafka, f"{topics}.leaves", 1) == [b"another leaf"]


def test_that_needs_a_cluster_of_its_own(kafka_programs: Programs) -> None:
    assert list(kafka_programs.jars.glob("kafka_*.jar"))


def _run_without_java(tmp_path: Path, test: Callable[..., None], **environment: str) -> str:
    """Run one of the tests above where there is no Java; the whole output, exit code in front."""
    bare = {"PATH": str(tmp_path), "HOME": os.environ.get("HOME", "/"), **environment}
    argv = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider"]
    argv += [f"{__file__}::{test.__name__}"]
    result = subprocess.run(argv, cwd=_ROOT, env=bare, capture_output=True, text=True, check=False)
    return f"exit {result.returncode}\n{result.stdout}"


def test_without_java_tests_are_left_out_loudly(tmp_path: Path) -> None:
    said = _run_without_java(tmp_path, test_that_needs_a_cluster_of_its_own)
    assert said.startswith("exit 0\n")
    assert "1 tests LEFT OUT, without Apache Kafka" in said
    assert "needs Java 17 or newer and there is no java on the PATH" in said
    assert f"test_kafka_shared.py::{test_that_needs_a_cluster_of_its_own.__name__}" in said


def test_in_ci_leaving_them_out_is_a_failure(tmp_path: Path) -> None:
    said = _run_without_java(tmp_path, test_a_record_comes_back, CI="true")
    assert said.startswith("exit 1\n")
    assert "CI=true and left out without Apache Kafka" in said


def test_a_kafka_that_is_named_is_used(tmp_path: Path, kafka: str) -> None:
    said = _run_without_java(tmp_path, test_a_record_comes_back, SIJILL_TEST_KAFKA=kafka)
    assert "1 passed" in said
