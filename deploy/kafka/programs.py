"""Java, and Apache Kafka's jars, fetched once."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.guard import guarded
from deploy.kafka.errors import KafkaClusterError

#: The oldest Java that Kafka 4 runs on.
JAVA_MIN = 17
POM = Path(__file__).with_name("pom.xml")
LOGGING = Path(__file__).with_name("log4j2.xml")
#: Where the jars go unless asked otherwise: `.kafka/` at the root of the checkout.
HOME = Path(__file__).parents[2] / ".kafka"
#: How many of Maven's last lines are worth reading in a terminal.
_LINES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Programs:
    """A Java that can run Kafka, the folder of Kafka's jars, and their `class_archive`."""

    java: str
    jars: Path
    archive: Path | None = None

    def command(self, options: Sequence[str], main: str, *arguments: str) -> list[str]:
        """The argv that runs one of Kafka's programs."""
        # In one order, or a class archive made for another order would be ignored.
        path = ":".join(map(str, sorted(self.jars.glob("*.jar"))))
        shared = [f"-XX:SharedArchiveFile={self.archive}"] if self.archive else []
        return [self.java, *shared, *options, "-cp", path, main, *arguments]


def usable_programs(home: Path = HOME) -> Programs:
    """Java and the jars; fetches these with Maven if they are not in `home` yet.

    Call it from the main thread: a fetch ends with the thread that began it.
    """
    java, jars = find_java(), jars_in(home)
    if not jars.exists():
        _fetch(home, jars)
    return Programs(java, jars)


def why_unusable(home: Path = HOME) -> str | None:
    """Why `usable_programs` can give nothing on this machine, or None."""
    try:
        find_java()
        if not jars_in(home).exists():
            find_maven()
    except KafkaClusterError as error:
        return str(error)
    return None


def jars_in(home: Path) -> Path:
    """Where the jars of this pom.xml lie in `home`; another pom has another folder."""
    return home / f"jars-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def find_java() -> str:
    """The Java of JAVA_HOME, else of PATH; refused if it is too old for Kafka."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not os.access(java, os.X_OK):
        where = f"in JAVA_HOME ({home})" if home else "on the PATH"
        raise KafkaClusterError(
            f"Apache Kafka needs Java {JAVA_MIN} or newer and there is no java {where}: "
            "install a JRE (Debian: openjdk-17-jre-headless)."
        )
    said = java_version(java)
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA_MIN:
        first = said.strip().split("\n", 1)[0]
        raise KafkaClusterError(
            f"Apache Kafka needs Java {JAVA_MIN} or newer, and {java} says: {first or 'nothing'}. "
            "Install a newer one, or name it in JAVA_HOME."
        )
    return java


def java_version(java: str) -> str:
    """All that a Java says about itself."""
    result = subprocess.run(  # noqa: S603  # the program asked for
        [java, "-version"], capture_output=True, text=True, errors="replace", check=False
    )
    return result.stderr + result.stdout


def find_maven() -> str:
    """Maven's program."""
    if (maven := shutil.which("mvn")) is None:
        raise KafkaClusterError(
            "Apache Kafka is fetched with Maven and there is no mvn on the PATH: install it "
            "(Debian: maven)."
        )
    return maven


def _fetch(home: Path, jars: Path) -> None:
    """Fetch under another name, so that half a fetch is never taken for a whole one."""
    maven = find_maven()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        # A second one waits here, and then finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if jars.exists():
            return
        with tempfile.TemporaryDirectory(prefix="half-", dir=home) as half:
            _copy_dependencies(maven, Path(half, "jars"))
            Path(half, "jars").rename(jars)


def _copy_dependencies(maven: str, to: Path) -> None:
    argv = [maven, "--batch-mode", "--no-transfer-progress", "--strict-checksums"]
    argv += ["-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={to}"]
    result = subprocess.run(  # noqa: S603  # the program asked for
        guarded(argv, signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0 or not any(to.glob("kafka_*.jar")):
        tail = "\n".join(result.stdout.strip().splitlines()[-_LINES_SHOWN:])
        raise KafkaClusterError(
            f"Maven could not fetch Apache Kafka (status {result.returncode}). The end of what "
            f"it said:\n{tail}"
        )
